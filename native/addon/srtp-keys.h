#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "openssl.h"
#include "srtp-transform.h"

namespace tailrace {

struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

/**
 * OpenSSL refuses what we ask of it only where memory ran out; then nothing may leave as if it
 * were protected. @throws std::bad_alloc
 */
void requireOpenssl(bool succeeded);

/** Session keys of one direction for RTP or for RTCP (RFC 3711 §4.3.1), wiped at the end. */
struct SrtpSessionKeys {
  SrtpSessionKeys(SrtpProfile profile, const SrtpMaster& master, SrtpProtocol protocol);
  ~SrtpSessionKeys();
  SrtpSessionKeys(const SrtpSessionKeys&) = delete;
  SrtpSessionKeys& operator=(const SrtpSessionKeys&) = delete;

  uint8_t cipher[16];
  /** 14 bytes for CM, 12 for GCM. */
  uint8_t salt[14];
  /** For HMAC-SHA1; GCM has none. */
  uint8_t authentication[20];
};

}  // namespace tailrace
