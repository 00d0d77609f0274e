#pragma once
#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

namespace tailrace::bench {

/**
 * A UDP port on every address of this machine whose datagrams the kernel drops: what is sent to it
 * costs the sender the whole way of a datagram, and nobody reads.
 */
class KernelSink {
 public:
  KernelSink() {
    fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    // One instruction: keep nothing of the datagram (socket(7), SO_ATTACH_FILTER).
    sock_filter keepNothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &keepNothing};
    sockaddr_in at{};
    at.sin_family = AF_INET;
    socklen_t length = sizeof at;
    if (fd_ < 0 || setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
        bind(fd_, reinterpret_cast<sockaddr*>(&at), length) != 0 ||
        getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &length) != 0) {
      return;
    }
    port_ = ntohs(at.sin_port);
  }
  ~KernelSink() {
    if (fd_ >= 0) close(fd_);
  }
  KernelSink(const KernelSink&) = delete;

  /** 0 where it could not be had. */
  uint16_t port() const { return port_; }

 private:
  int fd_ = -1;
  uint16_t port_ = 0;
};

}  // namespace tailrace::bench
