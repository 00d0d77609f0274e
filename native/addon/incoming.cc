#include "incoming.h"

#include <optional>

#include "bytes.h"
#include "demux.h"
#include "incoming-peer.h"
#include "peer-table.h"
#include "slab-writer.h"

namespace tailrace {

namespace {

/** Peers on one path that a packet is tried on: NATs reuse ports, and strangers may claim one. */
constexpr size_t kMaxSharing = 4;

/** As no packet without a route has one. */
constexpr int64_t kNoIndex = -1;

Drop reasonOf(SrtpFailure failure) {
  switch (failure) {
    case SrtpFailure::kTooShort:
      return Drop::kTooShort;
    case SrtpFailure::kReplayed:
      return Drop::kReplayed;
    case SrtpFailure::kAuthentication:
    case SrtpFailure::kNone:
      break;
  }
  return Drop::kAuthentication;
}

}  // namespace

struct Incoming::State {
  SlabPool& slabs;
  IncomingListener& listener;
  std::mutex mutex;
  IncomingCounters counters;
  PeerTable peers;
  /** For packets of SSRCs that have no route: mostly the first few of each. */
  SlabWriter loose;

  State(SlabPool& pool, IncomingListener& hears) : slabs(pool), listener(hears) {}

  void drop(Drop reason) { counters.dropped[static_cast<size_t>(reason)].add(1); }
  void receiveMedia(DatagramKind kind, const uint8_t* datagram, size_t length,
                    const Destination& from);
  bool receiveRtp(IncomingPeer& peer, const uint8_t* datagram, size_t length, bool proves);
  bool receiveRtcp(IncomingPeer& peer, const uint8_t* datagram, size_t length, bool proves);
};

Incoming::Incoming(SlabPool& slabs, IncomingListener& listener)
    : state_(std::make_unique<State>(slabs, listener)) {}

Incoming::~Incoming() = default;

std::mutex& Incoming::mutex() { return state_->mutex; }

const IncomingCounters& Incoming::counters() const { return state_->counters; }

void Incoming::receive(const uint8_t* datagram, size_t length, const Destination& from) {
  State& state = *state_;
  state.counters.datagrams.add(1);
  const DatagramKind kind = classify(datagram, length);
  if (kind == DatagramKind::kDrop) {
    state.drop(Drop::kUnknownRange);
  } else if (length > kMaxDatagram) {
    state.drop(Drop::kTooLong);
  } else if (kind == DatagramKind::kStun || kind == DatagramKind::kDtls) {
    state.listener.control(datagram, length, from);
  } else {
    state.receiveMedia(kind, datagram, length, from);
  }
}

// Several peers may have proved the same path, some of them by a check from an address that is
// not theirs. Only its keys tell whose a packet is, so nobody takes the packets of another away.
void Incoming::State::receiveMedia(DatagramKind kind, const uint8_t* datagram, size_t length,
                                   const Destination& from) {
  std::optional<Drop> failure;
  for (size_t place = 0; place < kMaxSharing; place++) {
    IncomingPeer* const peer = peers.find(from, place);
    if (!peer) break;
    const bool proves = place > 0 || !peer->proved;
    const bool taken = kind == DatagramKind::kRtp ? receiveRtp(*peer, datagram, length, proves)
                                                  : receiveRtcp(*peer, datagram, length, proves);
    if (taken) return;
    if (!failure) failure = reasonOf(peer->srtp.failure());
  }
  drop(failure.value_or(Drop::kUnknownPeer));
}

bool Incoming::State::receiveRtp(IncomingPeer& peer, const uint8_t* datagram, size_t length,
                                 bool proves) {
  IncomingRoute* const route = peer.route(read32(datagram + 8));
  SlabWriter& writer = route ? route->writer : loose;
  const size_t plain = peer.srtp.unprotectRtp(datagram, length, writer.room(slabs));
  if (plain == 0) return false;
  if (proves) peers.prove(peer);
  counters.packets.add(1);
  counters.bytes.add(plain);
  const StoredPacket packet = writer.keep(plain);
  const int64_t index = route ? route->unwrap(read16(packet.bytes() + 2)) : kNoIndex;
  if (index < 0) {
    listener.media(peer.id, packet, 0, kNoIndex);
  } else {
    listener.media(peer.id, packet, route->log, index);
  }
  return true;
}

bool Incoming::State::receiveRtcp(IncomingPeer& peer, const uint8_t* datagram, size_t length,
                                  bool proves) {
  uint8_t compound[kMaxDatagram];
  const size_t plain = peer.srtp.unprotectRtcp(datagram, length, compound);
  if (plain == 0) return false;
  if (proves) peers.prove(peer);
  listener.rtcp(peer.id, compound, plain);
  return true;
}

void Incoming::addPeer(PeerId peer, SrtpProfile profile, const SrtpMaster& remote,
                       const Destination& path) {
  auto added = std::make_unique<IncomingPeer>(peer, profile, remote, path);
  const std::lock_guard<std::mutex> lock(state_->mutex);
  state_->peers.add(std::move(added));
}

void Incoming::movePeer(PeerId peer, const Destination& path) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (IncomingPeer* const moved = state_->peers.get(peer)) state_->peers.move(*moved, path);
}

void Incoming::removePeer(PeerId peer) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (IncomingPeer* const removed = state_->peers.get(peer)) state_->peers.remove(*removed);
}

void Incoming::route(PeerId peer, uint32_t ssrc, LogId log, int64_t newest) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  if (IncomingPeer* const found = state_->peers.get(peer)) found->addRoute(ssrc, log, newest);
}

void Incoming::closeLog(LogId log) {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  for (const auto& [id, peer] : state_->peers.all()) peer->removeRoutesTo(log);
}

}  // namespace tailrace
