#include "track-report.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "bytes.h"
#include "outgoing-track.h"

namespace tailrace {

namespace {

constexpr double kTwo32 = 4294967296.0;
/** Seconds from the NTP epoch (1900) to the Unix epoch (1970). */
constexpr double kUnixEpoch = 2'208'988'800;
constexpr size_t kLongestCname = 255;

// Modulo 2^32, also of what is negative; 0 for what is no number.
uint32_t wrap32(double value) {
  if (!std::isfinite(value)) return 0;
  const double rest = std::fmod(std::floor(value), kTwo32);
  return static_cast<uint32_t>(rest < 0 ? rest + kTwo32 : rest);
}

// RFC 3550 §4: 32 bits of seconds, which wrap in 2036, and 32 of fraction.
void writeNtp(uint8_t* at, double wall) {
  const double seconds = std::floor(wall / 1000);
  const double fraction = std::floor((wall - seconds * 1000) * (kTwo32 / 1000) + 0.5);
  write32(at, wrap32(seconds + kUnixEpoch));
  write32(at + 4, wrap32(std::min(fraction, kTwo32 - 1)));
}

// RFC 3550 §6.4.1, without report blocks.
size_t writeSenderReport(const OutgoingTrack& track, double wall, uint8_t* into) {
  const LogClock& clock = track.log()->clock;
  const TrackCounters& counters = track.counters();
  const double elapsed = (wall - clock.wall) * track.format().clockRate / 1000;
  into[0] = 0x80;
  into[1] = 200;
  write16(into + 2, 6);
  write32(into + 4, track.format().ssrc);
  writeNtp(into + 8, wall);
  write32(into + 16, clock.rtpTimestamp + wrap32(elapsed + 0.5) + *track.timestampDelta());
  write32(into + 20, static_cast<uint32_t>(counters.packets.value()));
  write32(into + 24, static_cast<uint32_t>(counters.bytes.value()));
  return 28;
}

// RFC 3550 §6.5: one chunk with a CNAME.
size_t writeSdes(const TrackFormat& format, uint8_t* into) {
  const size_t text = std::min(format.cname.size(), kLongestCname);
  // At least one null byte ends the items.
  const size_t chunk = 4 + (2 + text + 1 + 3) / 4 * 4;
  std::memset(into, 0, 4 + chunk);
  into[0] = 0x81;
  into[1] = 202;
  write16(into + 2, static_cast<uint32_t>(chunk / 4));
  write32(into + 4, format.ssrc);
  into[8] = 1;
  into[9] = static_cast<uint8_t>(text);
  std::memcpy(into + 10, format.cname.data(), text);
  return 4 + chunk;
}

}  // namespace

size_t writeTrackReport(const OutgoingTrack& track, double wall, uint8_t* into) {
  const PacketLog* log = track.log();
  if (!log || !log->clock.known || !track.timestampDelta() || !track.hasSent()) return 0;
  const size_t report = writeSenderReport(track, wall, into);
  return report + writeSdes(track.format(), into + report);
}

}  // namespace tailrace
