#pragma once
#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "load-counter.h"

namespace tailrace::load {

/** What a payload type of a session stands for. */
enum class FormatKind : uint8_t { kAudio = 0, kVideo = 1, kRepair = 2 };

struct Format {
  uint8_t payloadType;
  FormatKind kind;
  /** Ticks per second. */
  uint32_t clockRate;
};

/** What waits for JavaScript, in order. The fields of an event depend on its kind. */
struct Event {
  enum Kind : uint8_t {
    /** A datagram: `a` is its offset in the outbox's bytes, `b` its length. */
    kDatagram,
    /** Packets of SSRC `a` between numbers `b` and `c` are missing. */
    kGap,
    /** Packet `b` of SSRC `a` was missing until now. */
    kLate,
    /** The first arrival that transport-wide feedback is to tell of. */
    kArrivals,
  };
  Kind kind;
  uint32_t session;
  /** Monotonic ms. */
  double at;
  uint32_t a, b, c;
};

/** A session has an audio and a video stream; a server that restarts them gets this far. */
constexpr size_t kMaxStreams = 8;
/** Bytes before each datagram in the outbox: family (4 or 6), 0, port, address. */
constexpr size_t kSourceSize = 20;

/** The bounded queue from the receiving thread to JavaScript. What does not fit is counted. */
class Outbox {
 public:
  void post(const Event& event);
  void postDatagram(uint32_t session, double at, const sockaddr_storage& from,
                    const uint8_t* bytes, size_t length);

  std::vector<Event> events;
  std::vector<uint8_t> bytes;
  uint64_t dropped = 0;
};

/** When a packet with a transport-wide number came. */
struct TransportArrival {
  uint16_t number;
  /** Monotonic ms. */
  double at;
};

/**
 * One counted session: tells datagrams apart (RFC 7983), counts its streams, and posts to the
 * outbox what JavaScript has to see. Sans-IO.
 */
class Session {
 public:
  Session(uint32_t id, std::vector<Format> formats, uint8_t transportCcId);

  const uint32_t id;
  /** Whether every RTP packet goes up as well as being counted. */
  bool handsUpAll = true;

  void receive(const uint8_t* bytes, size_t length, const sockaddr_storage& from, double at,
               Outbox& outbox);
  /** A packet of `ssrc` came by RTX. @returns whether it was missing */
  bool restore(uint32_t ssrc, const SeenPacket& packet);

  const std::vector<HeaderCounter>& streams() const { return streams_; }
  /** Those since the last call. */
  std::vector<TransportArrival> takeArrivals();

 private:
  void receiveRtp(const uint8_t* bytes, size_t length, const sockaddr_storage& from, double at,
                  Outbox& outbox);
  void noteArrival(const uint8_t* bytes, size_t headerEnd, double at, Outbox& outbox);
  HeaderCounter* streamOf(uint32_t ssrc, const Format& format);
  const Format* formatOf(uint8_t payloadType) const;

  const std::vector<Format> formats_;
  /** In `formats_`, by payload type. */
  uint8_t placeOf_[128];
  const uint8_t transportCcId_;
  std::vector<HeaderCounter> streams_;
  std::vector<TransportArrival> arrivals_;
};

}  // namespace tailrace::load
