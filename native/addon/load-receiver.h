#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "load-session.h"

namespace tailrace::load {

/** Room for one train of datagrams that the kernel hands over as one (UDP_GRO). */
constexpr size_t kTrainRoom = 65536;
/** Sockets' messages taken by one system call. */
constexpr size_t kMessages = 16;

/**
 * Many clients of a server, each with a UDP socket and port of its own, read by one thread.
 * All methods are for one other thread, JavaScript's.
 */
class Receiver {
 public:
  /**
   * @param wake called on the receiving thread when the outbox is no longer empty, once until
   *   the next `drain`
   */
  explicit Receiver(std::function<void()> wake);
  ~Receiver();
  Receiver(const Receiver&) = delete;

  /** @returns 0, or errno where no thread is to be had */
  int start();
  /** Ends the thread, and closes all sockets. */
  void stop();

  struct Opened {
    /** Never used again. Meaningless after an error. */
    uint32_t session;
    uint16_t port;
    /** 0 or errno. */
    int error;
  };
  Opened open(int family, std::vector<Format> formats, uint8_t transportCcId);
  void close(uint32_t session);

  /** @returns 0 or errno */
  int send(uint32_t session, const uint8_t* bytes, size_t length, const sockaddr_storage& to);
  void handUpAll(uint32_t session, bool all);

  /**
   * Moves what waits into an outbox that was emptied. Its `dropped` counts the messages, too, that
   * found their socket full.
   */
  void drain(Outbox& into);
  /** @param into room for `HeaderCounter::kFigures` times 8 @returns streams written */
  size_t read(uint32_t session, double now, double* into);
  std::vector<TransportArrival> takeArrivals(uint32_t session);
  bool restore(uint32_t session, uint32_t ssrc, const SeenPacket& packet);

 private:
  struct Client {
    Client(uint32_t id, std::vector<Format> formats, uint8_t transportCcId, int socket)
        : session(id, std::move(formats), transportCcId), fd(socket) {}
    ~Client();
    Session session;
    const int fd;
    /** Messages that found the socket full, as the kernel last said. */
    uint32_t overflowed = 0;
  };

  Client* find(uint32_t session);
  void run();
  size_t readAll(Client& client);
  size_t readSocket(Client& client);
  void deliver(Client& client, const struct mmsghdr& message, double toMonotonic);
  void wakeIfNeeded();

  const std::function<void()> wake_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  int epoll_ = -1, event_ = -1;
  struct Batch;
  std::unique_ptr<Batch> batch_;

  /** Guards everything below. Only JavaScript's thread changes `clients_`. */
  std::mutex mutex_;
  /** By the low bits of the id. */
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<uint32_t> freePlaces_;
  /** Closed by the receiving thread, which may be reading them. */
  std::vector<std::unique_ptr<Client>> leaving_;
  Outbox outbox_;
  uint64_t overflowed_ = 0;
  bool woken_ = false;
};

}  // namespace tailrace::load
