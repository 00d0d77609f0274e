#include "receive-loop.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>

namespace tailrace::bench {

constexpr int kBatch = 64;
constexpr int kDatagram = 2048;
constexpr int kRtpHeader = 12;
constexpr int kGcmTag = 16;
constexpr int kPatienceMs = 2000;

/** As large as a slab: packets that nobody reads again. */
static uint8_t decrypted[256 * 1024];
static size_t decryptedBytes = 0;

ReceiveLoop::ReceiveLoop(const uint8_t* key, const uint8_t* salt)
    : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      cipher_(EVP_CIPHER_CTX_new()) {
  EVP_DecryptInit_ex(cipher_, EVP_aes_128_gcm(), nullptr, key, nullptr);
  std::memcpy(salt_, salt, sizeof salt_);
  const int buffer = 8 * 1024 * 1024;
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof at;
  if (bind(fd_, reinterpret_cast<sockaddr*>(&at), length) != 0 ||
      getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &length) != 0) {
    return;
  }
  port_ = ntohs(at.sin_port);
}

ReceiveLoop::~ReceiveLoop() {
  EVP_CIPHER_CTX_free(cipher_);
  if (fd_ >= 0) ::close(fd_);
}

uint64_t ReceiveLoop::receive(uint64_t packets) {
  static uint8_t bytes[kBatch][kDatagram];
  static mmsghdr messages[kBatch];
  static iovec pieces[kBatch];
  for (int i = 0; i < kBatch; i++) {
    pieces[i] = {bytes[i], kDatagram};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  uint64_t received = 0;
  pollfd readable{fd_, POLLIN, 0};
  while (received < packets && poll(&readable, 1, kPatienceMs) > 0) {
    const int count = recvmmsg(fd_, messages, kBatch, 0, nullptr);
    for (int i = 0; i < count; i++) {
      if (unprotect(bytes[i], static_cast<int>(messages[i].msg_len))) received++;
    }
  }
  return received;
}

// RFC 7714 §8, with the roll-over counter at zero: a bench sends less than 2^16 packets.
bool ReceiveLoop::unprotect(const uint8_t* datagram, int length) {
  const int payload = length - kRtpHeader - kGcmTag;
  if (payload < 0) return false;
  if (decryptedBytes + kDatagram > sizeof decrypted) decryptedBytes = 0;
  uint8_t* out = decrypted + decryptedBytes;
  std::memcpy(out, datagram, kRtpHeader);
  uint8_t iv[12] = {};
  std::memcpy(iv + 2, datagram + 8, 4);
  std::memcpy(iv + 10, datagram + 2, 2);
  for (size_t i = 0; i < sizeof iv; i++) iv[i] ^= salt_[i];
  uint8_t tag[kGcmTag];
  std::memcpy(tag, datagram + length - kGcmTag, kGcmTag);
  int written = 0;
  EVP_DecryptInit_ex(cipher_, nullptr, nullptr, nullptr, iv);
  EVP_DecryptUpdate(cipher_, nullptr, &written, datagram, kRtpHeader);
  EVP_DecryptUpdate(cipher_, out + kRtpHeader, &written, datagram + kRtpHeader, payload);
  EVP_CIPHER_CTX_ctrl(cipher_, kSetTag, kGcmTag, tag);
  decryptedBytes += static_cast<size_t>(kRtpHeader + payload);
  return EVP_DecryptFinal_ex(cipher_, tag, &written) == 1;
}

}  // namespace tailrace::bench
