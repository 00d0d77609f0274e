#include "plane.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "clock.h"

namespace tailrace {

/** Batches taken from one socket before the other one has its turn. */
constexpr int kBatchesAtOnce = 8;

Plane::Plane(std::function<void()> wake)
    : inbox_(std::move(wake)), incoming_(slabs_, *this), tcp_(*this) {
  routed_.reserve(kReceiveBatch);
}

Plane::~Plane() { close(); }

int Plane::open(const PlaneOptions& options) {
  const int refused = openSockets(options);
  const int error = refused != 0 ? refused : watchSockets();
  if (error != 0) return error;
  for (size_t i = 0; i < std::max<size_t>(1, options.threads); i++) {
    shards_.push_back(std::make_unique<ShardThread>(options.rung, sockets_, *this));
  }
  receiver_ = std::thread([this] { receive(); });
  return 0;
}

int Plane::watchSockets() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || stop_ < 0) return errno;
  epoll_event event{};
  event.events = EPOLLIN;
  // No socket: the end.
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_, &event) != 0) return errno;
  for (size_t i = 0; i < sockets_.count(); i++) {
    event.data.ptr = &sockets_.at(i);
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, sockets_.at(i).fd(), &event) != 0) return errno;
  }
  if (tcp_.fd() < 0) return 0;
  event.data.ptr = &tcp_;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, tcp_.fd(), &event) == 0 ? 0 : errno;
}

void Plane::close() {
  if (receiver_.joinable()) {
    const uint64_t one = 1;
    while (write(stop_, &one, sizeof one) < 0 && errno == EINTR) continue;
    receiver_.join();
  }
  for (const auto& shard : shards_) shard->stop();
  tcp_.close();
  sockets_.close();
  for (int* fd : {&epoll_, &stop_}) {
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

void Plane::addPeer(PeerId id, const PeerKeys& keys, const Destination& path, size_t streams) {
  removePeer(id);
  const size_t shard = nextShard_++ % shards_.size();
  auto transport = std::make_shared<TransportHistory>();
  peers_[id] = {shard, transport, {}, nullptr};
  const Destination to = reached(id, path);
  shards_[shard]->post([=](Shard& owner) {
    owner.addPeer(id, keys.profile, keys.local, to, transport);
  });
  incoming_.addPeer(id, keys.profile, keys.remote, path, streams);
}

void Plane::movePeer(PeerId id, const Destination& path) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  incoming_.movePeer(id, path);
  const Destination to = reached(id, path);
  shards_[peer->second.shard]->post([=](Shard& owner) { owner.movePeer(id, to); });
}

void Plane::removePeer(PeerId id) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  incoming_.removePeer(id);
  shards_[peer->second.shard]->post([=](Shard& owner) { owner.removePeer(id); });
  for (const TrackId track : peer->second.tracks) forget(track);
  peers_.erase(peer);
}

void Plane::sendRtcp(PeerId id, const uint8_t* compound, size_t length) {
  const auto peer = peers_.find(id);
  if (peer == peers_.end()) return;
  std::vector<uint8_t> copy(compound, compound + length);
  shards_[peer->second.shard]->post([id, copy = std::move(copy)](Shard& owner) {
    owner.sendRtcp(id, copy.data(), copy.size());
  });
}

void Plane::route(PeerId id, uint32_t ssrc, LogId log, int64_t newest, int64_t base) {
  incoming_.route(id, ssrc, log, newest, base);
}

void Plane::expect(const std::string& ufrag, const std::string& password) {
  incoming_.expect(ufrag, password);
}

void Plane::forget(const std::string& ufrag) { incoming_.forget(ufrag); }

void Plane::openLog(LogId id) {
  tellAll([=](Shard& shard) { shard.openLog(id); });
}

void Plane::closeLog(LogId id) {
  incoming_.closeLog(id);
  tellAll([=](Shard& shard) { shard.closeLog(id); });
}

void Plane::setClock(LogId id, const LogClock& clock) {
  tellAll([=](Shard& shard) { shard.setClock(id, clock); });
}

void Plane::append(Append* appends, size_t count) {
  for (size_t i = 0; i < shards_.size(); i++) {
    if (i + 1 == shards_.size()) {
      shards_[i]->post(appends, count);
    } else {
      std::vector<Append> copies(appends, appends + count);
      shards_[i]->post(copies.data(), count);
    }
  }
}

void Plane::dropBefore(LogId id, int64_t index) {
  tellAll([=](Shard& shard) { shard.dropBefore(id, index); });
}

StoredPacket Plane::copyIn(const uint8_t* packet, size_t length) {
  std::memcpy(copies_.room(slabs_, length), packet, length);
  return copies_.keep(length);
}

