#include "tcp-acceptor.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace tailrace {

/** Connections that may wait to be accepted. */
constexpr int kListenBacklog = 512;
/**
 * Bytes in the kernel that are not yet on the wire: more of them would be a queue in which media
 * grows old. What is on the wire is TCP's business.
 */
constexpr int kUnsentBytes = 64 * 1024;

int TcpAcceptor::open(const Destination& at) {
  close();
  fd_ = socket(at.family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  const int on = 1;
  // Connections of the process before us are no reason not to listen.
  setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (at.isV6()) setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (bind(fd_, at.address(), at.addressLength()) == 0 && listen(fd_, kListenBacklog) == 0) {
    spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    return 0;
  }
  const int error = errno;
  close();
  return error;
}

void TcpAcceptor::close() {
  for (int* fd : {&fd_, &spare_}) {
    if (*fd >= 0) ::close(std::exchange(*fd, -1));
  }
}

int TcpAcceptor::accept(Destination& from) {
  const int fd = acceptAnyhow();
  if (fd < 0) return -1;
  sockaddr_in6 name{};
  socklen_t length = sizeof name;
  from = {};
  from.overTcp = true;
  // Whoever has gone meanwhile has no name any more.
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
    ::close(fd);
    return accept(from);
  }
  from.family = name.sin6_family;
  std::memcpy(&from.remote, &name, from.addressLength());
  length = sizeof name;
  getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length);
  if (from.isV6()) {
    from.local.v6 = name.sin6_addr;
  } else {
    from.local.v4 = reinterpret_cast<const sockaddr_in&>(name).sin_addr;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof kUnsentBytes);
  return fd;
}

// Without a descriptor to spare, what waits would keep us awake for ever.
int TcpAcceptor::acceptAnyhow() {
  for (;;) {
    const int fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    if (errno == EINTR || errno == ECONNABORTED) continue;
    if ((errno != EMFILE && errno != ENFILE) || spare_ < 0) return -1;
    ::close(std::exchange(spare_, -1));
    const int refused = ::accept(fd_, nullptr, nullptr);
    if (refused >= 0) resetConnection(refused);
    spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (refused < 0) return -1;
  }
}

void resetConnection(int fd) {
  const linger none{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(fd);
}

}  // namespace tailrace
