#pragma once
#include <sys/uio.h>

#include <array>
#include <cstdint>

#include "send-control.h"
#include "train-sender.h"
#include "udp-socket.h"

namespace tailrace {

/** Messages of one sendmmsg. Far below UIO_MAXIOV; beyond some dozens more gain nothing. */
constexpr size_t kSendBatch = 256;
/**
 * Segments of one train. The cost of a message is spread well by then, and no queue on the way
 * sees a burst longer than a frame.
 */
constexpr size_t kTrainSegments = 16;
/** Bytes of one train: an IP datagram's 65,535 without headers. */
constexpr size_t kTrainBytes = 65'000;

/**
 * What waits to leave by one socket: messages, each a datagram or a train. Bytes and
 * destinations are borrowed until `flush`.
 */
class SendQueue {
 public:
  SendQueue(Rung rung, UdpSocket& socket, SendCounters& counters)
      : rung_(rung), socket_(socket), counters_(counters) {}
  SendQueue(const SendQueue&) = delete;

  bool isFull() const { return count_ == kSendBatch; }
  /** Begins a new message. Not when full. */
  void begin(Destination& to, uint8_t* datagram, size_t length);
  /** Whether the newest message may be one datagram of that length longer. */
  bool continues(const Destination& to, const uint8_t* datagram, size_t length) const;
  /** Makes the newest message longer, after `continues`. */
  void extend(size_t length);
  /**
   * Sends all. One destination's error costs the others nothing.
   *
   * @param patience ms that may be spent on waiting for room; takes off what was
   */
  void flush(double& patience);

 private:
  struct Train {
    Destination* to;
    /** Bytes of every segment but the last. */
    uint16_t segment;
    uint16_t count;
    /** No shorter segment has ended it. */
    bool open;
  };

  int transmit(size_t at);
  void afterError(int error, size_t at, double& patience);
  void sendSingly(size_t at, double& patience);
  bool waitForRoom(double& patience);
  void dropFrom(size_t at);

  const Rung rung_;
  UdpSocket& socket_;
  SendCounters& counters_;
  size_t count_ = 0;
  /**
   * The socket was full for longer than the patience. Until half of it is empty nothing waits
   * for it again, or a line that has come to a stop would stall the shard with every batch.
   */
  bool givenUp_ = false;
  std::array<mmsghdr, kSendBatch> messages_{};
  std::array<iovec, kSendBatch> pieces_{};
  std::array<Train, kSendBatch> trains_{};
  std::array<SendControl, kSendBatch> controls_{};
};

}  // namespace tailrace
