#include "tcp-port.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "clock.h"
#include "demux.h"

namespace tailrace {

/** Ids of what is no connection: the timer, and then the acceptors. */
constexpr uint64_t kTimerId = 0;
constexpr uint64_t kFirstConnection = 1 << 16;
/** Bytes read from one connection before the others have their turn. */
constexpr size_t kReadAtOnce = 64 * 1024;
/** Accepted in one turn, so that a flood of them leaves peers theirs. */
constexpr int kAcceptAtOnce = 64;
constexpr int kEventsAtOnce = 32;
/** How long a connection may be nobody's, in ms. */
constexpr double kUnprovedTime = 10'000;
/** Silence after which a peer's is none any more, in ms: longer than consent lasts. */
constexpr double kSilentTime = 45'000;

TcpPort::TcpPort(TcpListener& listener) : listener_(listener), nextId_(kFirstConnection) {}

int TcpPort::open(const MediaSockets& sockets, const std::vector<std::string>& addresses) {
  close();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  timer_ = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (epoll_ < 0 || timer_ < 0 || watch(timer_, kTimerId) != 0) return errno;
  const itimerspec eachSecond{{1, 0}, {1, 0}};
  timerfd_settime(timer_, 0, &eachSecond, nullptr);
  for (size_t i = 0; i < sockets.count(); i++) {
    auto acceptor = std::make_unique<TcpAcceptor>();
    const int refused = acceptor->open(sockets.at(i).bound());
    const int error = refused != 0 ? refused : watch(acceptor->fd(), i + 1);
    if (error != 0) {
      failedAddress_ = addresses[i];
      close();
      return error;
    }
    acceptors_.push_back(std::move(acceptor));
  }
  room_.reset(new uint8_t[kReadAtOnce]);
  return 0;
}

void TcpPort::close() {
  acceptors_.clear();
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, guest] : guests_) guest->connection->close(false);
  guests_.clear();
  byPath_.clear();
  admission_ = {};
  for (int* fd : {&timer_, &epoll_}) {
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

void TcpPort::turn() {
  epoll_event events[kEventsAtOnce];
  const int ready = epoll_wait(epoll_, events, kEventsAtOnce, 0);
  for (int i = 0; i < ready; i++) {
    const uint64_t id = events[i].data.u64;
    if (id >= kFirstConnection) {
      serve(id, events[i].events);
    } else if (id == kTimerId) {
      sweep();
    } else {
      acceptAll(*acceptors_[id - 1]);
    }
  }
}

std::shared_ptr<TcpConnection> TcpPort::find(const Destination& path) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = byPath_.find(path);
  return found == byPath_.end() ? nullptr : guests_.at(found->second)->connection;
}

bool TcpPort::prove(const Destination& path) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = byPath_.find(path);
  return found != byPath_.end() && admission_.prove(found->second, path);
}

int TcpPort::watch(int fd, uint64_t id) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = id;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

void TcpPort::acceptAll(TcpAcceptor& acceptor) {
  for (int i = 0; i < kAcceptAtOnce; i++) {
    Destination from;
    const int fd = acceptor.accept(from);
    if (fd < 0) return;
    enter(fd, from);
  }
}

void TcpPort::enter(int fd, const Destination& from) {
  bool welcome;
  std::optional<uint64_t> leaving;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    welcome = admission_.welcomes(from);
    if (welcome && admission_.isCrowded()) leaving = admission_.oldestUnproved();
    // The kernel knows of one connection with that path only: this one is the other's successor.
    const auto before = byPath_.find(from);
    if (before != byPath_.end()) leaving = before->second;
  }
  if (leaving) remove(*leaving, true);
  const uint64_t id = nextId_++;
  if (!welcome || watch(fd, id) != 0) {
    resetConnection(fd);
    return;
  }
  auto guest = std::make_unique<Guest>();
  guest->connection = std::make_shared<TcpConnection>(fd, id, epoll_, listener_);
  guest->from = from;
  guest->from.connection = guest->connection;
  guest->acceptedAt = guest->heardAt = monotonicMs();
  const std::lock_guard<std::mutex> lock(mutex_);
  admission_.enter(id, from);
  byPath_[from] = id;
  guests_[id] = std::move(guest);
}

void TcpPort::serve(uint64_t id, uint32_t events) {
  // Nobody else changes the table.
  const auto found = guests_.find(id);
  if (found == guests_.end()) return;
  Guest& guest = *found->second;
  if (events & EPOLLOUT) guest.connection->drain();
  if ((events & ~static_cast<uint32_t>(EPOLLOUT)) && !read(id, guest)) remove(id, true);
}

// Returns false when the connection has to end.
bool TcpPort::read(uint64_t id, Guest& guest) {
  const ssize_t count = guest.connection->receive(room_.get(), kReadAtOnce);
  if (count < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  if (count == 0) return false;
  guest.heardAt = monotonicMs();
  const bool goesOn = guest.frames.take(
      room_.get(), static_cast<size_t>(count), [&](const uint8_t* frame, size_t length) {
        if (!isWelcome(id, guest, frame, length)) return false;
        listener_.frame(frame, length, guest.from);
        return true;
      });
  listener_.framesEnd();
  return goesOn;
}

// ICE-78: strangers are listened to as long as they speak as peers do.
bool TcpPort::isWelcome(uint64_t id, Guest& guest, const uint8_t* frame, size_t length) {
  const DatagramKind kind = classify(frame, length);
  if (!std::exchange(guest.hasSpoken, true)) return kind == DatagramKind::kStun;
  if (kind == DatagramKind::kStun || kind == DatagramKind::kDtls) return true;
  const std::lock_guard<std::mutex> lock(mutex_);
  return admission_.isProved(id);
}

void TcpPort::sweep() {
  uint64_t expirations;
  while (::read(timer_, &expirations, sizeof expirations) < 0 && errno == EINTR) continue;
  const double now = monotonicMs();
  std::vector<uint64_t> leaving;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [id, guest] : guests_) {
      const bool isNobodys = !admission_.isProved(id) && now - guest->acceptedAt > kUnprovedTime;
      const bool isSilent = now - guest->heardAt > kSilentTime;
      if (isNobodys || isSilent || guest->connection->hasStalled(now)) leaving.push_back(id);
    }
  }
  for (const uint64_t id : leaving) remove(id, true);
}

void TcpPort::remove(uint64_t id, bool reset) {
  std::unique_ptr<Guest> guest;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = guests_.find(id);
    if (found == guests_.end()) return;
    guest = std::move(found->second);
    guests_.erase(found);
    byPath_.erase(guest->from);
    admission_.leave(id, guest->from);
  }
  guest->connection->close(reset);
}

}  // namespace tailrace
