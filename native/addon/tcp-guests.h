#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>

#include "destination.h"

namespace tailrace {

/** Connections at a time. */
constexpr size_t kMaxConnections = 8192;
/** Of one IPv4 address, or of one /64 of IPv6. A school or an office may stand behind it. */
constexpr size_t kMaxPerAddress = 512;
/** Those that nobody has vouched for yet. */
constexpr size_t kMaxUnproved = 512;
constexpr size_t kMaxUnprovedPerAddress = 64;

/**
 * Who may stay connected: counts by address, and who has not proved to be a peer's. Not
 * thread-safe. `native/twin/tcp-guests.ts` does the same.
 */
class TcpGuests {
 public:
  using Id = uint64_t;

  /** Whether one more from there may come, after `oldestUnproved` had to go when `isCrowded`. */
  bool welcomes(const Destination& from) const {
    if (crowd_ >= kMaxConnections) return false;
    const auto found = byAddress_.find(addressOf(from));
    if (found == byAddress_.end()) return true;
    const Count& count = found->second;
    return count.all < kMaxPerAddress && count.unproved < kMaxUnprovedPerAddress;
  }

  /** So many are unproved that the oldest has to go: it had its time. */
  bool isCrowded() const { return unproved_.size() >= kMaxUnproved; }
  std::optional<Id> oldestUnproved() const {
    if (unproved_.empty()) return std::nullopt;
    return *unproved_.begin();
  }

  /** @param id higher than any before */
  void enter(Id id, const Destination& from) {
    Count& count = byAddress_[addressOf(from)];
    count.all++;
    count.unproved++;
    crowd_++;
    unproved_.insert(id);
  }

  /** A peer's check was answered there. @returns whether for the first time */
  bool prove(Id id, const Destination& from) {
    const bool isNew = unproved_.erase(id) > 0;
    if (isNew) byAddress_[addressOf(from)].unproved--;
    return isNew;
  }

  bool isProved(Id id) const { return unproved_.count(id) == 0; }

  /** Once for each that entered. */
  void leave(Id id, const Destination& from) {
    prove(id, from);
    crowd_--;
    const auto found = byAddress_.find(addressOf(from));
    if (--found->second.all == 0) byAddress_.erase(found);
  }

  size_t size() const { return crowd_; }

 private:
  struct Count {
    size_t all = 0;
    size_t unproved = 0;
  };

  // IPv4 as its mapped form has it, which is no address of the other family.
  static uint64_t addressOf(const Destination& from) {
    if (!from.isV6()) return uint64_t{0xffff} << 32 | ntohl(from.remote.v4.sin_addr.s_addr);
    uint64_t network;
    std::memcpy(&network, &from.remote.v6.sin6_addr, sizeof network);
    return network;
  }

  std::unordered_map<uint64_t, Count> byAddress_;
  /** The oldest first. */
  std::set<Id> unproved_;
  size_t crowd_ = 0;
};

}  // namespace tailrace
