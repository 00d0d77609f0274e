#pragma once
#include <netinet/in.h>

#include <cstdint>
#include <cstring>
#include <memory>

namespace tailrace {

class TcpConnection;

/**
 * Where datagrams go, and the local address that they leave from: a peer's ICE agent knows no
 * other. `native/path.ts` in the kernel's form.
 */
struct Destination {
  /** AF_INET or AF_INET6. */
  sa_family_t family = AF_UNSPEC;
  union {
    sockaddr_in v4;
    sockaddr_in6 v6;
  } remote{};
  union {
    in_addr v4;
    in6_addr v6;
  } local{};
  /** The way there refused a segmented train (EMSGSIZE, EIO, EINVAL): one datagram at a time. */
  bool refusesTrains = false;
  /** Frames on a connection that the peer made, instead of datagrams. */
  bool overTcp = false;
  /** Null for datagrams, and when there was none any more: then nothing leaves. */
  std::shared_ptr<TcpConnection> connection;

  bool isV6() const { return family == AF_INET6; }
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&remote); }
  socklen_t addressLength() const { return isV6() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
  uint16_t port() const { return ntohs(isV6() ? remote.v6.sin6_port : remote.v4.sin_port); }

  /** Same transport, remote address and port, and same local address. */
  bool samePath(const Destination& other) const {
    if (family != other.family || port() != other.port() || overTcp != other.overTcp) return false;
    if (!isV6()) {
      return remote.v4.sin_addr.s_addr == other.remote.v4.sin_addr.s_addr &&
             local.v4.s_addr == other.local.v4.s_addr;
    }
    return std::memcmp(&remote.v6.sin6_addr, &other.remote.v6.sin6_addr, 16) == 0 &&
           std::memcmp(&local.v6, &other.local.v6, 16) == 0;
  }
};

}  // namespace tailrace
