#include "plane.h"

namespace tailrace {

namespace {

uint64_t value(const std::atomic<uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

}  // namespace

void Plane::addTo(uint64_t (&sums)[4], const TrackCounters& counters) {
  sums[0] += value(counters.packets);
  sums[1] += value(counters.bytes);
  sums[2] += value(counters.retransmitted);
  sums[3] += value(counters.replayed);
}

void Plane::writeStatistics(double* out) const {
  const IncomingCounters& received = incoming_.counters();
  uint64_t tracks[4];
  std::copy(std::begin(sumsBefore_), std::end(sumsBefore_), tracks);
  for (const auto& [id, track] : tracks_) addTo(tracks, *track.counters);
  for (const auto& counters : leaving_) addTo(tracks, *counters);
  uint64_t sent = controlSent_;
  uint64_t errors = controlFailed_;
  uint64_t late = 0;
  uint64_t full = 0;
  uint64_t trainsRefused = 0;
  uint64_t systemCalls = 0;
  uint64_t refused = 0;
  for (const auto& shard : shards_) {
    const SendCounters& counters = shard->sendCounters();
    sent += value(counters.datagrams);
    errors += value(counters.errors);
    full += value(counters.droppedFull);
    trainsRefused += value(counters.trainsRefused);
    systemCalls += value(counters.systemCalls);
    late += value(shard->counters().droppedLate);
    refused += shard->refused();
  }
  size_t at = 0;
  const auto put = [&](uint64_t number) { out[at++] = static_cast<double>(number); };
  put(value(received.datagrams));
  put(sent);
  put(errors);
  put(value(received.packets));
  put(value(received.bytes));
  for (const auto& dropped : received.dropped) put(value(dropped));
  for (const uint64_t sum : tracks) put(sum);
  put(late);
  put(full);
  put(trainsRefused);
  put(systemCalls);
  put(value(inbox_.counters().media) + refused);
  put(value(inbox_.counters().control));
}

}  // namespace tailrace
