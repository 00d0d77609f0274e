// Sequences of a shard's commands, with packets as a publisher may send them.
#include <limits>
#include <map>

#include "checking-sink.h"
#include "fenced-slabs.h"
#include "fuzz-destination.h"
#include "fuzz-input.h"
#include "shard.h"
#include "transport-history.h"

namespace tailrace {
namespace {

constexpr uint32_t kPeers = 3;
constexpr uint32_t kLogs = 2;
constexpr uint32_t kTracks = 6;

class Listener final : public ShardListener {
 public:
  void started(TrackId track) override {
    require(started_.insert(track).second, "a track starts once");
  }
  void caughtUp(TrackId track) override {
    require(started_.count(track) <= 1, "a replay of a known track ends");
  }
  void starved(TrackId) override {}

 private:
  std::set<TrackId> started_;
};

/** A shard, and the part of the callers that obeys its contract. */
class World {
 public:
  explicit World(FuzzInput& input)
      : input_(input), withoutRtx_(input.onceIn(4)), sink_(withoutRtx_), slabs_(pool_) {
    shard_.setTime({now_, kWall});
    shard_.measure(input_.onceIn(2) ? 0 : 100, 100);
    for (uint32_t log = 1; log <= kLogs; log++) shard_.openLog(log);
    addPeer(1);
    addTrack(1);
  }

