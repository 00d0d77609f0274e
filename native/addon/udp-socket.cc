#include "udp-socket.h"

#include <netdb.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "send-control.h"

namespace tailrace {

namespace {

/** Room for a keyframe storm in both directions; the kernel may cap it. */
constexpr int kKernelBuffer = 8 * 1024 * 1024;
/** Of a train; and not a power of two, or all slots would fall into the same lines of the cache. */
constexpr size_t kReceiveRoom = 65'536 + 4096;

/** @returns 0 or errno; scope ids (`fe80::1%eth0`) are kept */
int parseLocal(const std::string& text, Destination& into) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(text.c_str(), nullptr, &hints, &found) != 0) return EINVAL;
  into.family = static_cast<sa_family_t>(found->ai_family);
  std::memcpy(&into.remote, found->ai_addr, into.addressLength());
  freeaddrinfo(found);
  if (into.isV6()) {
    into.local.v6 = into.remote.v6.sin6_addr;
  } else {
    into.local.v4 = into.remote.v4.sin_addr;
  }
  return 0;
}

bool isUnspecified(const Destination& local) {
  return local.isV6() ? IN6_IS_ADDR_UNSPECIFIED(&local.local.v6)
                      : local.local.v4.s_addr == INADDR_ANY;
}

/** @returns bytes granted */
int growBuffer(int fd, int forced, int asked) {
  // Past the machine's limit by privilege, else up to it.
  if (setsockopt(fd, SOL_SOCKET, forced, &kKernelBuffer, sizeof kKernelBuffer) != 0) {
    setsockopt(fd, SOL_SOCKET, asked, &kKernelBuffer, sizeof kKernelBuffer);
  }
  int granted = 0;
  socklen_t length = sizeof granted;
  getsockopt(fd, SOL_SOCKET, asked, &granted, &length);
  return granted;
}

}  // namespace

struct UdpSocket::Buffers {
  /** Slots that the last system call wrote to: those before it need no making ready. */
  size_t used = kReceiveBatch;
  uint8_t bytes[kReceiveBatch][kReceiveRoom];
  mmsghdr messages[kReceiveBatch];
  iovec pieces[kReceiveBatch];
  sockaddr_in6 names[kReceiveBatch];
  /** Where a message came to, and how long the datagrams of a train are. */
  alignas(cmsghdr) uint8_t
      controls[kReceiveBatch][CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int))];
};

UdpSocket::UdpSocket() = default;

UdpSocket::~UdpSocket() { close(); }

int UdpSocket::open(const std::string& address, uint16_t port) {
  close();
  const int unreadable = parseLocal(address, bound_);
  if (unreadable != 0) return unreadable;
  family_ = bound_.family;
  wildcard_ = isUnspecified(bound_);
  fd_ = socket(family_, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return errno;
  const int refused = setOptions();
  const int error = refused != 0 ? refused : bindTo(port);
  if (error != 0) close();
  if (error == 0) buffers_ = std::make_unique<Buffers>();
  return error;
}

void UdpSocket::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  port_ = 0;
  kernelBuffer_ = 0;
  wildcard_ = false;
}

Destination UdpSocket::bound() const {
  Destination at = bound_;
  (at.isV6() ? at.remote.v6.sin6_port : at.remote.v4.sin_port) = htons(port_);
  return at;
}

bool UdpSocket::owns(const Destination& to) const {
  if (to.family != family_) return false;
  if (wildcard_) return true;
  return to.isV6() ? IN6_ARE_ADDR_EQUAL(&bound_.local.v6, &to.local.v6)
                   : bound_.local.v4.s_addr == to.local.v4.s_addr;
}

int UdpSocket::setOptions() {
  const int on = 1;
  const bool v6 = family_ == AF_INET6;
  if (v6 && setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) return errno;
  if (wildcard_) {
    const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
    const int option = v6 ? IPV6_RECVPKTINFO : IP_PKTINFO;
    if (setsockopt(fd_, level, option, &on, sizeof on) != 0) return errno;
  }
  // Of another node, or a publisher, many packets come in a row: taken as one they cost as one.
  trains_ = setsockopt(fd_, IPPROTO_UDP, UDP_GRO, &on, sizeof on) == 0;
  // Media that a narrow link cuts in two still arrives; with DF it would be an error, and lost. A
  // kernel that refuses this loses only such packets.
  const int never = v6 ? IPV6_PMTUDISC_DONT : IP_PMTUDISC_DONT;
  setsockopt(fd_, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, &never,
             sizeof never);
  kernelBuffer_ = std::min(growBuffer(fd_, SO_RCVBUFFORCE, SO_RCVBUF),
                           growBuffer(fd_, SO_SNDBUFFORCE, SO_SNDBUF));
  return 0;
}

