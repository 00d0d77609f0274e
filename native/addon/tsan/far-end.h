#pragma once
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "destination.h"

namespace tailrace {

/** Somebody on loopback who sends to the plane and hears from it. */
class FarEnd {
 public:
  FarEnd() : fd_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in own = loopback(0);
    socklen_t length = sizeof own;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&own), length) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &length) != 0) {
      std::perror("loopback");
      std::exit(2);
    }
    port_ = ntohs(own.sin_port);
  }
  ~FarEnd() { ::close(fd_); }
  FarEnd(const FarEnd&) = delete;

  void connectTo(uint16_t port) {
    const sockaddr_in plane = loopback(port);
    connect(fd_, reinterpret_cast<const sockaddr*>(&plane), sizeof plane);
  }

  /** From now on by TCP, on a connection of its own; what was there before is hung up. */
  void dial(uint16_t port) {
    ::close(fd_);
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    connectTo(port);
    sockaddr_in own{};
    socklen_t length = sizeof own;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&own), &length);
    port_ = ntohs(own.sin_port);
    overTcp_ = true;
    const uint8_t check[22] = {0, 20, 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    send(check, sizeof check);
  }

  /** The way to it, as the plane sees it. */
  Destination destination() const {
    Destination to;
    to.family = AF_INET;
    to.remote.v4 = loopback(port_);
    to.local.v4.s_addr = htonl(INADDR_LOOPBACK);
    to.overTcp = overTcp_;
    return to;
  }

  void send(const uint8_t* datagram, size_t length) {
    static_cast<void>(!::send(fd_, datagram, length, MSG_DONTWAIT | MSG_NOSIGNAL));
  }

  /** Takes all that has come. @returns how many datagrams */
  size_t drain() {
    uint8_t datagram[2048];
    size_t count = 0;
    while (recv(fd_, datagram, sizeof datagram, MSG_DONTWAIT) > 0) count++;
    return count;
  }

 private:
  static sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  int fd_;
  uint16_t port_ = 0;
  bool overTcp_ = false;
};

}  // namespace tailrace
