#include "load-receiver.h"

#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <cstring>
#include <system_error>

#include "clock.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace tailrace::load {

/** For a replay's burst while the thread is busy elsewhere, and small for a thousand sockets. */
constexpr int kSocketBuffer = 256 * 1024;
constexpr uint32_t kPlaceBits = 16;
constexpr uint32_t kPlaceMask = (1u << kPlaceBits) - 1;
constexpr uint64_t kWakeUp = UINT64_MAX;
constexpr int kEvents = 256;
/** At this many datagrams in a round the next one waits, so that rounds are worth their calls. */
constexpr size_t kBusyRound = 32;
constexpr long kPauseNs = 1'000'000;

struct Receiver::Batch {
  mmsghdr messages[kMessages];
  iovec parts[kMessages];
  sockaddr_storage from[kMessages];
  alignas(cmsghdr) uint8_t control[kMessages][128];
  uint8_t bytes[kMessages][kTrainRoom];
};

Receiver::Client::~Client() { ::close(fd); }

Receiver::Receiver(std::function<void()> wake)
    : wake_(std::move(wake)), batch_(std::make_unique<Batch>()) {}

Receiver::~Receiver() { stop(); }

int Receiver::start() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  event_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (epoll_ < 0 || event_ < 0) return errno;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeUp;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event) != 0) return errno;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return error.code().value();
  }
  return 0;
}

void Receiver::stop() {
  stopping_ = true;
  const uint64_t one = 1;
  if (event_ >= 0 && ::write(event_, &one, sizeof one) < 0) {
    // A full counter wakes the thread just the same.
  }
  if (thread_.joinable()) thread_.join();
  clients_.clear();
  leaving_.clear();
  if (epoll_ >= 0) ::close(epoll_);
  if (event_ >= 0) ::close(event_);
  epoll_ = event_ = -1;
}

Receiver::Opened Receiver::open(int family, std::vector<Format> formats, uint8_t transportCcId) {
  const sa_family_t domain = family == 6 ? AF_INET6 : AF_INET;
  const int fd = ::socket(domain, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return {0, 0, errno};
  const int buffer = kSocketBuffer, on = 1;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  // For precision, for thrift, and to know what was lost here; it works without each of them.
  setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  setsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
  sockaddr_storage address{};
  address.ss_family = domain;
  socklen_t size = domain == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const int error = errno;
    ::close(fd);
    return {0, 0, error};
  }
  // The port stands at the same place for both families.
  const uint16_t port = ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);

  std::lock_guard<std::mutex> lock(mutex_);
  uint32_t id = static_cast<uint32_t>(clients_.size());
  if (!freePlaces_.empty()) {
    id = freePlaces_.back();
    freePlaces_.pop_back();
  } else if (id > kPlaceMask) {
    ::close(fd);
    return {0, 0, EMFILE};
  } else {
    clients_.emplace_back();
  }
  auto client = std::make_unique<Client>(id, std::move(formats), transportCcId, fd);
  epoll_event event{};
  // Told of what is new only; what waits is read to its end.
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = id;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) {
    const int error = errno;
    freePlaces_.push_back(id);
    return {0, 0, error};
  }
  clients_[id & kPlaceMask] = std::move(client);
  return {id, port, 0};
}

void Receiver::close(uint32_t session) {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!find(session)) return;
    leaving_.push_back(std::move(clients_[session & kPlaceMask]));
    // The next session at this place has another id: events under way are for nobody.
    freePlaces_.push_back(session + kPlaceMask + 1);
  }
  const uint64_t one = 1;
  if (::write(event_, &one, sizeof one) < 0) return;
}

// The address that is written to must not move under a send; only this thread moves it.
int Receiver::send(uint32_t session, const uint8_t* bytes, size_t length,
                   const sockaddr_storage& to) {
  Client* client = find(session);
  if (!client) return EBADF;
  const socklen_t size = to.ss_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  const auto* address = reinterpret_cast<const sockaddr*>(&to);
  return sendto(client->fd, bytes, length, MSG_DONTWAIT, address, size) < 0 ? errno : 0;
}

void Receiver::handUpAll(uint32_t session, bool all) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (Client* client = find(session)) client->session.handsUpAll = all;
}

void Receiver::drain(Outbox& into) {
  into.events.clear();
  into.bytes.clear();
  std::lock_guard<std::mutex> lock(mutex_);
  std::swap(into.events, outbox_.events);
  std::swap(into.bytes, outbox_.bytes);
  into.dropped = outbox_.dropped + overflowed_;
  woken_ = false;
}

size_t Receiver::read(uint32_t session, double now, double* into) {
  std::lock_guard<std::mutex> lock(mutex_);
  const Client* client = find(session);
  if (!client) return 0;
  for (const HeaderCounter& stream : client->session.streams()) {
    stream.read(now, into);
    into += HeaderCounter::kFigures;
  }
  return client->session.streams().size();
}

