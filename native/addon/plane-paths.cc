#include <cerrno>

#include "clock.h"
#include "plane.h"

// Where the plane knows UDP from TCP.

namespace tailrace {

/** Free ports of UDP tried until one is free for TCP, too. */
constexpr int kPortsTried = 16;

int Plane::openSockets(const PlaneOptions& options) {
  for (int attempt = 1;; attempt++) {
    const int error = sockets_.open(options.addresses, options.port);
    if (error != 0 || !options.tcp) return error;
    const int refused = tcp_.open(sockets_, options.addresses);
    if (refused == 0) return 0;
    if (refused != EADDRINUSE || options.port != 0 || attempt == kPortsTried) {
      failedTcp_ = true;
      return refused;
    }
  }
}

void Plane::sendControl(const uint8_t* datagram, size_t length, const Destination& to) {
  // Before it leaves: what it is answered with may be here at once.
  incoming_.answering(datagram, length, to, monotonicMs());
  (sendAtOnce(datagram, length, to) ? controlSent_ : controlFailed_)++;
}

bool Plane::sendAtOnce(const uint8_t* datagram, size_t length, const Destination& to) {
  if (!to.overTcp) {
    const size_t place = sockets_.placeOf(to);
    return place < sockets_.count() && sockets_.at(place).send(datagram, length, to) == 0;
  }
  const std::shared_ptr<TcpConnection> connection = tcp_.find(to);
  if (!connection) return false;
  // Nobody but a peer, by a check that was authentic, is ever answered.
  if (tcp_.prove(to)) reconnect(to);
  const bool taken = connection->add(datagram, length) == FrameFate::kTaken;
  connection->flush();
  return taken;
}

// A path may outlive its connection, where the next one comes from the same port.
void Plane::reconnect(const Destination& path) {
  for (const PeerId id : incoming_.peersOn(path)) {
    const auto peer = peers_.find(id);
    if (peer == peers_.end()) continue;
    const Destination to = reached(id, path);
    shards_[peer->second.shard]->post([=](Shard& owner) { owner.movePeer(id, to); });
  }
}

// By TCP a path is a connection.
Destination Plane::reached(PeerId id, const Destination& path) const {
  Destination to = path;
  if (to.overTcp) to.connection = tcp_.find(path);
  if (to.connection) to.connection->setPeer(id);
  return to;
}

void Plane::frame(const uint8_t* bytes, size_t length, const Destination& from) {
  arrivedAt_ = monotonicMs();
  const std::lock_guard<std::mutex> lock(incoming_.mutex());
  incoming_.receive(bytes, length, from, arrivedAt_);
}

void Plane::framesEnd() { passOn(); }

void Plane::congested(PeerId peer, bool isCongested) {
  inbox_.congested(peer, isCongested);
  inbox_.announce();
}

}  // namespace tailrace
