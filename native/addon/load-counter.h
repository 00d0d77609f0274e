#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tailrace::load {

/** One packet as its header tells it. */
struct SeenPacket {
  uint16_t sequence;
  uint32_t timestamp;
  bool marker;
  /** Of the whole datagram. */
  uint32_t length;
  /** Monotonic ms. */
  double arrivedAt;
};

/** What a packet was to its stream. */
struct Verdict {
  enum Kind : uint8_t {
    /** In order, or after a gap: then `before` and the packet's own number enclose it. */
    kNew,
    kGap,
    /** It was missing until now. */
    kLate,
    kDuplicate,
    /** From before the first packet, older than the window, or a jump that is not confirmed. */
    kIgnored,
  };
  Kind kind;
  uint16_t before;
};

/**
 * Counts one RTP stream by its headers, which SRTP leaves in the clear: loss, duplicates, jitter
 * (RFC 3550 §A.1, §A.3, §A.8), whole frames, freezes, and when a replay had caught up.
 * `load/header-counter.ts` is the same in TypeScript; one spec holds both to the same figures.
 *
 * A frame is whole when its marker has come, and every packet since the marker before it: where
 * one frame's last packet is missing, nobody can know that the next frame's first is not.
 */
class HeaderCounter {
 public:
  /** @param clockRate ticks per second */
  HeaderCounter(uint32_t ssrc, bool video, uint32_t clockRate);

  uint32_t ssrc() const { return ssrc_; }

  Verdict receive(const SeenPacket& packet);
  /**
   * A packet of this stream came by RTX (RFC 4588).
   * @returns whether it was missing
   */
  bool restore(const SeenPacket& packet);

  static constexpr size_t kFigures = 19;
  /**
   * Writes `kFigures` numbers, in the order of `load/stream-figures.ts`.
   * @param now monotonic ms; a freeze that lasts until now counts
   */
  void read(double now, double* into) const;

 private:
  struct Hole {
    int64_t end;
    double since;
  };
  struct LagRecord {
    double at, lag;
  };

  bool isSeen(int64_t number) const { return seen_[word(number)] >> (number & 63) & 1; }
  bool isMarker(int64_t number) const { return markers_[word(number)] >> (number & 63) & 1; }
  static size_t word(int64_t number);
  void begin(const SeenPacket& packet);
  Verdict jump(const SeenPacket& packet);
  Verdict advance(int64_t number, const SeenPacket& packet);
  void store(int64_t number, const SeenPacket& packet);
  void measureJitter(const SeenPacket& packet);
  void followLag(const SeenPacket& packet);
  void walkFrames(double now);
  bool givesUp(double now);
  void complete(double now);
  double freezeLimit() const;

  const uint32_t ssrc_;
  const bool video_;
  const double ticksPerMs_;
  std::vector<uint64_t> seen_, markers_;
  /** Numbers never wrap; those of the first cycle begin at 2^16. */
  int64_t base_ = -1, highest_ = -1;
  int32_t restartAt_ = -1;
  /** Of the packets since the last restart of the sender. */
  int64_t received_ = 0;
  int64_t restored_ = 0, duplicates_ = 0;
  /** Of all packets, those before a restart too. */
  int64_t packets_ = 0, bytes_ = 0, lostBefore_ = 0;
  double firstAt_;

  double jitter_ = 0;
  bool hasPrevious_ = false;
  uint32_t previousTimestamp_ = 0;
  double previousAt_ = 0;

  std::vector<Hole> holes_;
  /** First number that no frame was told of yet. */
  int64_t cursor_ = -1;
  bool isBroken_ = false;
  int64_t frames_ = 0, whole_ = 0, intervals_ = 0, freezes_ = 0;
  double wholeAt_ = 0, meanInterval_ = 0, longestFreeze_ = 0, frozen_ = 0;

  std::vector<LagRecord> lags_;
  double ticks_ = 0;
  uint32_t lagTimestamp_ = 0;
};

}  // namespace tailrace::load
