#pragma once

// The few functions of OpenSSL that SRTP and the reference loops of its benches need, declared by
// hand.
//
// The addon runs inside Node, whose binary exports the whole of OpenSSL 3 (a Node that links
// libcrypto.so.3 has it in its process just the same), so nothing is linked and the installing
// machine needs no headers of OpenSSL, which for Node would be a download of their own. The
// prototypes are those of the manual pages of OpenSSL 3.0; they are part of its stable ABI.
// The fuzz targets and the thread test, which run without Node, link libcrypto.so.3.
//
// Every function returns 1 for success unless its comment says otherwise.

#include <cstddef>
#include <cstdint>

extern "C" {

// Opaque; made and freed by OpenSSL.
using EVP_CIPHER = struct evp_cipher_st;
using EVP_CIPHER_CTX = struct evp_cipher_ctx_st;
using ENGINE = struct engine_st;

// Static descriptions, valid for ever. The first use of one in a context looks its provider up
// (microseconds); setting a key or an IV in that context later, with `cipher` null, does not.
const EVP_CIPHER* EVP_aes_128_ctr();
const EVP_CIPHER* EVP_aes_128_gcm();

// A context holds one key schedule and belongs to one thread at a time. Null without memory.
EVP_CIPHER_CTX* EVP_CIPHER_CTX_new();
void EVP_CIPHER_CTX_free(EVP_CIPHER_CTX* context);

// `type` below. Returns 0 or less for failure.
int EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX* context, int type, int argument, void* pointer);
// OSSL_PARAM of openssl/core.h: what to read and where to write it. A list ends with `key` null.
struct OSSL_PARAM {
  const char* key;
  unsigned int type;
  void* data;
  std::size_t data_size;
  std::size_t return_size;
};
int EVP_CIPHER_CTX_get_params(EVP_CIPHER_CTX* context, OSSL_PARAM params[]);

// `encrypt` is 1, 0, or -1 to keep the direction. Null leaves the cipher, key or IV as it was.
// GCM takes a 12-octet IV unless told otherwise; CTR one of 16.
int EVP_CipherInit_ex(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher, ENGINE* engine,
                      const std::uint8_t* key, const std::uint8_t* iv, int encrypt);
// `out` null: `in` is additional data of GCM. `out` may be `in` and may not overlap it otherwise.
int EVP_CipherUpdate(EVP_CIPHER_CTX* context, std::uint8_t* out, int* out_length,
                     const std::uint8_t* in, int in_length);
// Decrypting GCM: anything but 1 means that the tag is wrong.
int EVP_CipherFinal_ex(EVP_CIPHER_CTX* context, std::uint8_t* out, int* out_length);

int EVP_EncryptInit_ex(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher, ENGINE* engine,
                       const std::uint8_t* key, const std::uint8_t* iv);
int EVP_EncryptUpdate(EVP_CIPHER_CTX* context, std::uint8_t* out, int* out_length,
                      const std::uint8_t* in, int in_length);
int EVP_EncryptFinal_ex(EVP_CIPHER_CTX* context, std::uint8_t* out, int* out_length);
int EVP_DecryptInit_ex(EVP_CIPHER_CTX* context, const EVP_CIPHER* cipher, ENGINE* engine,
                       const std::uint8_t* key, const std::uint8_t* iv);
int EVP_DecryptUpdate(EVP_CIPHER_CTX* context, std::uint8_t* out, int* out_length,
                      const std::uint8_t* in, int in_length);
int EVP_DecryptFinal_ex(EVP_CIPHER_CTX* context, std::uint8_t* out, int* out_length);

// SHA-1 whose state is plain memory: HMAC (RFC 2104) hashes the two padded keys once and copies
// the two states for every packet, where EVP_MAC would allocate. It is the SHA_CTX of
// openssl/sha.h, unchanged since 1998.
struct SHA_CTX {
  std::uint32_t h[5];
  std::uint32_t bits_low, bits_high;
  std::uint32_t block[16];
  std::uint32_t block_used;
};
int SHA1_Init(SHA_CTX* state);
int SHA1_Update(SHA_CTX* state, const void* data, std::size_t length);
// Writes 20 octets.
int SHA1_Final(std::uint8_t* digest, SHA_CTX* state);

// 0 when equal, in a time that does not tell where the difference is.
int CRYPTO_memcmp(const void* a, const void* b, std::size_t length);
void OPENSSL_cleanse(void* memory, std::size_t length);
int RAND_bytes(std::uint8_t* out, int length);
}

namespace tailrace {

/** Types of EVP_CIPHER_CTX_ctrl for GCM (EVP_CTRL_AEAD_GET_TAG, EVP_CTRL_AEAD_SET_TAG). */
constexpr int kGetTag = 0x10;
constexpr int kSetTag = 0x11;
/** OSSL_PARAM_OCTET_STRING: a type of OSSL_PARAM, as `"tag"` has it. */
constexpr unsigned int kOctetString = 5;

static_assert(sizeof(SHA_CTX) == 96, "as OpenSSL lays it out");

}  // namespace tailrace
