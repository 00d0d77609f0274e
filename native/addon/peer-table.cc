#include "peer-table.h"

#include <algorithm>

namespace tailrace {

IncomingPeer* PeerTable::get(PeerId id) const {
  const auto found = byId_.find(id);
  return found == byId_.end() ? nullptr : found->second.get();
}

void PeerTable::add(std::unique_ptr<IncomingPeer> peer) {
  const auto [place, isNew] = byId_.try_emplace(peer->id, std::move(peer));
  if (isNew) link(*place->second);
}

void PeerTable::move(IncomingPeer& peer, const Destination& path) {
  unlink(peer);
  peer.path = path;
  peer.proved = false;
  link(peer);
}

void PeerTable::remove(IncomingPeer& peer) {
  unlink(peer);
  const PeerId id = peer.id;
  byId_.erase(id);
}

void PeerTable::prove(IncomingPeer& peer) {
  peer.proved = true;
  std::vector<IncomingPeer*>& sharing = byPath_[peer.path];
  const auto place = std::find(sharing.begin(), sharing.end(), &peer);
  if (place != sharing.end()) std::rotate(sharing.begin(), place, place + 1);
}

IncomingPeer* PeerTable::find(const Destination& path, size_t place) const {
  const auto found = byPath_.find(path);
  if (found == byPath_.end() || place >= found->second.size()) return nullptr;
  return found->second[place];
}

// A path belongs to the newest peer on it, as NATs reuse ports (ICE-63); but not before those that
// packets have come from: a check may be sent from an address that is not the sender's.
void PeerTable::link(IncomingPeer& peer) {
  std::vector<IncomingPeer*>& sharing = byPath_[peer.path];
  const auto unproved = [](const IncomingPeer* other) { return !other->proved; };
  sharing.insert(std::find_if(sharing.begin(), sharing.end(), unproved), &peer);
}

void PeerTable::unlink(IncomingPeer& peer) {
  const auto found = byPath_.find(peer.path);
  if (found == byPath_.end()) return;
  std::vector<IncomingPeer*>& sharing = found->second;
  sharing.erase(std::remove(sharing.begin(), sharing.end(), &peer), sharing.end());
  if (sharing.empty()) byPath_.erase(found);
}

}  // namespace tailrace
