#pragma once
#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "budget.h"
#include "destination.h"
#include "media-types.h"
#include "slab-writer.h"
#include "srtp.h"

namespace tailrace {

/** Where packets of one SSRC go, and the memory that they are written to. */
struct IncomingRoute {
  LogId log = 0;
  /** The newest ingest index. */
  int64_t newest = 0;
  /** By what ingest indices are more than the packets' numbers. */
  int64_t base = 0;
  SlabWriter writer{};

  /** @returns the ingest index nearest to the newest; negative before the log's first */
  int64_t unwrap(uint16_t sequenceNumber) {
    const auto last = static_cast<uint16_t>(newest - base);
    const auto newer = static_cast<int16_t>(sequenceNumber - last);
    const int64_t index = newest + newer;
    newest = std::max(newest, index);
    return index;
  }
};

/** One secured peer's receiving side. */
class IncomingPeer {
 public:
  /** @param streams SSRCs that it may send from; 0 for a client */
  IncomingPeer(PeerId id, SrtpProfile profile, const SrtpMaster& remote, const Destination& from,
               size_t streams)
      : id(id),
        srtp(profile, remote, streams),
        path(from),
        isNode(streams > 0),
        mostRoutes_(std::max(kMaxRoutes, streams)) {}

  const PeerId id;
  SrtpReceiver srtp;
  Destination path;
  /** Another node: what comes of it is kept. */
  const bool isNode;
  /** Whether a packet of its came on `path`, and not only a check that says so. */
  bool proved = false;
  /** Of DTLS on its path. */
  Budget records;

  bool hasRoutes() const { return !routes_.empty(); }
  /** Null for an SSRC without one. */
  IncomingRoute* route(uint32_t ssrc) {
    const auto found = routes_.find(ssrc);
    return found == routes_.end() ? nullptr : &found->second;
  }

  void addRoute(uint32_t ssrc, LogId log, int64_t newest, int64_t base) {
    if (IncomingRoute* known = route(ssrc)) {
      // What went to the same log since the caller looked is newer than what it knows.
      known->newest = known->log == log ? std::max(known->newest, newest) : newest;
      known->log = log;
      known->base = base;
    } else if (routes_.size() < mostRoutes_) {
      // Another run of the same layer: the one before it is over, and its slab is free.
      if (isNode) removeRoutesTo(log);
      IncomingRoute& added = routes_[ssrc];
      added.log = log;
      added.newest = newest;
      added.base = base;
    }
  }

  void removeRoutesTo(LogId log) {
    for (auto route = routes_.begin(); route != routes_.end();) {
      route = route->second.log == log ? routes_.erase(route) : std::next(route);
    }
  }

 private:
  /** Three layers, their RTX and audio are seven; a publisher may name them anew a few times. */
  static constexpr size_t kMaxRoutes = 24;

  const size_t mostRoutes_;
  std::unordered_map<uint32_t, IncomingRoute> routes_;
};

}  // namespace tailrace
