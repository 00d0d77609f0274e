#pragma once
#include <cstddef>
#include <cstdint>

#include "media-types.h"

namespace tailrace {

/**
 * What the playout-delay extension of a segment says: `kNow` renders at once, `kRelease` gives
 * the jitter buffer back its freedom, `kNone` sends none (DESIGN §6.4). The extension is sticky
 * at the receiver, hence the explicit release.
 */
enum class PlayoutDelay : uint8_t { kNone, kNow, kRelease };

/** Fixed header, extension head, both elements with their padding. */
constexpr size_t kLongestHeader = 24;

/** The RTP header of one segment's packets, complete but for marker, numbers and time. */
struct HeaderTemplate {
  uint8_t bytes[kLongestHeader];
  uint8_t length;
  /** Where the transport-wide number goes; 0 when this segment is not numbered. */
  uint8_t transportCcAt;
};

/**
 * @param numbered whether packets carry a transport-wide number
 * @returns header of RFC 3550 §5.1 with one-byte extensions (RFC 8285 §4.2)
 */
HeaderTemplate headerTemplate(const TrackFormat& format, uint8_t payloadType, PlayoutDelay delay,
                              bool numbered);

}  // namespace tailrace
