#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tailrace {

// The types of `native/media-plane.ts`; what they mean is told there.

using PeerId = uint32_t;
using LogId = uint32_t;
using TrackId = uint32_t;

struct TrackFormat {
  uint32_t ssrc = 0;
  uint32_t clockRate = 90'000;
  std::string cname;
  /** 0 where the viewer offered no RTX: it is no SSRC that we choose. */
  uint32_t rtxSsrc = 0;
  /** Header extension ids 1–14, 0 for none. */
  uint8_t playoutDelayId = 0;
  uint8_t transportCcId = 0;
  /** Outgoing indices of the first packet, of the media and of its repeats. */
  uint32_t firstIndex = 0;
  uint32_t firstRtxIndex = 0;
  /** To another node: packets leave as they are but for SSRC and number. */
  bool verbatim = false;
  /** Then the outgoing index is the ingest index less this. */
  int64_t base = 0;
};

struct TrackSource {
  LogId log = 0;
  uint8_t payloadType = 0;
  /** −1 where nothing is retransmitted under a payload type of its own. */
  int16_t rtxPayloadType = -1;
  /** Whether every packet gets a transport-wide number. */
  bool numbered = false;
};

struct Replay {
  /** Ingest index. */
  int64_t from = 0;
  /** RTP payloads. */
  std::vector<std::vector<uint8_t>> prefix;
  /** Bytes per ms. */
  double pace = 0;
  double burst = 0;
  double leadBytes = 0;
  double leadPace = 0;
  /** −1: time goes on from the last packet, and the log's newest is now. */
  int64_t alignedLog = -1;
  /** By which this log's RTP time is ahead of that one's, modulo 2^32. */
  uint32_t alignmentTicks = 0;
  /** Ms that it will take, about. */
  double catchUp = 0;
  /** Ingest index up to which the log is still being filled. */
  int64_t until = 0;
};

struct Probe {
  /** 1–15. */
  uint8_t cluster = 0;
  /** Bytes per ms. */
  double pace = 0;
  double bytes = 0;
};

struct LogClock {
  bool known = false;
  uint32_t rtpTimestamp = 0;
  /** Milliseconds since the Unix epoch. */
  double wall = 0;
};

}  // namespace tailrace
