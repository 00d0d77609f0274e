#pragma once
#include <cstddef>
#include <cstdint>

#include "destination.h"

namespace tailrace {

/** Room for one datagram under construction: the Ethernet MTU and an SRTP tag, with slack. */
constexpr size_t kDatagramRoom = 2048;

/** Where a shard's datagrams go: a socket, or whatever a test looks at. */
class DatagramSink {
 public:
  virtual ~DatagramSink() = default;
  /** @returns `kDatagramRoom` bytes to build the next datagram in, valid until `send` */
  virtual uint8_t* take() = 0;
  /**
   * Sends what was built in the bytes last taken. May keep it for a train until `flush`.
   * @param to must outlive the next `flush`; its `refusesTrains` may be set
   */
  virtual void send(Destination& to, size_t length) = 0;
  /** Nothing is kept any longer. */
  virtual void flush() = 0;
};

}  // namespace tailrace