int UdpSocket::bindTo(uint16_t port) {
  port_ = port;
  Destination at = bound();
  if (bind(fd_, at.address(), at.addressLength()) != 0) return errno;
  socklen_t length = sizeof at.remote;
  if (getsockname(fd_, reinterpret_cast<sockaddr*>(&at.remote), &length) != 0) return errno;
  port_ = at.port();
  return 0;
}

// Messages in the buffers, or -1 with errno.
int UdpSocket::receive() {
  Buffers& all = *buffers_;
  for (size_t i = 0; i < all.used; i++) {
    all.pieces[i] = {all.bytes[i], kReceiveRoom};
    msghdr& header = all.messages[i].msg_hdr;
    header = {};
    header.msg_name = &all.names[i];
    header.msg_namelen = sizeof all.names[i];
    header.msg_iov = &all.pieces[i];
    header.msg_iovlen = 1;
    const bool isTold = wildcard_ || trains_;
    header.msg_control = isTold ? all.controls[i] : nullptr;
    header.msg_controllen = isTold ? sizeof all.controls[i] : 0;
  }
  if (!oneByOne_) {
    const int count = recvmmsg(fd_, all.messages, kReceiveBatch, MSG_TRUNC, nullptr);
    // A filter of system calls may not know this one.
    oneByOne_ = count < 0 && (errno == ENOSYS || errno == EPERM);
    all.used = static_cast<size_t>(std::max(count, 0));
    if (!oneByOne_) return count;
  }
  int count = 0;
  while (count < static_cast<int>(kReceiveBatch)) {
    const ssize_t length = recvmsg(fd_, &all.messages[count].msg_hdr, MSG_TRUNC);
    if (length < 0) break;
    all.messages[count++].msg_len = static_cast<unsigned>(length);
  }
  all.used = static_cast<size_t>(count);
  return count;
}

size_t UdpSocket::take() {
  taken_ = fd_ < 0 ? 0 : static_cast<size_t>(std::max(receive(), 0));
  return taken_;
}

bool UdpSocket::describe(ReceivedDatagram& datagram, size_t slot, size_t& bytes) const {
  Buffers& all = *buffers_;
  mmsghdr& message = all.messages[slot];
  Destination& from = datagram.from;
  if (all.names[slot].sin6_family != family_) return false;
  from.family = family_;
  std::memcpy(&from.remote, &all.names[slot], from.addressLength());
  from.refusesTrains = false;
  datagram.bytes = all.bytes[slot];
  // More than there was room for is told, and not there.
  bytes = std::min<size_t>(message.msg_len, kReceiveRoom);
  datagram.length = bytes;
  from.local = bound_.local;
  bool isKnown = !wildcard_;
  msghdr& header = message.msg_hdr;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      in_pktinfo to;
      std::memcpy(&to, CMSG_DATA(control), sizeof to);
      from.local.v4 = to.ipi_addr;
      isKnown = true;
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo to;
      std::memcpy(&to, CMSG_DATA(control), sizeof to);
      from.local.v6 = to.ipi6_addr;
      isKnown = true;
    } else if (control->cmsg_level == IPPROTO_UDP && control->cmsg_type == UDP_GRO) {
      int segment = 0;
      std::memcpy(&segment, CMSG_DATA(control), sizeof segment);
      if (segment > 0) datagram.length = std::min(bytes, static_cast<size_t>(segment));
    }
  }
  return isKnown;
}

int UdpSocket::send(const uint8_t* datagram, size_t length, const Destination& to) {
  if (fd_ < 0) return EBADF;
  if (to.family != family_) return EAFNOSUPPORT;
  iovec piece{const_cast<uint8_t*>(datagram), length};
  msghdr header{};
  header.msg_name = const_cast<sockaddr*>(to.address());
  header.msg_namelen = to.addressLength();
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  SendControl control;
  if (wildcard_) control.addSource(header, to);
  while (sendmsg(fd_, &header, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace tailrace
