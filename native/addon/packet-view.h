#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

#include "bytes.h"

namespace tailrace {

/** Bytes of an RTP header before its CSRCs and extensions (RFC 3550 §5.1). */
constexpr size_t kFixedHeader = 12;

/** A plain RTP packet, borrowed; no bytes for none. */
struct PacketView {
  const uint8_t* bytes = nullptr;
  size_t length = 0;

  bool marker() const { return (bytes[1] & 0x80) != 0; }
  uint32_t timestamp() const { return read32(bytes + 4); }
};

/** Bytes of header, CSRCs and extensions, if they fit in the `length` bytes of the packet. */
inline std::optional<size_t> rtpHeaderLength(const uint8_t* packet, size_t length) {
  if (length < kFixedHeader) return std::nullopt;
  const uint8_t flags = packet[0];
  size_t header = kFixedHeader + size_t{4} * (flags & 0x0f);
  if (flags & 0x10) {
    if (length < header + 4) return std::nullopt;
    header += 4 + size_t{4} * read16(packet + header + 2);
  }
  return header <= length ? std::optional(header) : std::nullopt;
}

}  // namespace tailrace
