#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "openssl.h"
#include "srtp-keys.h"

namespace tailrace {

constexpr size_t kSha1Length = 20;

/** HMAC-SHA1 (RFC 2104) of one key: each message starts from copies of two hashed states. */
class HmacSha1 {
 public:
  /** @param length of the key, 64 bytes at most */
  HmacSha1(const uint8_t* key, size_t length) {
    begin(inner_, key, length, 0x36);
    begin(outer_, key, length, 0x5c);
  }

  /** Of `message` and what stands behind it, `rest`, of which there may be nothing. */
  void digest(const uint8_t* message, size_t length, const uint8_t* rest, size_t restLength,
              uint8_t (&out)[kSha1Length]) const {
    SHA_CTX state = inner_;
    bool succeeded = SHA1_Update(&state, message, length) == 1;
    if (restLength > 0) succeeded &= SHA1_Update(&state, rest, restLength) == 1;
    succeeded &= SHA1_Final(out, &state) == 1;
    state = outer_;
    succeeded &= SHA1_Update(&state, out, kSha1Length) == 1 && SHA1_Final(out, &state) == 1;
    requireOpenssl(succeeded);
  }

 private:
  static constexpr size_t kBlock = 64;

  static void begin(SHA_CTX& state, const uint8_t* key, size_t length, uint8_t pad) {
    uint8_t block[kBlock];
    std::memset(block, pad, sizeof block);
    for (size_t i = 0; i < length && i < kBlock; i++) block[i] ^= key[i];
    requireOpenssl(SHA1_Init(&state) == 1 && SHA1_Update(&state, block, sizeof block) == 1);
    OPENSSL_cleanse(block, sizeof block);
  }

  SHA_CTX inner_;
  SHA_CTX outer_;
};

}  // namespace tailrace