  void step() {
    switch (input_.between(0, 34)) {
      case 0: return addPeer(anyPeer());
      case 1: return shard_.removePeer(anyPeer());
      case 2: return movePeer();
      case 3: return sendRtcp();
      case 4: return addTrack(anyPeer());
      case 5: return shard_.removeTrack(anyTrack());
      case 6: return follow();
      case 7:
      case 8: return replay();
      case 9: return shard_.setPace(anyTrack(), input_.between(0, 10'000) / 64.0);
      case 10:
      case 11: return retransmit();
      case 12: return setClock();
      case 13: return dropBefore();
      case 14: return input_.onceIn(8) ? reopenLog() : turn();
      case 15: return shard_.measure(input_.between(0, 100), 100);
      case 16:
      case 17:
      case 18:
      case 19: return turn();
      case 20: return setLivePace();
      case 21: return probe();
      case 22: return input_.onceIn(8) ? shard_.silence(anyTrack()) : turn();
      default: return append();
    }
  }

  void finish() {
    now_ += 3'600'000;
    turn();
  }

 private:
  static constexpr double kWall = 1.7e12;

  PeerId anyPeer() { return input_.between(1, kPeers); }
  LogId anyLog() { return input_.between(1, kLogs); }
  TrackId anyTrack() { return tracks_ == 0 ? 0 : input_.between(1, tracks_); }

  TrackSource anySource() {
    TrackSource source;
    source.log = logs_[input_.between(0, kLogs - 1)].id;
    source.payloadType = static_cast<uint8_t>(input_.between(0, 63));
    source.rtxPayloadType = withoutRtx_ && input_.onceIn(4) ? int16_t{-1} : int16_t{97};
    source.numbered = input_.onceIn(2);
    return source;
  }

  // Every association has keys of its own, and its port stands for it at the sink.
  void addPeer(PeerId id) {
    const uint16_t port = ++lastPort_;
    SrtpMaster master{};
    master.key[0] = static_cast<uint8_t>(port);
    master.key[1] = static_cast<uint8_t>(port >> 8);
    const SrtpProfile profile = input_.onceIn(2) ? SrtpProfile::kCounterMode : SrtpProfile::kGcm;
    sink_.expect(port, profile, master);
    ports_[id] = port;
    shard_.addPeer(id, profile, master, fuzzDestination(port, input_.onceIn(2)),
                   std::make_shared<TransportHistory>());
  }

  void movePeer() {
    const PeerId id = anyPeer();
    if (ports_.count(id) == 0) return;
    const uint16_t port = ++lastPort_;
    sink_.alias(ports_[id], port);
    ports_[id] = port;
    shard_.movePeer(id, fuzzDestination(port, input_.onceIn(2)));
  }

  void sendRtcp() {
    std::vector<uint8_t> compound = input_.bytes(4 * input_.between(2, input_.onceIn(8) ? 600 : 20));
    compound[0] = 0x80;
    compound[1] = static_cast<uint8_t>(input_.between(200, 206));
    // A viewer follows no more than 32 senders.
    write32(compound.data() + 4, input_.between(1, 4));
    const size_t length = compound.size();
    compound.resize(length + kSrtpMaxOverhead);
    shard_.sendRtcp(anyPeer(), compound.data(), length);
  }

  // SSRCs and ids are never given twice: so much the callers promise.
  void addTrack(PeerId peer) {
    if (tracks_ == kTracks) return;
    const TrackId id = ++tracks_;
    TrackFormat format;
    format.ssrc = id;
    if (withoutRtx_ && input_.onceIn(4)) return addLink(peer, format);
    format.rtxSsrc = withoutRtx_ && input_.onceIn(4) ? 0 : 100 + id;
    format.clockRate = input_.onceIn(2) ? 90'000 : 48'000;
    format.cname = std::string(input_.onceIn(8) ? input_.between(0, 400) : 8, 'c');
    format.playoutDelayId = static_cast<uint8_t>(input_.between(0, 7));
    // With numbers in its headers a packet that goes twice is seen to be two.
    format.transportCcId = static_cast<uint8_t>(input_.onceIn(4) ? 0 : input_.between(8, 14));
    format.firstIndex = input_.between(0, 0xffff);
    format.firstRtxIndex = input_.between(0, 0xffff);
    sink_.begin(format.ssrc, format.firstIndex);
    sink_.begin(format.rtxSsrc, format.firstRtxIndex);
    shard_.addTrack(peer, id, format, std::make_shared<TrackCounters>());
  }

  // A run is of one log, for good: so much the caller promises, too.
  void addLink(PeerId peer, TrackFormat format) {
    const auto& log = logs_[input_.between(0, kLogs - 1)];
    format.verbatim = true;
    format.base = std::max<int64_t>(0, log.next - input_.between(0, 200));
    links_[format.ssrc] = log.id;
    sink_.begin(format.ssrc, 0);
    shard_.addTrack(peer, format.ssrc, format, std::make_shared<TrackCounters>());
  }

  TrackSource sourceFor(TrackId track) {
    TrackSource source = anySource();
    const auto link = links_.find(track);
    if (link != links_.end()) source.log = link->second;
    return source;
  }

  void follow() {
    const TrackId track = anyTrack();
    shard_.follow(track, sourceFor(track));
  }

  void replay() {
    const TrackId track = anyTrack();
    const TrackSource source = sourceFor(track);
    const int64_t end = logOf(source.log).next;
    Replay replay;
    replay.from = end + 20 - static_cast<int64_t>(input_.between(0, input_.onceIn(8) ? 4000 : 60));
    for (uint32_t i = input_.onceIn(2) ? 0 : input_.between(0, 3); i > 0; i--) {
      replay.prefix.push_back(input_.bytes(input_.between(0, input_.onceIn(8) ? 2500 : 40)));
    }
    // Mostly slow, so that much happens while it runs.
    const bool isFast = input_.onceIn(4);
    replay.pace = input_.between(1, isFast ? 50'000 : 400) / 8.0;
    replay.burst = input_.between(0, isFast ? 30'000 : 300);
    replay.leadBytes = input_.onceIn(2) ? 0 : input_.between(0, isFast ? 100'000 : 1000);
    replay.leadPace = input_.between(1, 3000);
    if (input_.onceIn(4)) replay.alignedLog = anySource().log;
    replay.alignmentTicks = input_.between(0, 0xffff'ffff);
    replay.catchUp = input_.between(0, 2000);
    if (input_.onceIn(4)) replay.until = end + input_.between(0, 100);
    shard_.replay(track, source, replay);
  }

  void setLivePace() {
    const bool isInfinite = input_.onceIn(8);
    const double pace = input_.between(0, 2000) / 16.0;
    shard_.setLivePace(anyTrack(), isInfinite ? std::numeric_limits<double>::infinity() : pace);
  }

  void probe() {
    Probe probe;
    probe.cluster = static_cast<uint8_t>(input_.between(1, 15));
    probe.pace = input_.between(0, 4000) / 16.0;
    probe.bytes = input_.between(0, input_.onceIn(8) ? 200'000 : 3000);
    shard_.probe(anyTrack(), probe);
  }

  void retransmit() {
    uint16_t numbers[64];
    const size_t count = input_.between(0, input_.onceIn(8) ? 64 : 4);
    const TrackId track = anyTrack();
    for (size_t i = 0; i < count; i++) {
      numbers[i] = input_.onceIn(8) ? static_cast<uint16_t>(input_.word())
                                    : sink_.sent(track, input_.between(0, 40));
    }
    shard_.retransmit(track, numbers, count);
  }

  void setClock() {
    LogClock clock;
    clock.known = true;
    clock.rtpTimestamp = input_.word();
    clock.wall = kWall - input_.between(0, 100'000);
    shard_.setClock(logs_[input_.between(0, kLogs - 1)].id, clock);
  }

  void dropBefore() {
    Log& log = logs_[input_.between(0, kLogs - 1)];
    const int64_t back = input_.between(0, input_.onceIn(2) ? 100 : 3);
    letGo(log, log.next - back);
  }

  void reopenLog() {
    Log& log = logs_[input_.between(0, kLogs - 1)];
    shard_.closeLog(log.id);
    log = {++lastLog_, 1000, 0, 20'000};
    shard_.openLog(log.id);
  }

  // Forward by one, over a hole, or back into one; far jumps while a viewer's decoder of sequence
  // numbers, which sees 16 bits, could follow them.
  void append() {
    Log& log = logs_[input_.between(0, kLogs - 1)];
    int64_t index = log.next;
    if (input_.onceIn(8)) {
      index = std::max<int64_t>(0, index - input_.between(0, input_.onceIn(8) ? 3000 : 20));
    } else if (input_.onceIn(8)) {
      const int64_t jump = input_.between(1, input_.onceIn(8) ? 3000 : 8);
      index += log.jumps >= jump ? jump : 0;
      log.jumps -= log.jumps >= jump ? jump : 0;
    }
    log.next = std::max(log.next, index + 1);
    const double age = input_.onceIn(16) ? input_.between(0, 300) : 0;
    const std::vector<uint8_t> packet = input_.rtpPacket(static_cast<uint16_t>(index), 7);
    shard_.append(log.id, index, slabs_.store(packet), now_ - age);
    // As a keyframe does, that lets go of the pictures before it.
    if (index + 1 == log.next && input_.onceIn(16)) letGo(log, index);
  }

  void turn() {
    now_ += input_.onceIn(8) ? input_.between(0, 3000) : input_.between(0, 20) / 4.0;
    if (turnNow() > now_) return;
    // By rounding alone. A moment later nothing may be due, or the thread would spin.
    now_ += 0.001;
    require(turnNow() > now_, "a turn leaves nothing due");
  }

  double turnNow() {
    shard_.setTime({now_, kWall + now_});
    return shard_.turn();
  }

  struct Log {
    LogId id;
    int64_t next;
    int64_t start;
    /** How much farther its indices may jump, all jumps together. */
    int64_t jumps;
  };
  void letGo(Log& log, int64_t index) {
    log.start = std::max(log.start, index);
    shard_.dropBefore(log.id, log.start);
  }

  Log& logOf(LogId id) { return logs_[0].id == id ? logs_[0] : logs_[1]; }

  FuzzInput& input_;
  const bool withoutRtx_;
  CheckingSink sink_;
  SlabPool pool_;
  FencedSlabs slabs_;
  Listener listener_;
  ShardCounters counters_;
  Shard shard_{sink_, listener_, counters_};
  double now_ = 1000;
  std::map<PeerId, uint16_t> ports_;
  uint16_t lastPort_ = 0;
  TrackId tracks_ = 0;
  /** Tracks that are runs to other nodes, and their logs. */
  std::map<TrackId, LogId> links_;
  LogId lastLog_ = kLogs;
  Log logs_[kLogs] = {{1, 65'500, 0, 20'000}, {2, 100, 0, 20'000}};
};

}  // namespace
}  // namespace tailrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailrace::FuzzInput input(data, size);
  tailrace::World world(input);
  while (input.hasMore()) world.step();
  world.finish();
  return 0;
}
