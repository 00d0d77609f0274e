#include <algorithm>
#include <limits>

#include "call.h"
#include "clock.h"

// The functions of `native/addon-binding.ts` for logs and tracks.

namespace tailrace {

namespace {

TrackSource sourceOf(const Arguments& from, size_t at) {
  return {from.integer(at), static_cast<uint8_t>(from.integer(at + 1)),
          static_cast<int16_t>(from.number(at + 2)), from.integer(at + 3) != 0};
}

napi_value openLog(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->openLog(call.integer(1));
  return nullptr;
}

napi_value closeLog(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->closeLog(call.integer(1));
  return nullptr;
}

// setClock(handle, log, rtpTimestamp, wall)
napi_value setClock(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) {
    plane->setClock(call.integer(1), {true, call.integer(2), call.number(3)});
  }
  return nullptr;
}

// append(handle, log, count, indices, slabs, offsets, lengths)
napi_value append(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Plane* plane = call.plane();
  if (!plane) return nullptr;
  const size_t count = call.integer(2);
  const auto* indices = call.elements<double>(3, count);
  const auto* slabs = call.elements<uint32_t>(4, count);
  const auto* offsets = call.elements<uint32_t>(5, count);
  const auto* lengths = call.elements<uint32_t>(6, count);
  if (!indices || !slabs || !offsets || !lengths) return nullptr;
  std::vector<Append> appends;
  const double now = monotonicMs();
  for (size_t i = 0; i < count; i++) {
    Slab* slab = plane->slabs().find(slabs[i]);
    if (!slab || offsets[i] + lengths[i] > kSlabSize || lengths[i] < 12) continue;
    appends.push_back({call.integer(1), static_cast<int64_t>(indices[i]),
                       {SlabRef(slab), offsets[i], static_cast<uint16_t>(lengths[i])}, now});
  }
  plane->append(appends.data(), appends.size());
  return nullptr;
}

// appendCopy(handle, log, index, packet)
napi_value appendCopy(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Arguments::Bytes packet = call.bytes(3);
  Plane* plane = call.plane();
  if (!plane || packet.length < 12 || packet.length > 0xffff) return nullptr;
  Append append{call.integer(1), call.index(2), plane->copyIn(packet.data, packet.length),
                monotonicMs()};
  plane->append(&append, 1);
  return nullptr;
}

// dropBefore(handle, log, index)
napi_value dropBefore(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->dropBefore(call.integer(1), call.index(2));
  return nullptr;
}

// addTrack(handle, peer, track, ssrc, clockRate, cname, rtxSsrc, playoutDelayId, transportCcId,
//          firstIndex, firstRtxIndex)
napi_value addTrack(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Plane* plane = call.plane();
  if (!plane) return nullptr;
  TrackFormat format;
  format.ssrc = call.integer(3);
  format.clockRate = call.integer(4);
  format.cname = call.text(5);
  format.rtxSsrc = call.integer(6);
  format.playoutDelayId = static_cast<uint8_t>(call.integer(7));
  format.transportCcId = static_cast<uint8_t>(call.integer(8));
  format.firstIndex = call.integer(9);
  format.firstRtxIndex = call.integer(10);
  plane->addTrack(call.integer(1), call.integer(2), format);
  return nullptr;
}

// addLink(handle, peer, track, ssrc, base)
napi_value addLink(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Plane* plane = call.plane();
  if (!plane) return nullptr;
  TrackFormat format;
  format.ssrc = call.integer(3);
  format.verbatim = true;
  format.base = call.index(4);
  plane->addTrack(call.integer(1), call.integer(2), format);
  return nullptr;
}

napi_value removeTrack(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->removeTrack(call.integer(1));
  return nullptr;
}

// follow(handle, track, log, payloadType, rtxPayloadType, numbered)
napi_value follow(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrackId id = call.integer(1);
  const TrackSource source = sourceOf(call, 2);
  if (Plane* plane = call.plane()) {
    plane->toTrack(id, [=](Shard& shard) { shard.follow(id, source); });
  }
  return nullptr;
}

// replay(handle, track, log, payloadType, rtxPayloadType, numbered, from, pace, burst, leadBytes,
//        leadPace, prefix, alignedLog, alignmentTicks, catchUp, until)
napi_value replay(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrackId id = call.integer(1);
  const TrackSource source = sourceOf(call, 2);
  Replay replay{call.index(6), call.buffers(11), call.number(7),
                call.number(8), call.number(9),  call.number(10),
                call.index(12), call.integer(13), call.number(14), call.index(15)};
  if (Plane* plane = call.plane()) {
    plane->toTrack(id, [id, source, replay = std::move(replay)](Shard& shard) {
      shard.replay(id, source, replay);
    });
  }
  return nullptr;
}

napi_value setPace(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrackId id = call.integer(1);
  const double pace = call.number(2);
  if (Plane* plane = call.plane()) {
    plane->toTrack(id, [=](Shard& shard) { shard.setPace(id, pace); });
  }
  return nullptr;
}

napi_value silence(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrackId id = call.integer(1);
  if (Plane* plane = call.plane()) {
    plane->toTrack(id, [=](Shard& shard) { shard.silence(id); });
  }
  return nullptr;
}

napi_value setLivePace(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrackId id = call.integer(1);
  const double pace = call.number(2);
  if (Plane* plane = call.plane()) {
    plane->toTrack(id, [=](Shard& shard) { shard.setLivePace(id, pace); });
  }
  return nullptr;
}

// probe(handle, track, cluster, pace, bytes)
napi_value probe(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrackId id = call.integer(1);
  const Probe probe{static_cast<uint8_t>(call.integer(2) & 0xf), call.number(3), call.number(4)};
  if (Plane* plane = call.plane()) {
    plane->toTrack(id, [=](Shard& shard) { shard.probe(id, probe); });
  }
  return nullptr;
}

// retransmit(handle, track, sequenceNumbers)
napi_value retransmit(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const TrackId id = call.integer(1);
  const Arguments::Bytes given = call.bytes(2);
  const auto* first = reinterpret_cast<const uint16_t*>(given.data);
  std::vector<uint16_t> numbers(first, first + given.length / 2);
  if (Plane* plane = call.plane()) {
    plane->toTrack(id, [id, numbers = std::move(numbers)](Shard& shard) {
      shard.retransmit(id, numbers.data(), numbers.size());
    });
  }
  return nullptr;
}

// readFeedback(handle, peer, packet, now, out), returns 1 when it could be read
napi_value readFeedback(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Plane* plane = call.plane();
  const Arguments::Bytes packet = call.bytes(2);
  // In the order of `native/addon-feedback.ts`: the groups come last.
  constexpr size_t kGroups = 18;
  auto* out = call.elements<double>(4, kGroups + kGroupFields * kMostPairs);
  if (!plane || !out) return call.result(0);
  const auto digest = plane->readFeedback(call.integer(1), packet.data, packet.length,
                                          call.number(3), out + kGroups);
  if (!digest) return call.result(0);
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const ProbeTally probe = digest->probe ? *digest->probe : ProbeTally{};
  const double numbers[kGroups] = {
      digest->received,
      digest->lost,
      digest->acknowledged,
      digest->untold,
      digest->arrivedAt,
      digest->roundTrip,
      digest->queueing.value_or(kNone),
      digest->delivered.value_or(kNone),
      static_cast<double>(digest->groupCount),
      static_cast<double>(probe.cluster),
      probe.packets,
      probe.bytes,
      probe.firstSentAt,
      probe.lastSentAt,
      probe.lastSentBytes,
      probe.firstArrivedAt,
      probe.lastArrivedAt,
      probe.firstArrivedBytes,
  };
  std::copy(numbers, numbers + kGroups, out);
  return call.result(1);
}

// trackStatistics(handle, track, out: packets, bytes, retransmitted, replayed, probed)
napi_value trackStatistics(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Plane* plane = call.plane();
  auto* out = call.elements<double>(2, 5);
  const TrackCounters* counters = plane ? plane->trackCounters(call.integer(1)) : nullptr;
  if (!counters || !out) return call.result(0);
  out[0] = static_cast<double>(counters->packets.value());
  out[1] = static_cast<double>(counters->bytes.value());
  out[2] = static_cast<double>(counters->retransmitted.value());
  out[3] = static_cast<double>(counters->replayed.value());
  out[4] = static_cast<double>(counters->probed.value());
  return call.result(1);
}

}  // namespace

void registerMediaFunctions(napi_env env, napi_value exports) {
  registerFunction(env, exports, "openLog", openLog);
  registerFunction(env, exports, "closeLog", closeLog);
  registerFunction(env, exports, "setClock", setClock);
  registerFunction(env, exports, "append", append);
  registerFunction(env, exports, "appendCopy", appendCopy);
  registerFunction(env, exports, "dropBefore", dropBefore);
  registerFunction(env, exports, "addTrack", addTrack);
  registerFunction(env, exports, "addLink", addLink);
  registerFunction(env, exports, "removeTrack", removeTrack);
  registerFunction(env, exports, "follow", follow);
  registerFunction(env, exports, "replay", replay);
  registerFunction(env, exports, "setPace", setPace);
  registerFunction(env, exports, "retransmit", retransmit);
  registerFunction(env, exports, "silence", silence);
  registerFunction(env, exports, "setLivePace", setLivePace);
  registerFunction(env, exports, "probe", probe);
  registerFunction(env, exports, "readFeedback", readFeedback);
  registerFunction(env, exports, "trackStatistics", trackStatistics);
}

}  // namespace tailrace
