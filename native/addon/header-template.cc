#include "header-template.h"

#include "bytes.h"
#include "packet-view.h"

namespace tailrace {

namespace {

/** RFC 8285 §4.2. */
constexpr uint16_t kOneByteProfile = 0xbede;
/** In steps of 10 ms. The maximum must exceed 500 ms, or Chromium stays in its low-latency path. */
constexpr uint16_t kReleasedDelay = 4000 / 10;

// Head of one element with its data zero; where the data begins.
size_t writeElement(HeaderTemplate& header, uint8_t id, size_t size) {
  header.bytes[header.length] = static_cast<uint8_t>(id << 4 | (size - 1));
  const size_t data = header.length + 1u;
  header.length = static_cast<uint8_t>(data + size);
  return data;
}

}  // namespace

HeaderTemplate headerTemplate(const TrackFormat& format, uint8_t payloadType, PlayoutDelay delay,
                              bool numbered) {
  HeaderTemplate header{};
  header.bytes[0] = 0x80;
  header.bytes[1] = payloadType;
  write32(header.bytes + 8, format.ssrc);
  header.length = kFixedHeader;
  const bool delayed = delay != PlayoutDelay::kNone && format.playoutDelayId != 0;
  numbered = numbered && format.transportCcId != 0;
  if (!delayed && !numbered) return header;

  header.length = kFixedHeader + 4;
  if (delayed) {
    const size_t at = writeElement(header, format.playoutDelayId, 3);
    // The minimum, in the upper 12 bits, is 0 in both.
    if (delay == PlayoutDelay::kRelease) write16(header.bytes + at + 1, kReleasedDelay);
  }
  if (numbered) {
    header.transportCcAt = static_cast<uint8_t>(writeElement(header, format.transportCcId, 2));
  }
  header.length = static_cast<uint8_t>((header.length + 3u) & ~3u);
  header.bytes[0] |= 0x10;
  write16(header.bytes + kFixedHeader, kOneByteProfile);
  write16(header.bytes + kFixedHeader + 2, (header.length - kFixedHeader - 4) / 4);
  return header;
}

}  // namespace tailrace
