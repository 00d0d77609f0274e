#include "incoming.h"

#include <memory>
#include <optional>
#include <utility>

#include "bytes.h"

namespace tailrace {

namespace {

/** Peers on one path that a packet is tried on: NATs reuse ports, and strangers may claim one. */
constexpr size_t kMaxSharing = 4;

/** As no packet without a route has one. */
constexpr int64_t kNoIndex = -1;

/** The message type of what answers a check (RFC 8489 §5). */
constexpr uint16_t kBindingSuccess = 0x0101;

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

Drop reasonOf(Admission admission) {
  switch (admission) {
    case Admission::kUnknownUfrag:
      return Drop::kUnknownUfrag;
    case Admission::kBadIntegrity:
      return Drop::kBadIntegrity;
    case Admission::kUnknownPath:
      return Drop::kUnknownPath;
    case Admission::kTooOften:
    case Admission::kWelcome:
      break;
  }
  return Drop::kTooOften;
}

}  // namespace

void Incoming::receive(const uint8_t* datagram, size_t length, const Destination& from,
                       double now) {
  counters_.datagrams.add(1);
  const DatagramKind kind = classify(datagram, length);
  if (kind == DatagramKind::kDrop) {
    drop(Drop::kUnknownRange);
  } else if (length > kMaxDatagram) {
    drop(Drop::kTooLong);
  } else if (kind == DatagramKind::kStun || kind == DatagramKind::kDtls) {
    receiveControl(kind, datagram, length, from, now);
  } else {
    receiveMedia(kind, datagram, length, from);
  }
}

void Incoming::receiveControl(DatagramKind kind, const uint8_t* datagram, size_t length,
                              const Destination& from, double now) {
  IncomingPeer* const peer = peers_.find(from, 0);
  const Admission admission = kind == DatagramKind::kStun
                                  ? gate_.judgeStun(datagram, length, peer != nullptr, now)
                                  : gate_.judgeDtls(from, peer ? &peer->records : nullptr, now);
  if (admission == Admission::kWelcome) {
    listener_.control(datagram, length, from, peer != nullptr);
  } else {
    drop(reasonOf(admission));
  }
}

// Several peers may have proved the same path, some of them by a check from an address that is
// not theirs. Only its keys tell whose a packet is, so nobody takes the packets of another away.
void Incoming::receiveMedia(DatagramKind kind, const uint8_t* datagram, size_t length,
                            const Destination& from) {
  std::optional<Drop> failure;
  for (size_t place = 0; place < kMaxSharing; place++) {
    IncomingPeer* const peer = peers_.find(from, place);
    if (!peer) break;
    const bool proves = place > 0 || !peer->proved;
    const bool taken = kind == DatagramKind::kRtp ? receiveRtp(*peer, datagram, length, proves)
                                                  : receiveRtcp(*peer, datagram, length, proves);
    if (taken) return;
    if (!failure) failure = reasonOf(peer->srtp.failure());
  }
  drop(failure.value_or(Drop::kUnknownPeer));
}

bool Incoming::receiveRtp(IncomingPeer& peer, const uint8_t* datagram, size_t length,
                          bool proves) {
  IncomingRoute* const route = peer.route(read32(datagram + 8));
  SlabWriter& loose = peer.hasRoutes() || peer.isNode ? repairs_ : strays_;
  SlabWriter& writer = route ? route->writer : loose;
  const size_t plain = peer.srtp.unprotectRtp(datagram, length, writer.room(slabs_));
  if (plain == 0) return false;
  if (proves) peers_.prove(peer);
  counters_.packets.add(1);
  counters_.bytes.add(plain);
  const StoredPacket packet = writer.keep(plain);
  const int64_t index = route ? route->unwrap(read16(packet.bytes() + 2)) : kNoIndex;
  if (index < 0) {
    listener_.media(peer.id, packet, 0, kNoIndex);
  } else {
    listener_.media(peer.id, packet, route->log, index);
  }
  return true;
}

bool Incoming::receiveRtcp(IncomingPeer& peer, const uint8_t* datagram, size_t length,
                           bool proves) {
  uint8_t compound[kMaxDatagram];
  const size_t plain = peer.srtp.unprotectRtcp(datagram, length, compound);
  if (plain == 0) return false;
  if (proves) peers_.prove(peer);
  listener_.rtcp(peer.id, compound, plain);
  return true;
}

void Incoming::expect(const std::string& ufrag, const std::string& password) {
  const std::lock_guard<std::mutex> lock(mutex_);
  gate_.expect(ufrag, password);
}

void Incoming::forget(const std::string& ufrag) {
  const std::lock_guard<std::mutex> lock(mutex_);
  gate_.forget(ufrag);
}

void Incoming::answering(const uint8_t* datagram, size_t length, const Destination& to,
                         double now) {
  if (length < 2 || read16(datagram) != kBindingSuccess) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  gate_.answered(to, now);
}

void Incoming::addPeer(PeerId peer, SrtpProfile profile, const SrtpMaster& remote,
                       const Destination& path, size_t streams) {
  auto added = std::make_unique<IncomingPeer>(peer, profile, remote, path, streams);
  const std::lock_guard<std::mutex> lock(mutex_);
  peers_.add(std::move(added));
}

void Incoming::movePeer(PeerId peer, const Destination& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (IncomingPeer* const moved = peers_.get(peer)) peers_.move(*moved, path);
}

void Incoming::removePeer(PeerId peer) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (IncomingPeer* const removed = peers_.get(peer)) peers_.remove(*removed);
}

std::vector<PeerId> Incoming::peersOn(const Destination& path) {
  std::vector<PeerId> found;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (size_t place = 0; place < kMaxSharing; place++) {
    if (const IncomingPeer* const peer = peers_.find(path, place)) found.push_back(peer->id);
  }
  return found;
}

void Incoming::route(PeerId peer, uint32_t ssrc, LogId log, int64_t newest, int64_t base) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (IncomingPeer* const found = peers_.get(peer)) found->addRoute(ssrc, log, newest, base);
}

void Incoming::closeLog(LogId log) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, peer] : peers_.all()) peer->removeRoutesTo(log);
}

}  // namespace tailrace
