#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "counter.h"
#include "destination.h"
#include "media-types.h"
#include "slab.h"

namespace tailrace {

/** What happened to a track, as numbered in `native/addon-inbox.ts`. */
enum class TrackEvent : uint32_t { kStarted = 0, kCaughtUp = 1, kStarved = 2 };

/** Lost because JavaScript did not come for them in time. */
struct InboxCounters {
  Counter media;
  Counter control;
};

/**
 * What the threads have to tell JavaScript, until it comes for it: bounded, and woken once for
 * many. Records are little-endian and padded to 8 bytes; `native/addon-inbox.ts` reads them.
 */
class Inbox {
 public:
  /** @param wake called on any thread, when something waits and was not told of yet */
  explicit Inbox(std::function<void()> wake) : wake_(std::move(wake)) {}
  Inbox(const Inbox&) = delete;

  /** @param at monotonic ms; @param index −1 where the packet's SSRC has no route */
  void media(PeerId peer, const StoredPacket& packet, double at, int64_t index);
  /** @param known whether it came from a peer, which strangers must not crowd out */
  void control(const uint8_t* datagram, size_t length, const Destination& from, bool known);
  void rtcp(PeerId peer, const uint8_t* compound, size_t length);
  void track(TrackEvent event, TrackId track);
  /** A peer's connection takes no more media, or takes it again. */
  void congested(PeerId peer, bool isCongested);
  /** Wakes JavaScript if anything has come since it was last woken. */
  void announce();

  /**
   * On the thread of JavaScript. Each slab named in what is written is held by it afterwards.
   * Until this returns 0 it is not woken again: it comes back by itself, when others have had
   * their turn.
   *
   * @returns bytes written to `into`; 0 when nothing waits
   */
  size_t drain(uint8_t* into, size_t room);

  const InboxCounters& counters() const { return counters_; }

 private:
  struct Media {
    PeerId peer;
    StoredPacket packet;
    double at;
    int64_t index;
  };

  void record(uint32_t kind, uint32_t id, const uint8_t* body, size_t length);
  size_t drainMedia(uint8_t* into, size_t room);

  std::function<void()> wake_;
  std::mutex mutex_;
  std::vector<Media> media_;
  /** Everything else, as records. */
  std::vector<uint8_t> records_;
  std::atomic<bool> waiting_{false};
  std::atomic<bool> woken_{false};
  InboxCounters counters_;
};

}  // namespace tailrace
