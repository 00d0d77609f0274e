#pragma once
#include <cstdint>

#include "openssl.h"

namespace tailrace::bench {

/**
 * The bare work of receiving, as a reference: datagrams in batches, AES-128-GCM with a context
 * keyed once, packets one after another in memory. No replay window, no SSRC is looked up.
 */
class ReceiveLoop {
 public:
  /** @param key 16 bytes @param salt 12 bytes, of the one sender */
  ReceiveLoop(const uint8_t* key, const uint8_t* salt);
  ~ReceiveLoop();
  ReceiveLoop(const ReceiveLoop&) = delete;

  /** On 127.0.0.1; 0 where it could not be bound. */
  uint16_t port() const { return port_; }
  /** Takes that many packets, or those that come until none has come for two seconds. */
  uint64_t receive(uint64_t packets);

 private:
  bool unprotect(const uint8_t* datagram, int length);

  int fd_;
  uint16_t port_ = 0;
  EVP_CIPHER_CTX* cipher_;
  uint8_t salt_[12];
};

}  // namespace tailrace::bench
