#include "transport-feedback.h"

#include <algorithm>
#include <optional>

#include "bytes.h"

namespace tailrace {

namespace {

/** Bytes of header, SSRCs and what the FCI has before the chunks. */
constexpr size_t kFixedFeedback = 20;
/** Status symbols; 3 is reserved. */
constexpr unsigned kLost = 0;
constexpr unsigned kLarge = 2;

inline bool isPadded(const uint8_t* packet) { return (packet[0] & 0x20) != 0; }

// Where the padding begins, of a packet that is what it says and as long as it says.
std::optional<size_t> endOf(const uint8_t* packet, size_t length) {
  if (length < 4 || length != 4 + size_t{4} * read16(packet + 2)) return std::nullopt;
  const bool isFeedback = packet[0] >> 6 == 2 && (packet[0] & 0x1f) == 15 && packet[1] == 205;
  if (!isFeedback) return std::nullopt;
  if (!isPadded(packet)) return length;
  // By single bytes, so a multiple of 4 is not asked for.
  const size_t padding = packet[length - 1];
  if (padding == 0 || padding > length) return std::nullopt;
  return length - padding;
}

inline uint32_t chunkLength(uint32_t chunk) {
  if (chunk & 0x8000) return chunk & 0x4000 ? 7 : 14;
  return chunk & 0x1fff;
}

inline unsigned symbolAt(uint32_t chunk, uint32_t place) {
  if (!(chunk & 0x8000)) return chunk >> 13;
  return chunk & 0x4000 ? chunk >> (12 - 2 * place) & 3 : chunk >> (13 - place) & 1;
}

// Arrivals of one chunk, with the size of their deltas for their times; false for a reserved
// symbol or more than `room` arrivals.
bool readSymbols(uint32_t chunk, uint32_t first, uint32_t last, size_t room,
                 std::vector<FeedbackArrival>& arrived) {
  for (uint32_t index = first; index < last; index++) {
    const unsigned status = symbolAt(chunk, index - first);
    if (status > kLarge || arrived.size() > room) return false;
    if (status != kLost) arrived.push_back({index, status == kLarge ? 2 : 1});
  }
  return true;
}

// Chunks until every status is said; the last may say more, which means nothing. Where they end.
std::optional<size_t> readChunks(const uint8_t* packet, size_t end, TransportFeedback& into) {
  size_t at = kFixedFeedback;
  for (uint32_t index = 0; index < into.statusCount; at += 2) {
    if (at + 2 > end) return std::nullopt;
    const uint32_t chunk = read16(packet + at);
    const uint32_t last = std::min<uint32_t>(index + chunkLength(chunk), into.statusCount);
    // Each arrival takes at least one byte of delta: more arrivals than bytes are a lie.
    if (chunk >> 13 != kLost && !readSymbols(chunk, index, last, end - at, into.arrivals)) {
      return std::nullopt;
    }
    index = last;
  }
  return at;
}

std::optional<size_t> readDeltas(const uint8_t* packet, size_t start, size_t end,
                                 TransportFeedback& into) {
  int64_t arrivedAt = into.referenceTime * kTicksPerReference;
  size_t at = start;
  for (FeedbackArrival& arrival : into.arrivals) {
    const auto size = static_cast<size_t>(arrival.arrivedAt);
    if (at + size > end) return std::nullopt;
    arrivedAt += size == 2 ? static_cast<int16_t>(read16(packet + at)) : packet[at];
    arrival.arrivedAt = arrivedAt;
    at += size;
  }
  return at;
}

// Old senders fill up to 32 bits with zeros without saying so in the P bit.
bool isTail(const uint8_t* packet, size_t start, size_t end) {
  if (isPadded(packet)) return start == end;
  return end - start < 4 && std::all_of(packet + start, packet + end, [](uint8_t byte) {
           return byte == 0;
         });
}

}  // namespace

bool readTransportFeedback(const uint8_t* packet, size_t length, TransportFeedback& into) {
  const std::optional<size_t> end = endOf(packet, length);
  if (!end || *end < kFixedFeedback) return false;
  into.baseSequence = read16(packet + 12);
  into.statusCount = read16(packet + 14);
  // The sign comes with the shift back.
  into.referenceTime = static_cast<int32_t>(read32(packet + 16) & 0xffffff00u) >> 8;
  into.arrivals.clear();
  const std::optional<size_t> chunksEnd = readChunks(packet, *end, into);
  if (!chunksEnd) return false;
  const std::optional<size_t> deltasEnd = readDeltas(packet, *chunksEnd, *end, into);
  return deltasEnd && isTail(packet, *deltasEnd, *end);
}

}  // namespace tailrace
