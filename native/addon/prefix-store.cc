#include "prefix-store.h"

#include "bytes.h"

namespace tailrace {

PrefixStore::PrefixStore(const std::vector<std::vector<uint8_t>>& payloads, uint32_t timestamp) {
  packets_.reserve(payloads.size());
  for (const std::vector<uint8_t>& payload : payloads) {
    std::vector<uint8_t>& packet = packets_.emplace_back();
    packet.reserve(kFixedHeader + payload.size());
    packet.resize(kFixedHeader);
    packet[0] = 0x80;
    write32(packet.data() + 4, timestamp);
    packet.insert(packet.end(), payload.begin(), payload.end());
  }
}

PacketView PrefixStore::locate(int64_t index) const {
  if (index < 0 || index >= end()) return {};
  const std::vector<uint8_t>& packet = packets_[static_cast<size_t>(index)];
  return {packet.data(), packet.size()};
}

}  // namespace tailrace
