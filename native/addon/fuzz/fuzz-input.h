#pragma once
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tailrace {

/** What libFuzzer feeds, read as decisions. An input that has run out answers with zeros. */
class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : provider_(data, size) {}

  bool hasMore() { return provider_.remaining_bytes() > 0; }
  /** From `least` to `most`, both included. */
  uint32_t between(uint32_t least, uint32_t most) {
    return provider_.ConsumeIntegralInRange<uint32_t>(least, most);
  }
  /** True once in `times`. */
  bool onceIn(uint32_t times) { return between(1, times) == 1; }
  uint8_t byte() { return provider_.ConsumeIntegral<uint8_t>(); }
  uint32_t word() { return provider_.ConsumeIntegral<uint32_t>(); }

  /** Of exactly this length: a few bytes of the input, and then what follows from them. */
  std::vector<uint8_t> bytes(size_t length) {
    std::vector<uint8_t> made(length);
    const std::vector<uint8_t> given = provider_.ConsumeBytes<uint8_t>(length < 16 ? length : 16);
    uint32_t state = 0x9e3779b9;
    for (size_t i = 0; i < length; i++) {
      if (i < given.size()) {
        made[i] = given[i];
        state = state * 31 + given[i];
      } else {
        state = state * 1664525 + 1013904223;
        made[i] = static_cast<uint8_t>(state >> 24);
      }
    }
    return made;
  }

  /**
   * An RTP packet of version 2 whose header lies within it, as every packet does that SRTP has
   * authenticated. Anything else about it is the publisher's choice: CSRCs, extensions of any
   * content, padding that counts more than there is, no payload at all.
   */
  std::vector<uint8_t> rtpPacket(uint16_t sequenceNumber, uint32_t ssrc) {
    const size_t csrcs = onceIn(8) ? between(0, 15) : 0;
    const bool extended = onceIn(3);
    const size_t words = extended ? between(0, onceIn(8) ? 60 : 4) : 0;
    const size_t header = 12 + 4 * csrcs + (extended ? 4 + 4 * words : 0);
    const size_t payload = onceIn(8) ? between(0, 2048 - 16 - header) : between(0, 64);
    std::vector<uint8_t> packet = bytes(header + payload);
    packet[0] = static_cast<uint8_t>(0x80 | (onceIn(8) ? 0x20 : 0) | (extended ? 0x10 : 0) | csrcs);
    packet[1] = static_cast<uint8_t>((onceIn(4) ? 0x80 : 0) | between(0, 63));
    write(packet, 2, sequenceNumber, 2);
    write(packet, 4, onceIn(16) ? word() : 3000 * sequenceNumber, 4);
    write(packet, 8, ssrc, 4);
    if (extended) write(packet, 12 + 4 * csrcs, (onceIn(4) ? byte() : 0xbedeu) << 16 | words, 4);
    return packet;
  }

 private:
  static void write(std::vector<uint8_t>& into, size_t at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; i++) {
      into[at + i] = static_cast<uint8_t>(value >> (8 * (size - 1 - i)));
    }
  }

  FuzzedDataProvider provider_;
};

}  // namespace tailrace
