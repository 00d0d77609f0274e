#include "packet-log.h"

#include <algorithm>

namespace tailrace {

constexpr size_t kInitialCapacity = 1024;
/** As in `relay/packet-log.ts`: farther apart, two packets cannot be of one log. */
constexpr int64_t kMaximumSpan = 1 << 17;

bool PacketLog::append(int64_t index, StoredPacket packet) {
  if (ring_.empty()) ring_.resize(kInitialCapacity);
  if (end_ == start_ && !hasDropped_) start_ = end_ = published_ = index;
  // Before anything was dropped what comes late may belong in front: packets of a route overtake those
  // that JavaScript still has, of a copy that comes at full speed thousands.
  if (index < start_ && !extendDown(index)) return false;
  if (index - start_ >= kMaximumSpan) dropBefore(index);
  grow(index - start_);
  if (index < end_ && at(index).length != 0) return false;
  at(index) = std::move(packet);
  end_ = std::max(end_, index + 1);
  return true;
}

const StoredPacket* PacketLog::locate(int64_t index) const {
  if (index < start_ || index >= end_) return nullptr;
  const StoredPacket& found = ring_[static_cast<size_t>(index) & (ring_.size() - 1)];
  return found.length == 0 ? nullptr : &found;
}

void PacketLog::dropBefore(int64_t index) {
  if (index <= start_ || ring_.empty()) return;
  // A publisher may leave 2^15 holes with each packet: to look at them is cheaper than to write.
  StoredPacket* const ring = ring_.data();
  const size_t mask = ring_.size() - 1;
  for (int64_t i = start_, last = std::min(index, end_); i < last; i++) {
    StoredPacket& packet = ring[static_cast<size_t>(i) & mask];
    if (packet.length != 0) packet = {};
  }
  hasDropped_ = true;
  start_ = index;
  end_ = std::max(end_, index);
  published_ = std::max(published_, index);
}

bool PacketLog::extendDown(int64_t index) {
  if (hasDropped_ || end_ - index >= kMaximumSpan) return false;
  grow(end_ - index);
  start_ = index;
  return true;
}

// Makes room for `span` indices after the oldest one.
void PacketLog::grow(int64_t span) {
  size_t capacity = ring_.size();
  while (static_cast<size_t>(span) >= capacity) capacity *= 2;
  if (capacity == ring_.size()) return;
  std::vector<StoredPacket> grown(capacity);
  for (int64_t index = start_; index < end_; index++) {
    grown[static_cast<size_t>(index) & (capacity - 1)] = std::move(at(index));
  }
  ring_ = std::move(grown);
}

}  // namespace tailrace
