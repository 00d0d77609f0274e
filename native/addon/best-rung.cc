#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "send-control.h"
#include "train-sender.h"

namespace tailrace {

namespace {

/** Ms to wait for what was sent over loopback, where it arrives before the call returns. */
constexpr int kProbeWait = 100;

/** A socket bound to a free port of loopback, and its address. */
struct ProbeSocket {
  ProbeSocket() {
    at.family = AF_INET;
    at.remote.v4 = {};
    at.remote.v4.sin_family = AF_INET;
    at.remote.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bindLoopback()) return;
    at.family = AF_INET6;
    at.remote.v6 = {};
    at.remote.v6.sin6_family = AF_INET6;
    at.remote.v6.sin6_addr = in6addr_loopback;
    bindLoopback();
  }
  ~ProbeSocket() { release(); }
  ProbeSocket(const ProbeSocket&) = delete;

  bool receives(size_t length) const {
    pollfd readable{fd, POLLIN, 0};
    uint8_t bytes[16];
    return poll(&readable, 1, kProbeWait) == 1 &&
           recv(fd, bytes, sizeof bytes, 0) == static_cast<ssize_t>(length);
  }

  int fd = -1;
  Destination at;

 private:
  bool bindLoopback() {
    release();
    fd = socket(at.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t length = at.addressLength();
    return fd >= 0 && bind(fd, at.address(), length) == 0 &&
           getsockname(fd, reinterpret_cast<sockaddr*>(&at.remote), &length) == 0;
  }

  void release() {
    if (fd >= 0) close(fd);
  }
};

}  // namespace

Rung bestRung() {
  const ProbeSocket probe;
  uint8_t train[6] = {};
  iovec piece{train, sizeof train};
  mmsghdr message{};
  msghdr& header = message.msg_hdr;
  header.msg_name = const_cast<sockaddr*>(probe.at.address());
  header.msg_namelen = probe.at.addressLength();
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  SendControl control;
  control.addSegments(header, 4);
  // A kernel that does not know the option refuses the message, or sends it as one datagram.
  if (sendmmsg(probe.fd, &message, 1, 0) == 1 && probe.receives(4) && probe.receives(2)) {
    return Rung::kGso;
  }
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  piece.iov_len = 1;
  return sendmmsg(probe.fd, &message, 1, 0) == 1 ? Rung::kSendmmsg : Rung::kSendto;
}

}  // namespace tailrace
