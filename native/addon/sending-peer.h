#pragma once
#include <memory>
#include <utility>

#include "datagram-sink.h"
#include "destination.h"
#include "media-types.h"
#include "srtp.h"
#include "transport-history.h"

namespace tailrace {

/** One secured peer's sending side. */
struct SendingPeer {
  SendingPeer(PeerId peer, SrtpProfile profile, const SrtpMaster& master, const Destination& to,
              std::shared_ptr<TransportHistory> history)
      : id(peer), srtp(profile, master), destination(to), transport(std::move(history)) {}

  const PeerId id;
  SrtpSender srtp;
  Destination destination;
  /** Shared with the JavaScript thread, which looks up what feedback speaks of. */
  const std::shared_ptr<TransportHistory> transport;
};

/** What it takes to get packets on the wire; the shard sets the time before each command. */
struct Outlet {
  DatagramSink& sink;
  /** Monotonic ms. */
  double now = 0;
};

}  // namespace tailrace
