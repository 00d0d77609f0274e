#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "destination.h"

namespace tailrace {

/** A step of a hash that spreads every bit of `value` (the multiplier is that of SplitMix64). */
inline uint64_t mixHash(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0xbf58'476d'1ce4'e5b9;
  return hash ^ hash >> 31;
}

inline uint64_t mixAddress(uint64_t hash, const in6_addr& address) {
  uint64_t halves[2];
  std::memcpy(halves, &address, sizeof halves);
  return mixHash(mixHash(hash, halves[0]), halves[1]);
}

/** For maps by path. */
struct HashPath {
  size_t operator()(const Destination& path) const {
    const uint64_t hash = mixHash(path.family, uint64_t{path.overTcp} << 16 | path.port());
    if (path.isV6()) {
      return mixAddress(mixAddress(hash, path.remote.v6.sin6_addr), path.local.v6);
    }
    return mixHash(hash, uint64_t{path.remote.v4.sin_addr.s_addr} << 32 | path.local.v4.s_addr);
  }
};

struct SamePath {
  bool operator()(const Destination& a, const Destination& b) const { return a.samePath(b); }
};

}  // namespace tailrace
