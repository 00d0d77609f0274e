#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "packet-view.h"

namespace tailrace {

/**
 * A few packets of our own making, read like a log from index 0 on: parameter sets before a
 * bare keyframe. Kept by its segment, so that they can be repeated.
 */
class PrefixStore {
 public:
  /** @param timestamp RTP time of the keyframe they belong to, which stays one frame with them */
  PrefixStore(const std::vector<std::vector<uint8_t>>& payloads, uint32_t timestamp);

  int64_t end() const { return static_cast<int64_t>(packets_.size()); }
  PacketView locate(int64_t index) const;

 private:
  std::vector<std::vector<uint8_t>> packets_;
};

}  // namespace tailrace
