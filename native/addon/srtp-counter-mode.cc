#include <cstring>

#include "bytes.h"
#include "hmac-sha1.h"
#include "openssl.h"
#include "srtp-keys.h"
#include "srtp-transform.h"

namespace tailrace {

namespace {

/** AES128_CM_HMAC_SHA1_80 (RFC 3711 §4.1.1, §4.2.1). Counter mode is its own inverse. */
class CounterModeTransform final : public SrtpTransform {
 public:
  explicit CounterModeTransform(const SrtpSessionKeys& keys)
      : context_(EVP_CIPHER_CTX_new()), hmac_(keys.authentication, sizeof keys.authentication) {
    std::memcpy(salt_, keys.salt, sizeof salt_);
    requireOpenssl(context_ && EVP_EncryptInit_ex(context_.get(), EVP_aes_128_ctr(), nullptr,
                                                  keys.cipher, nullptr) == 1);
  }

  void sealRtp(const CipherPosition& at, uint8_t* packet, size_t headerLength,
               const uint8_t* payload, size_t payloadLength) override {
    apply(at, payload, payloadLength, packet + headerLength);
    const size_t end = headerLength + payloadLength;
    writeTag(packet, end, rollover(at).bytes, packet + end);
  }

  bool openRtp(const CipherPosition& at, const uint8_t* datagram, size_t headerLength, size_t end,
               uint8_t* into) override {
    if (!tagFits(datagram, end, rollover(at).bytes)) return false;
    std::memcpy(into, datagram, headerLength);
    apply(at, datagram + headerLength, end - headerLength, into + headerLength);
    return true;
  }

  // The word is part of what is authenticated (RFC 3711 §3.4), with no suffix.
  void sealRtcp(const CipherPosition& at, uint8_t* compound, size_t length,
                uint32_t word) override {
    uint8_t* const body = compound + kSrtcpClearLength;
    apply(at, body, length - kSrtcpClearLength, body);
    write32(compound + length, word);
    const size_t end = length + kSrtcpWordLength;
    writeTag(compound, end, nullptr, compound + end);
  }

  bool openRtcp(const CipherPosition& at, const uint8_t* datagram, size_t end,
                uint8_t* into) override {
    if (!tagFits(datagram, end + kSrtcpWordLength, nullptr)) return false;
    std::memcpy(into, datagram, kSrtcpClearLength);
    apply(at, datagram + kSrtcpClearLength, end - kSrtcpClearLength, into + kSrtcpClearLength);
    return true;
  }

 private:
  struct Rollover {
    uint8_t bytes[4];
  };

  static Rollover rollover(const CipherPosition& at) {
    Rollover suffix;
    write32(suffix.bytes, at.high);
    return suffix;
  }

  void apply(const CipherPosition& at, const uint8_t* in, size_t length, uint8_t* out) {
    if (length == 0) return;
    uint8_t iv[16] = {};
    std::memcpy(iv, salt_, sizeof salt_);
    write32(iv + 4, read32(iv + 4) ^ at.ssrc);
    write32(iv + 8, read32(iv + 8) ^ at.high);
    write16(iv + 12, static_cast<uint32_t>(read16(iv + 12) ^ at.low));
    int written = 0;
    requireOpenssl(
        EVP_EncryptInit_ex(context_.get(), nullptr, nullptr, nullptr, iv) == 1 &&
        EVP_EncryptUpdate(context_.get(), out, &written, in, static_cast<int>(length)) == 1);
  }

  void writeTag(const uint8_t* message, size_t length, const uint8_t* suffix, uint8_t* tag) const {
    uint8_t digest[kSha1Length];
    hmac_.digest(message, length, suffix, suffix ? sizeof(Rollover) : 0, digest);
    std::memcpy(tag, digest, kHmacTagLength);
  }

  /** @param end of what is authenticated, where the tag begins */
  bool tagFits(const uint8_t* datagram, size_t end, const uint8_t* suffix) const {
    uint8_t digest[kSha1Length];
    hmac_.digest(datagram, end, suffix, suffix ? sizeof(Rollover) : 0, digest);
    return CRYPTO_memcmp(digest, datagram + end, kHmacTagLength) == 0;
  }

  const CipherContext context_;
  const HmacSha1 hmac_;
  uint8_t salt_[14];
};

}  // namespace

std::unique_ptr<SrtpTransform> makeCounterModeTransform(const SrtpMaster& master,
                                                        SrtpProtocol protocol) {
  const SrtpSessionKeys keys(SrtpProfile::kCounterMode, master, protocol);
  return std::make_unique<CounterModeTransform>(keys);
}

}  // namespace tailrace