std::vector<TransportArrival> Receiver::takeArrivals(uint32_t session) {
  std::lock_guard<std::mutex> lock(mutex_);
  Client* client = find(session);
  return client ? client->session.takeArrivals() : std::vector<TransportArrival>();
}

bool Receiver::restore(uint32_t session, uint32_t ssrc, const SeenPacket& packet) {
  std::lock_guard<std::mutex> lock(mutex_);
  Client* client = find(session);
  return client && client->session.restore(ssrc, packet);
}

Receiver::Client* Receiver::find(uint32_t session) {
  const size_t place = session & kPlaceMask;
  if (place >= clients_.size() || !clients_[place]) return nullptr;
  return clients_[place]->session.id == session ? clients_[place].get() : nullptr;
}

void Receiver::run() {
  epoll_event events[kEvents];
  while (!stopping_) {
    const int count = epoll_wait(epoll_, events, kEvents, -1);
    size_t datagrams = 0;
    std::vector<std::unique_ptr<Client>> left;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      left.swap(leaving_);
    }
    left.clear();
    for (int i = 0; i < count; i++) {
      if (events[i].data.u64 == kWakeUp) {
        uint64_t ignored;
        if (::read(event_, &ignored, sizeof ignored) < 0) continue;
        continue;
      }
      Client* client;
      {
        std::lock_guard<std::mutex> lock(mutex_);
        client = find(static_cast<uint32_t>(events[i].data.u64));
      }
      // One that closes meanwhile stays until the next round.
      if (client) datagrams += readAll(*client);
    }
    wakeIfNeeded();
    const timespec pause{0, kPauseNs};
    // Arrivals are stamped by the kernel, so that a pause costs no precision.
    if (datagrams >= kBusyRound) nanosleep(&pause, nullptr);
  }
}

size_t Receiver::readAll(Client& client) {
  size_t all = 0;
  for (;;) {
    const size_t count = readSocket(client);
    all += count;
    if (count < kMessages) return all;
  }
}

size_t Receiver::readSocket(Client& client) {
  Batch& batch = *batch_;
  for (size_t i = 0; i < kMessages; i++) {
    batch.parts[i] = {batch.bytes[i], kTrainRoom};
    msghdr& header = batch.messages[i].msg_hdr;
    header = {};
    header.msg_name = &batch.from[i];
    header.msg_namelen = sizeof batch.from[i];
    header.msg_iov = &batch.parts[i];
    header.msg_iovlen = 1;
    header.msg_control = batch.control[i];
    header.msg_controllen = sizeof batch.control[i];
  }
  const int count = recvmmsg(client.fd, batch.messages, kMessages, MSG_DONTWAIT, nullptr);
  if (count <= 0) return 0;
  const double toMonotonic = monotonicMs() - wallMs();
  std::lock_guard<std::mutex> lock(mutex_);
  for (int i = 0; i < count; i++) deliver(client, batch.messages[i], toMonotonic);
  return static_cast<size_t>(count);
}

void Receiver::deliver(Client& client, const mmsghdr& message, double toMonotonic) {
  double at = monotonicMs();
  size_t segment = message.msg_len;
  msghdr header = message.msg_hdr;
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SCM_TIMESTAMPNS) {
      timespec stamp;
      std::memcpy(&stamp, CMSG_DATA(each), sizeof stamp);
      at = static_cast<double>(stamp.tv_sec) * 1e3 + static_cast<double>(stamp.tv_nsec) / 1e6 +
           toMonotonic;
    } else if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_GRO) {
      int size;
      std::memcpy(&size, CMSG_DATA(each), sizeof size);
      if (size > 0) segment = static_cast<size_t>(size);
    } else if (each->cmsg_level == SOL_SOCKET && each->cmsg_type == SO_RXQ_OVFL) {
      uint32_t overflowed;
      std::memcpy(&overflowed, CMSG_DATA(each), sizeof overflowed);
      overflowed_ += overflowed - client.overflowed;
      client.overflowed = overflowed;
    }
  }
  const auto* bytes = static_cast<const uint8_t*>(header.msg_iov->iov_base);
  const auto& from = *static_cast<const sockaddr_storage*>(header.msg_name);
  for (size_t start = 0; start < message.msg_len; start += segment) {
    const size_t length = std::min(segment, message.msg_len - start);
    client.session.receive(bytes + start, length, from, at, outbox_);
  }
}

void Receiver::wakeIfNeeded() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (woken_ || outbox_.events.empty()) return;
    woken_ = true;
  }
  wake_();
}

}  // namespace tailrace::load
