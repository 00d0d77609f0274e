#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "media-sockets.h"
#include "path-hash.h"
#include "tcp-acceptor.h"
#include "tcp-connection.h"
#include "tcp-frames.h"
#include "tcp-guests.h"

namespace tailrace {

/** What comes by TCP, told on the receiving thread. */
class TcpListener : public CongestionListener {
 public:
  /** One frame: what a datagram would have held. Bytes are borrowed. */
  virtual void frame(const uint8_t* bytes, size_t length, const Destination& from) = 0;
  /** The frames that came at once have been told. */
  virtual void framesEnd() = 0;
};

/**
 * The media port over TCP: passive candidates (RFC 6544), frames of RFC 4571. Everybody may
 * connect; who is not a peer's within ten seconds, says anything but STUN first, or sends what is
 * no frame has to go, and so has who is silent for longer than consent lasts.
 */
class TcpPort {
 public:
  explicit TcpPort(TcpListener& listener);
  ~TcpPort() { close(); }
  TcpPort(const TcpPort&) = delete;

  /**
   * Listens at every address and port of those sockets.
   * @returns 0, or errno; `failedAddress` then tells where
   */
  int open(const MediaSockets& sockets, const std::vector<std::string>& addresses);
  /** When nobody else calls any more. Idempotent. */
  void close();
  const std::string& failedAddress() const { return failedAddress_; }

  /** Readable when `turn` has something to do; −1 before `open`. */
  int fd() const { return epoll_; }
  /** Accepts, reads, sends and closes what is due. On the receiving thread. */
  void turn();

  /** Null when it is gone. On any thread. */
  std::shared_ptr<TcpConnection> find(const Destination& path) const;
  /**
   * A peer's authenticated check came there: it may stay. On any thread.
   * @returns whether for the first time
   */
  bool prove(const Destination& path);

 private:
  struct Guest {
    std::shared_ptr<TcpConnection> connection;
    /** With the connection. */
    Destination from;
    TcpFrames frames;
    /** Monotonic ms. */
    double acceptedAt;
    double heardAt;
    bool hasSpoken = false;
  };
  using Guests = std::unordered_map<uint64_t, std::unique_ptr<Guest>>;

  int watch(int fd, uint64_t id);
  void acceptAll(TcpAcceptor& acceptor);
  void enter(int fd, const Destination& from);
  void serve(uint64_t id, uint32_t events);
  bool read(uint64_t id, Guest& guest);
  bool isWelcome(uint64_t id, Guest& guest, const uint8_t* frame, size_t length);
  void sweep();
  void remove(uint64_t id, bool reset);

  TcpListener& listener_;
  int epoll_ = -1;
  int timer_ = -1;
  std::vector<std::unique_ptr<TcpAcceptor>> acceptors_;
  std::string failedAddress_;
  uint64_t nextId_;
  std::unique_ptr<uint8_t[]> room_;
  /** For what follows. Only the receiving thread adds and removes guests. */
  mutable std::mutex mutex_;
  Guests guests_;
  std::unordered_map<Destination, uint64_t, HashPath, SamePath> byPath_;
  TcpGuests admission_;
};

}  // namespace tailrace
