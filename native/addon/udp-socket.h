#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>

#include "destination.h"

namespace tailrace {

/** A datagram as the kernel gave it. `from.local` is the address that it came to. */
struct ReceivedDatagram {
  const uint8_t* bytes;
  size_t length;
  Destination from;
};

/**
 * Messages taken from the kernel by one system call at most. Each is a datagram, or a train of
 * them from one sender that the kernel has not taken apart (UDP_GRO).
 */
constexpr size_t kReceiveBatch = 64;

/**
 * The media port at one local address. Bound to `0.0.0.0` or `::`, IP_PKTINFO tells and sets the
 * local address of each datagram. Never blocks. Sends may come from any thread.
 */
class UdpSocket {
 public:
  UdpSocket();
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;

  /**
   * @param address in text form
   * @param port 0 takes a free one
   * @returns 0, or errno of the system call that failed
   */
  int open(const std::string& address, uint16_t port);
  void close();

  int fd() const { return fd_; }
  uint16_t port() const { return port_; }
  sa_family_t family() const { return family_; }
  /** Its address and port, as `remote`. */
  Destination bound() const;
  /** Whether `to.local` is this socket's address, or any when it is bound to all. */
  bool owns(const Destination& to) const;
  /** Bound to all addresses: each datagram has to say which one it leaves from. */
  bool isWildcard() const { return wildcard_; }
  /** The smaller of both socket buffers that the kernel granted, in bytes of its own counting. */
  int kernelBuffer() const { return kernelBuffer_; }

  /** Takes one batch from the kernel. @returns messages, at most kReceiveBatch; 0 when none waits */
  size_t take();
  /** Hands over every datagram of the batch, in order. @param use is given a `ReceivedDatagram` */
  template <typename Use>
  void each(const Use& use) {
    for (size_t slot = 0; slot < taken_; slot++) {
      ReceivedDatagram datagram;
      size_t left = 0;
      if (!describe(datagram, slot, left)) continue;
      const size_t segment = datagram.length;
      // Once also for an empty one.
      do {
        datagram.length = left < segment ? left : segment;
        use(datagram);
        datagram.bytes += datagram.length;
        left -= datagram.length;
      } while (left > 0);
    }
  }
  /** One datagram at once, by sendmsg. @returns 0 or errno */
  int send(const uint8_t* datagram, size_t length, const Destination& to);

 private:
  struct Buffers;

  int bindTo(uint16_t port);
  int setOptions();
  int receive();
  /**
   * @param datagram gets the first of the message: the others follow it and are as long, but for the
   *   last
   * @param bytes of them all
   * @returns false when the kernel did not say where from or to
   */
  bool describe(ReceivedDatagram& datagram, size_t slot, size_t& bytes) const;

  int fd_ = -1;
  uint16_t port_ = 0;
  sa_family_t family_ = AF_UNSPEC;
  bool wildcard_ = false;
  /** The kernel may hand over trains. */
  bool trains_ = false;
  size_t taken_ = 0;
  int kernelBuffer_ = 0;
  /** Where it is bound: its `local` and its `remote` are the same address of ours. */
  Destination bound_;
  /** The kernel, or what filters its calls, has no recvmmsg. */
  bool oneByOne_ = false;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace tailrace
