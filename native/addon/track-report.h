#pragma once
#include <cstddef>
#include <cstdint>

namespace tailrace {

class OutgoingTrack;

/**
 * A sender report and the CNAME of one outgoing track. RTP time is that of the log plus the
 * track's constant, NTP time is the ingest's: so audio and video of a viewer stay in step
 * whatever their numbers (RFC 3550 §6.4.1).
 *
 * @param wall milliseconds since the Unix epoch
 * @param into `kDatagramRoom` bytes; gets the plain compound
 * @returns bytes written: 0 before the track has sent and its log has a time base
 */
size_t writeTrackReport(const OutgoingTrack& track, double wall, uint8_t* into);

}  // namespace tailrace