void Plane::addTrack(PeerId peerId, TrackId id, const TrackFormat& format) {
  const auto peer = peers_.find(peerId);
  if (peer == peers_.end()) return;
  peer->second.tracks.push_back(id);
  const size_t shard = peer->second.shard;
  auto counters = std::make_shared<TrackCounters>();
  tracks_[id] = {peerId, shard, counters};
  shards_[shard]->post([=](Shard& owner) { owner.addTrack(peerId, id, format, counters); });
}

void Plane::removeTrack(TrackId id) {
  const auto track = tracks_.find(id);
  if (track == tracks_.end()) return;
  toTrack(id, [=](Shard& owner) { owner.removeTrack(id); });
  auto& tracks = peers_[track->second.peer].tracks;
  tracks.erase(std::remove(tracks.begin(), tracks.end(), id), tracks.end());
  forget(id);
}

void Plane::toTrack(TrackId id, Task task) {
  const auto track = tracks_.find(id);
  if (track != tracks_.end()) shards_[track->second.shard]->post(std::move(task));
}

const TrackCounters* Plane::trackCounters(TrackId id) const {
  const auto track = tracks_.find(id);
  return track == tracks_.end() ? nullptr : track->second.counters.get();
}

std::optional<FeedbackDigest> Plane::readFeedback(PeerId id, const uint8_t* packet, size_t length,
                                                  double now, double* groups) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return std::nullopt;
  Peer& peer = found->second;
  const TransportHistory::View sent = peer.transport->view();
  if (sent.isEmpty() && !peer.reader) return std::nullopt;
  if (!readTransportFeedback(packet, length, feedback_)) return std::nullopt;
  if (!peer.reader) peer.reader = std::make_unique<FeedbackReader>();
  return peer.reader->read(feedback_, sent, now, groups);
}

void Plane::forget(TrackId id) {
  const auto track = tracks_.find(id);
  if (track == tracks_.end()) return;
  sweepLeaving();
  leaving_.push_back(std::move(track->second.counters));
  tracks_.erase(track);
}

// A shard counts until it comes to the command that ends the track, and then lets go.
void Plane::sweepLeaving() {
  const auto gone = std::partition(leaving_.begin(), leaving_.end(),
                                   [](const auto& counters) { return counters.use_count() > 1; });
  std::atomic_thread_fence(std::memory_order_acquire);
  for (auto one = gone; one != leaving_.end(); ++one) addTo(sumsBefore_, **one);
  leaving_.erase(gone, leaving_.end());
}

void Plane::tellAll(const Task& task) {
  for (const auto& shard : shards_) shard->post(task);
}

void Plane::control(const uint8_t* datagram, size_t length, const Destination& from, bool known) {
  inbox_.control(datagram, length, from, known);
}

void Plane::media(PeerId peer, const StoredPacket& packet, LogId log, int64_t index) {
  if (index >= 0) routed_.push_back({log, index, packet, arrivedAt_});
  inbox_.media(peer, packet, arrivedAt_, index);
}

void Plane::rtcp(PeerId peer, const uint8_t* compound, size_t length) {
  inbox_.rtcp(peer, compound, length);
}

void Plane::started(TrackId track) {
  inbox_.track(TrackEvent::kStarted, track);
  inbox_.announce();
}

void Plane::caughtUp(TrackId track) {
  inbox_.track(TrackEvent::kCaughtUp, track);
  inbox_.announce();
}

void Plane::starved(TrackId track) {
  inbox_.track(TrackEvent::kStarved, track);
  inbox_.announce();
}

// Viewers before JavaScript: it is told of what has left already.
void Plane::passOn() {
  if (!routed_.empty()) append(routed_.data(), routed_.size());
  routed_.clear();
  inbox_.announce();
}

void Plane::receive() {
  pthread_setname_np(pthread_self(), "tailrace-recv");
  epoll_event events[16];
  for (;;) {
    const int ready = epoll_wait(epoll_, events, 16, -1);
    for (int i = 0; i < ready; i++) {
      void* const socket = events[i].data.ptr;
      if (!socket) return;
      if (socket == &tcp_) {
        tcp_.turn();
      } else {
        receiveBatch(*static_cast<UdpSocket*>(socket));
      }
    }
  }
}

void Plane::receiveBatch(UdpSocket& socket) {
  for (int batch = 0; batch < kBatchesAtOnce; batch++) {
    const size_t count = socket.take();
    if (count == 0) break;
    arrivedAt_ = monotonicMs();
    {
      const std::lock_guard<std::mutex> lock(incoming_.mutex());
      socket.each([this](const ReceivedDatagram& datagram) {
        incoming_.receive(datagram.bytes, datagram.length, datagram.from, arrivedAt_);
      });
    }
    passOn();
    if (count < kReceiveBatch) break;
  }
}

}  // namespace tailrace
