#pragma once
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

#include "destination.h"

#ifndef UDP_SEGMENT
// Since Linux 4.18; older headers know nothing of it, older kernels refuse it.
#define UDP_SEGMENT 103
#endif

namespace tailrace {

/** Control messages of one sendmsg: the source address and the segment size at most. */
struct SendControl {
  alignas(cmsghdr) uint8_t bytes[CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t))];

  /** Leaves from `to.local`, whatever the routing table prefers; unspecified leaves it to that. */
  void addSource(msghdr& header, const Destination& to) {
    if (to.isV6()) {
      if (IN6_IS_ADDR_UNSPECIFIED(&to.local.v6)) return;
      in6_pktinfo source{};
      source.ipi6_addr = to.local.v6;
      add(header, IPPROTO_IPV6, IPV6_PKTINFO, source);
    } else {
      if (to.local.v4.s_addr == INADDR_ANY) return;
      in_pktinfo source{};
      source.ipi_spec_dst = to.local.v4;
      add(header, IPPROTO_IP, IP_PKTINFO, source);
    }
  }

  /** The payload is a train: cut it every `size` bytes. */
  void addSegments(msghdr& header, uint16_t size) { add(header, SOL_UDP, UDP_SEGMENT, size); }

 private:
  template <typename T>
  void add(msghdr& header, int level, int type, const T& value) {
    uint8_t* at = bytes + header.msg_controllen;
    // The kernel reads no padding, but what reads uninitialised bytes is told apart from a bug.
    std::memset(at, 0, CMSG_SPACE(sizeof(T)));
    auto* control = reinterpret_cast<cmsghdr*>(at);
    control->cmsg_level = level;
    control->cmsg_type = type;
    control->cmsg_len = CMSG_LEN(sizeof(T));
    std::memcpy(CMSG_DATA(control), &value, sizeof(T));
    header.msg_control = bytes;
    header.msg_controllen += CMSG_SPACE(sizeof(T));
  }
};

}  // namespace tailrace
