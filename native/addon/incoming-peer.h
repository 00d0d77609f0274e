#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "budget.h"
#include "destination.h"
#include "media-types.h"
#include "slab-writer.h"
#include "srtp.h"

namespace tailrace {

/** Where packets of one SSRC go, and the memory that they are written to. */
struct IncomingRoute {
  uint32_t ssrc;
  LogId log;
  /** The newest ingest index. */
  int64_t newest;
  SlabWriter writer;

  /** @returns the ingest index nearest to the newest; negative before the log's first */
  int64_t unwrap(uint16_t sequenceNumber) {
    const auto newer = static_cast<int16_t>(sequenceNumber - static_cast<uint16_t>(newest));
    const int64_t index = newest + newer;
    newest = std::max(newest, index);
    return index;
  }
};

/** One secured peer's receiving side. */
class IncomingPeer {
 public:
  IncomingPeer(PeerId id, SrtpProfile profile, const SrtpMaster& remote, const Destination& from)
      : id(id), srtp(profile, remote), path(from) {}

  const PeerId id;
  SrtpReceiver srtp;
  Destination path;
  /** Whether a packet of its came on `path`, and not only a check that says so. */
  bool proved = false;
  /** Of DTLS on its path. */
  Budget records;

  bool hasRoutes() const { return !routes_.empty(); }
  /** Null for an SSRC without one. */
  IncomingRoute* route(uint32_t ssrc) {
    for (IncomingRoute& route : routes_) {
      if (route.ssrc == ssrc) return &route;
    }
    return nullptr;
  }

  void addRoute(uint32_t ssrc, LogId log, int64_t newest) {
    if (IncomingRoute* known = route(ssrc)) {
      // What went to the same log since the caller looked is newer than what it knows.
      known->newest = known->log == log ? std::max(known->newest, newest) : newest;
      known->log = log;
    } else if (routes_.size() < kMaxRoutes) {
      routes_.push_back({ssrc, log, newest, {}});
    }
  }

  void removeRoutesTo(LogId log) {
    const auto leads = [log](const IncomingRoute& route) { return route.log == log; };
    routes_.erase(std::remove_if(routes_.begin(), routes_.end(), leads), routes_.end());
  }

 private:
  /** Three layers, their RTX and audio are seven; a publisher may name them anew a few times. */
  static constexpr size_t kMaxRoutes = 24;

  std::vector<IncomingRoute> routes_;
};

}  // namespace tailrace
