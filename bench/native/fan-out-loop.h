#pragma once
#include <netinet/in.h>
#include <sys/uio.h>

#include <cstdint>
#include <vector>

#include "openssl.h"

namespace tailrace::bench {

/** Packets that came together: what a publisher sends at one time. */
struct Arrival {
  /** Ms from the start. */
  double at;
  uint32_t packets;
  /** Bytes of each RTP payload. */
  uint32_t payload;
};

/**
 * The bare work of a fan-out, as a reference: for each viewer, for each packet of a batch, a
 * header rewritten and AES-128-GCM with a context keyed once, then one train per viewer, many
 * of them a system call. No log, no pacing, no repair, no error is handled.
 */
class FanOutLoop {
 public:
  /** Viewers are 127.1.x.y at that port. */
  FanOutLoop(size_t viewers, uint16_t port);
  ~FanOutLoop();
  FanOutLoop(const FanOutLoop&) = delete;

  /**
   * @param realTime waits for the time of each arrival; else one follows the other at once
   * @returns datagrams sent
   */
  uint64_t run(const std::vector<Arrival>& arrivals, bool realTime);

 private:
  struct Viewer {
    sockaddr_in address;
    EVP_CIPHER_CTX* cipher;
    uint32_t ssrc;
    uint8_t salt[12];
    uint64_t index;
  };

  void send(const Arrival& arrival);
  size_t protect(Viewer& viewer, uint32_t payload, uint8_t* out);
  void flush();

  int fd_;
  std::vector<Viewer> viewers_;
  std::vector<uint8_t> arena_;
  size_t used_ = 0;
  std::vector<struct mmsghdr> messages_;
  std::vector<iovec> pieces_;
  std::vector<uint8_t> controls_;
  size_t count_ = 0;
  uint64_t sent_ = 0;
};

}  // namespace tailrace::bench
