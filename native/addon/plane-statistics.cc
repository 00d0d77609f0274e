#include "plane.h"

namespace tailrace {

void Plane::addTo(TrackSums& sums, const TrackCounters& counters) {
  sums[0] += counters.packets.value();
  sums[1] += counters.bytes.value();
  sums[2] += counters.retransmitted.value();
  sums[3] += counters.replayed.value();
  sums[4] += counters.probed.value();
}

void Plane::writeStatistics(double* out) const {
  const IncomingCounters& received = incoming_.counters();
  TrackSums tracks = sumsBefore_;
  for (const auto& [id, track] : tracks_) addTo(tracks, *track.counters);
  for (const auto& counters : leaving_) addTo(tracks, *counters);
  uint64_t sent = controlSent_;
  uint64_t errors = controlFailed_;
  uint64_t late = 0;
  uint64_t full = 0;
  uint64_t trainsRefused = 0;
  uint64_t refused = 0;
  for (const auto& shard : shards_) {
    const SendCounters& counters = shard->sendCounters();
    sent += counters.datagrams.value();
    errors += counters.errors.value();
    full += counters.droppedFull.value();
    trainsRefused += counters.trainsRefused.value();
    late += shard->counters().droppedLate.value();
    refused += shard->refused();
  }
  size_t at = 0;
  const auto put = [&](uint64_t number) { out[at++] = static_cast<double>(number); };
  put(received.datagrams.value());
  put(sent);
  put(errors);
  put(received.packets.value());
  put(received.bytes.value());
  for (const auto& dropped : received.dropped) put(dropped.value());
  for (const uint64_t sum : tracks) put(sum);
  put(late);
  put(full);
  put(trainsRefused);
  put(inbox_.counters().media.value() + refused);
  put(inbox_.counters().control.value());
}

}  // namespace tailrace
