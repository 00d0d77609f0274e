#include "srtp-keys.h"

#include <cstring>
#include <new>

namespace tailrace {

void requireOpenssl(bool succeeded) {
  if (!succeeded) throw std::bad_alloc();
}

namespace {

// Labels of RFC 3711 §4.3.2, from the first one of the protocol on.
constexpr uint8_t kCipherLabel = 0;
constexpr uint8_t kAuthenticationLabel = 1;
constexpr uint8_t kSaltLabel = 2;
constexpr uint8_t kRtcpLabels = 3;

/** The derivation of RFC 3711 §4.3.1 at a rate of zero: AES-CM of zeros, over the salt. */
void deriveBytes(EVP_CIPHER_CTX* counterMode, const uint8_t (&salt)[16], uint8_t label,
                 uint8_t* out, size_t length) {
  uint8_t counter[16];
  std::memcpy(counter, salt, sizeof counter);
  counter[7] ^= label;
  std::memset(out, 0, length);
  int written = 0;
  requireOpenssl(
      EVP_EncryptInit_ex(counterMode, nullptr, nullptr, nullptr, counter) == 1 &&
      EVP_EncryptUpdate(counterMode, out, &written, out, static_cast<int>(length)) == 1);
}

}  // namespace

SrtpSessionKeys::SrtpSessionKeys(SrtpProfile profile, const SrtpMaster& master,
                                 SrtpProtocol protocol) {
  const bool isGcm = profile == SrtpProfile::kGcm;
  // GCM's 12 bytes are padded with zeros on the right (RFC 7714 §11).
  uint8_t masterSalt[16] = {};
  std::memcpy(masterSalt, master.salt, isGcm ? 12 : 14);
  const uint8_t first = protocol == SrtpProtocol::kRtcp ? kRtcpLabels : 0;

  const CipherContext context(EVP_CIPHER_CTX_new());
  requireOpenssl(context && EVP_EncryptInit_ex(context.get(), EVP_aes_128_ctr(), nullptr,
                                               master.key, nullptr) == 1);
  const auto derive = [&](uint8_t label, uint8_t* out, size_t length) {
    deriveBytes(context.get(), masterSalt, static_cast<uint8_t>(first + label), out, length);
  };
  derive(kCipherLabel, cipher, sizeof cipher);
  derive(kSaltLabel, salt, sizeof salt);
  derive(kAuthenticationLabel, authentication, sizeof authentication);
}

SrtpSessionKeys::~SrtpSessionKeys() { OPENSSL_cleanse(this, sizeof *this); }

}  // namespace tailrace
