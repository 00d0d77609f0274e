#pragma once
#include <cstdint>
#include <utility>

#include "destination.h"

namespace tailrace {

/** A listening socket at one local address. */
class TcpAcceptor {
 public:
  TcpAcceptor() = default;
  ~TcpAcceptor() { close(); }
  TcpAcceptor(const TcpAcceptor&) = delete;

  /**
   * @param at where to listen: its `remote` is our address and port
   * @returns 0, or errno of the system call that failed
   */
  int open(const Destination& at);
  void close();
  int fd() const { return fd_; }

  /**
   * @param from gets the path of the connection, which has no `connection` yet
   * @returns the next connection that waits, non-blocking; −1 when none does
   */
  int accept(Destination& from);

 private:
  int acceptAnyhow();

  int fd_ = -1;
  /** Kept for a process without any descriptor left: to take what waits, and close it. */
  int spare_ = -1;
};

/** Gives up a connection at once, and leaves nothing of it in the kernel. */
void resetConnection(int fd);

}  // namespace tailrace
