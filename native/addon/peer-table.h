#pragma once
#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "destination.h"
#include "incoming-peer.h"
#include "media-types.h"
#include "path-hash.h"

namespace tailrace {

/** The peers of the plane, by id and by the path their packets come on. */
class PeerTable {
 public:
  using ById = std::unordered_map<PeerId, std::unique_ptr<IncomingPeer>>;

  /** Null for one that is not here. */
  IncomingPeer* get(PeerId id) const;
  /** One more of an id already here is ignored. */
  void add(std::unique_ptr<IncomingPeer> peer);
  void move(IncomingPeer& peer, const Destination& path);
  void remove(IncomingPeer& peer);
  /** An authentic packet of the peer came on its path: now it is the likeliest owner. */
  void prove(IncomingPeer& peer);

  /** @param place 0 for the likeliest owner, 1 for the next one; null behind the last */
  IncomingPeer* find(const Destination& path, size_t place) const;

  const ById& all() const { return byId_; }

 private:
  void link(IncomingPeer& peer);
  void unlink(IncomingPeer& peer);

  ById byId_;
  /** Those on one path, the likeliest owner first: who has proved it before who has not. */
  std::unordered_map<Destination, std::vector<IncomingPeer*>, HashPath, SamePath> byPath_;
};

}  // namespace tailrace
