#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tailrace {

/** Ticks of 250 µs in one unit of the reference time. */
constexpr int64_t kTicksPerReference = 256;

/** A packet that is told to have arrived. */
struct FeedbackArrival {
  /** Places from the base sequence number. */
  uint32_t index;
  /** In ticks of 250 µs, on the scale where the reference time is 256 times itself. */
  int64_t arrivedAt;
};

/** When packets of a transport arrived: see `rtp/rtcp/transport-cc.ts`. */
struct TransportFeedback {
  uint16_t baseSequence = 0;
  uint16_t statusCount = 0;
  /** In 64 ms, signed 24 bits. */
  int32_t referenceTime = 0;
  /** In order of their numbers. */
  std::vector<FeedbackArrival> arrivals;
};

/**
 * Reads one RTCP packet of transport-wide feedback as strictly as
 * `rtp/rtcp/transport-cc-reader.ts`, its reference. The work is bounded by the bytes there are.
 *
 * @param packet header included, and nothing behind it
 * @param into gets what it says; its memory is used again
 * @returns false, with `into` undefined, for what breaks its rules
 */
bool readTransportFeedback(const uint8_t* packet, size_t length, TransportFeedback& into);

}  // namespace tailrace
