// The plane with all its threads, for ThreadSanitizer: two publishers send, viewers hear and report,
// and the main thread does what JavaScript does, in an order that chance decides.
//
// Usage: threads SECONDS [SEED]
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "bytes.h"
#include "clock.h"
#include "far-end.h"
#include "plane.h"

namespace tailrace {
namespace {

constexpr PeerId kPublishers = 2;
constexpr size_t kViewers = 6;
/** Of these. */
constexpr size_t kTcpViewers = 3;
constexpr size_t kPacketsAtOnce = 9;

SrtpMaster masterOf(uint32_t association) {
  SrtpMaster master{};
  write32(master.key, association);
  return master;
}

/** Sends frames of a stream until it is stopped, and a report now and then. */
class Publisher {
 public:
  Publisher(FarEnd& end, const SrtpMaster& master, uint32_t ssrc)
      : end_(end), srtp_(SrtpProfile::kGcm, master), ssrc_(ssrc), thread_([this] { run(); }) {}
  ~Publisher() {
    stopped_ = true;
    thread_.join();
  }

 private:
  void run() {
    for (uint64_t index = 65'000; !stopped_;) {
      for (size_t i = 0; i < kPacketsAtOnce; i++) send(index++, i + 1 == kPacketsAtOnce);
      end_.drain();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  void send(uint64_t index, bool marker) {
    uint8_t datagram[1200] = {0x80, static_cast<uint8_t>(marker ? 0xe0 : 0x60)};
    write16(datagram + 2, static_cast<uint16_t>(index));
    write32(datagram + 4, static_cast<uint32_t>(index / kPacketsAtOnce * 3000));
    write32(datagram + 8, ssrc_);
    const size_t payload = index % 50 == 0 ? 30 : 900;
    end_.send(datagram, srtp_.protectRtp(datagram, 12, datagram + 12, payload, index));
  }

  FarEnd& end_;
  SrtpSender srtp_;
  const uint32_t ssrc_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

/** The main thread: what TypeScript does with the plane. */
class Script {
 public:
  Script(double seconds, uint32_t seed) : until_(monotonicMs() + seconds * 1000), random_(seed) {}

  /** @returns 0, or 1 when hardly anything went through */
  int run() {
    PlaneOptions options;
    options.addresses = {"127.0.0.1"};
    options.threads = 2;
    options.rung = bestRung();
    options.tcp = true;
    if (plane_.open(options) != 0) return 1;
    std::vector<std::unique_ptr<Publisher>> publishers;
    for (PeerId id = 1; id <= kPublishers; id++) publishers.push_back(publish(id));
    for (FarEnd& viewer : viewerEnds_) viewer.connectTo(plane_.port());
    // These may be slow, and hang up.
    for (size_t i = 0; i < kTcpViewers; i++) viewerEnds_[i].dial(plane_.port());
    while (monotonicMs() < until_) {
      waitForNews();
      while (const size_t length = plane_.inbox().drain(news_, sizeof news_)) read(length);
      for (int i = 0; i < 3; i++) command();
      for (FarEnd& viewer : viewerEnds_) {
        if (below(4) > 0) heard_ += viewer.drain();
      }
    }
    publishers.clear();
    plane_.close();
    letGo();
    std::printf("%zu packets announced, %zu datagrams heard\n", announced_, heard_);
    return announced_ > 500 && heard_ > 500 ? 0 : 1;
  }

 private:
  std::unique_ptr<Publisher> publish(PeerId id) {
    FarEnd& end = publisherEnds_[id - 1];
    end.connectTo(plane_.port());
    const SrtpMaster master = masterOf(id);
    plane_.addPeer(id, {SrtpProfile::kGcm, master, master}, end.destination(), 0);
    plane_.openLog(id);
    plane_.setClock(id, {true, 0, wallMs()});
    return std::make_unique<Publisher>(end, master, id);
  }

  void waitForNews() {
    std::unique_lock<std::mutex> lock(mutex_);
    ready_.wait_for(lock, std::chrono::milliseconds(2), [this] { return woken_; });
    woken_ = false;
  }

  // Records as `native/addon-inbox.ts` reads them: kind, size, id, length; of media then slab,
  // offset, time and index.
  void read(size_t length) {
    for (size_t at = 0; at < length;) {
      uint32_t head[4];
      std::memcpy(head, news_ + at, sizeof head);
      if (head[0] == 1) readMedia(head[2], static_cast<uint16_t>(head[3]), news_ + at + 16);
      at += head[1];
    }
  }

  void readMedia(PeerId peer, uint16_t length, const uint8_t* record) {
    uint32_t place[2];
    double index;
    std::memcpy(place, record, sizeof place);
    std::memcpy(&index, record + 16, sizeof index);
    Slab* slab = plane_.slabs().find(place[0]);
    held_.insert(slab);
    announced_++;
    const uint8_t* packet = slab->bytes + place[1];
    for (uint16_t i = 0; i < length; i++) sum_ += packet[i];
    newest_[peer] = index;
    if (index >= 0) return;
    index = read16(packet + 2);
    Append append{peer, static_cast<int64_t>(index), {SlabRef(slab), place[1], length},
                  monotonicMs()};
    plane_.append(&append, 1);
    plane_.route(peer, read32(packet + 8), peer, static_cast<int64_t>(index), 0);
  }

  void letGo() {
    for (Slab* slab : held_) {
      slab->heldByScript = false;
      slab->release();
    }
    held_.clear();
  }

  void command() {
    const PeerId viewer = 10 + below(kViewers);
    const TrackId track = tracks_[viewer];
    const LogId log = 1 + below(kPublishers);
    switch (below(20)) {
      case 0: return join(viewer);
      case 1: return plane_.removePeer(viewer);
      case 2: return plane_.movePeer(viewer, viewerEnds_[below(kViewers)].destination());
      case 3: return plane_.removeTrack(track);
      case 4: return plane_.toTrack(track, [=](Shard& shard) { shard.follow(track, {log, 96, 97, true}); });
      case 5:
      case 6: return replay(track, log);
      case 7: return plane_.toTrack(track, [=](Shard& shard) { shard.setPace(track, 100); });
      case 8: return retransmit(track);
      case 9: return sendRtcp(viewer);
      case 10: return plane_.dropBefore(log, static_cast<int64_t>(newest_[log]) - 500);
      case 11: return plane_.writeStatistics(statistics_);
      case 12: return look(viewer, track);
      case 13: return reopen(log);
      case 14: return plane_.sendControl(news_, 20, viewerEnds_[below(kViewers)].destination());
      case 15: return setLivePace(track);
      case 16:
      case 17: return probe(track);
      case 18: return readFeedback(viewer);
      default: return below(20) == 0 ? hangUp() : letGo();
    }
  }

  void hangUp() {
    FarEnd& end = viewerEnds_[below(kTcpViewers)];
    if (below(2) == 0) end.drain();
    end.dial(plane_.port());
  }

  void join(PeerId viewer) {
    const SrtpMaster master = masterOf(++associations_);
    const FarEnd& end = viewerEnds_[viewer - 10];
    const SrtpProfile profile = below(2) ? SrtpProfile::kGcm : SrtpProfile::kCounterMode;
    plane_.addPeer(viewer, {profile, master, master}, end.destination(), 0);
    TrackFormat format;
    format.ssrc = associations_;
    format.rtxSsrc = associations_ + 1'000'000;
    format.cname = "viewer";
    format.playoutDelayId = 5;
    format.transportCcId = 3;
    tracks_[viewer] = associations_;
    plane_.addTrack(viewer, associations_, format);
    replay(associations_, 1 + below(kPublishers));
  }

  void replay(TrackId track, LogId log) {
    Replay replay;
    replay.from = static_cast<int64_t>(newest_[log]) - below(300);
    replay.pace = 200;
    replay.burst = 20'000;
    const bool numbered = below(2) == 0;
    plane_.toTrack(track, [=](Shard& shard) { shard.replay(track, {log, 96, 97, numbered}, replay); });
  }

  void retransmit(TrackId track) {
    const auto number = static_cast<uint16_t>(below(2000));
    plane_.toTrack(track, [=](Shard& shard) { shard.retransmit(track, &number, 1); });
  }

  void sendRtcp(PeerId viewer) {
    uint8_t report[8] = {0x80, 201, 0, 1};
    plane_.sendRtcp(viewer, report, sizeof report);
  }

  void look(PeerId viewer, TrackId track) {
    readFeedback(viewer);
    if (const TrackCounters* counters = plane_.trackCounters(track)) sum_ += counters->packets.value();
  }

  void setLivePace(TrackId track) {
    const double pace = below(3) == 0 ? std::numeric_limits<double>::infinity() : 1 + below(2000);
    plane_.toTrack(track, [=](Shard& shard) { shard.setLivePace(track, pace); });
  }

  void probe(TrackId track) {
    const Probe probe{static_cast<uint8_t>(1 + below(15)), 500, 10'000};
    plane_.toTrack(track, [=](Shard& shard) { shard.probe(track, probe); });
  }

  // One run of arrivals, each with a delta of one byte.
  void readFeedback(PeerId viewer) {
    uint8_t report[60] = {0x8f, 205, 0, 14};
    write16(report + 12, below(2000));
    write16(report + 14, 38);
    write16(report + 20, 1 << 13 | 38);
    const auto digest = plane_.readFeedback(viewer, report, sizeof report, monotonicMs(), groups_);
    if (digest) sum_ += static_cast<uint64_t>(digest->received);
  }

  void reopen(LogId log) {
    if (below(20) > 0) return;
    plane_.closeLog(log);
    plane_.openLog(log);
  }

  uint32_t below(uint32_t bound) { return static_cast<uint32_t>(random_() % bound); }

  const double until_;
  std::mt19937 random_;
  std::mutex mutex_;
  std::condition_variable ready_;
  bool woken_ = false;
  FarEnd publisherEnds_[kPublishers];
  FarEnd viewerEnds_[kViewers];
  Plane plane_{[this] {
    std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
    ready_.notify_one();
  }};
  uint8_t news_[1 << 16] = {};
  double statistics_[64] = {};
  double groups_[kGroupFields * kMostPairs] = {};
  std::set<Slab*> held_;
  std::map<PeerId, double> newest_;
  std::map<PeerId, TrackId> tracks_;
  uint32_t associations_ = 100;
  size_t announced_ = 0;
  size_t heard_ = 0;
  uint64_t sum_ = 0;
};

}  // namespace
}  // namespace tailrace

int main(int count, char** words) {
  if (count < 2) return 2;
  const auto seed = static_cast<uint32_t>(count > 2 ? std::atoi(words[2]) : 1);
  return tailrace::Script(std::atof(words[1]), seed).run();
}
