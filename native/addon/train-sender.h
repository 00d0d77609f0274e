#pragma once
#include <cstdint>
#include <memory>

#include "counter.h"
#include "datagram-sink.h"
#include "media-sockets.h"

namespace tailrace {

/** How datagrams reach the kernel, best last (DESIGN §7). */
enum class Rung : uint8_t { kSendto, kSendmmsg, kGso };

/** The best rung that this kernel has, tried on a socket of its own. */
Rung bestRung();

/** Written by the shard's thread. */
struct SendCounters {
  Counter datagrams;
  /** Failed for a reason of their destination: unreachable, refused … */
  Counter errors;
  /** Dropped after waiting `kSendPatience` for room in the socket. */
  Counter droppedFull;
  /** Trains that a path refused and that went as single datagrams. */
  Counter trainsRefused;
};

/** Longest wait for room in full sockets until a `flush` ends, in ms: a frame at 30 a second. */
constexpr double kSendPatience = 33;

/**
 * Sends a shard's datagrams, many a system call: consecutive datagrams to one destination join a
 * train (UDP_SEGMENT: equal sizes, the last may be shorter, ≤ 16 segments and < 64 KiB), and
 * many trains leave by one sendmmsg. A full socket is waited for by POLLOUT; one destination's
 * error costs the others nothing. One thread only.
 */
class TrainSender final : public DatagramSink {
 public:
  /** @param sockets open; they outlive this */
  TrainSender(Rung rung, const MediaSockets& sockets, SendCounters& counters);
  ~TrainSender() override;

  uint8_t* take() override;
  void send(Destination& to, size_t length) override;
  void flush() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tailrace
