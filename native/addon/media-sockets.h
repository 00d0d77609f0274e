#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "udp-socket.h"

namespace tailrace {

/**
 * The media port: one socket for each local address. What leaves an address by a slow line fills
 * the buffer of that socket, and holds up nobody at another one.
 */
class MediaSockets {
 public:
  /**
   * @param addresses in text form, of both families
   * @param port 0 takes a free one, the same for all
   * @returns 0, or errno; `failedAddress` then tells where
   */
  int open(const std::vector<std::string>& addresses, uint16_t port);
  void close();

  size_t count() const { return sockets_.size(); }
  UdpSocket& at(size_t place) const { return *sockets_[place]; }
  /** The place of the socket that `to.local` belongs to; `count` if that is none of ours. */
  size_t placeOf(const Destination& to) const;

  uint16_t port() const;
  /** Of the smallest, in bytes. */
  int kernelBuffer() const;
  const std::string& failedAddress() const { return failedAddress_; }

 private:
  std::vector<std::unique_ptr<UdpSocket>> sockets_;
  std::string failedAddress_;
};

}  // namespace tailrace
