#include "fan-out-loop.h"

#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "clock.h"

namespace tailrace::bench {

constexpr size_t kHeader = 12;
constexpr size_t kTag = 16;
constexpr size_t kControl = CMSG_SPACE(sizeof(uint16_t));
constexpr size_t kMessages = 64;
constexpr size_t kArenaBytes = 256 * 1024;
constexpr size_t kMaxTrain = 32 * 1024;

/** What every viewer gets, until it is encrypted. */
static const uint8_t plain[2048] = {};

static void store32(uint8_t* at, uint32_t value) {
  value = __builtin_bswap32(value);
  std::memcpy(at, &value, 4);
}

FanOutLoop::FanOutLoop(size_t viewers, uint16_t port)
    : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      viewers_(viewers),
      arena_(kArenaBytes),
      messages_(kMessages),
      pieces_(kMessages),
      controls_(kMessages * kControl) {
  const int buffer = 8 * 1024 * 1024;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  for (size_t i = 0; i < viewers; i++) {
    Viewer& viewer = viewers_[i];
    viewer.address = {};
    viewer.address.sin_family = AF_INET;
    viewer.address.sin_port = htons(port);
    viewer.address.sin_addr.s_addr = htonl(0x7f010000u + static_cast<uint32_t>(i) + 1);
    uint8_t key[16];
    RAND_bytes(key, sizeof key);
    RAND_bytes(viewer.salt, sizeof viewer.salt);
    viewer.cipher = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(viewer.cipher, EVP_aes_128_gcm(), nullptr, key, nullptr);
    viewer.ssrc = 0x10000000u + static_cast<uint32_t>(i);
    viewer.index = 1;
  }
}

FanOutLoop::~FanOutLoop() {
  for (Viewer& viewer : viewers_) EVP_CIPHER_CTX_free(viewer.cipher);
  if (fd_ >= 0) close(fd_);
}

uint64_t FanOutLoop::run(const std::vector<Arrival>& arrivals, bool realTime) {
  sent_ = 0;
  const double start = monotonicMs();
  for (const Arrival& arrival : arrivals) {
    const double wait = start + arrival.at - monotonicMs();
    if (realTime && wait > 0) {
      const auto ns = static_cast<long>(wait * 1e6);
      const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
      nanosleep(&time, nullptr);
    }
    send(arrival);
  }
  return sent_;
}

void FanOutLoop::send(const Arrival& arrival) {
  const auto segment = static_cast<uint16_t>(kHeader + arrival.payload + kTag);
  for (Viewer& viewer : viewers_) {
    if (count_ == kMessages || used_ + kMaxTrain > kArenaBytes) flush();
    uint8_t* train = arena_.data() + used_;
    for (uint32_t i = 0; i < arrival.packets; i++) {
      used_ += protect(viewer, arrival.payload, arena_.data() + used_);
    }
    const size_t at = count_++;
    pieces_[at] = {train, static_cast<size_t>(arena_.data() + used_ - train)};
    msghdr& header = messages_[at].msg_hdr;
    header = {};
    header.msg_name = &viewer.address;
    header.msg_namelen = sizeof viewer.address;
    header.msg_iov = &pieces_[at];
    header.msg_iovlen = 1;
    sent_ += arrival.packets;
    if (arrival.packets == 1) continue;
    header.msg_control = &controls_[at * kControl];
    header.msg_controllen = kControl;
    cmsghdr* control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof segment);
    std::memcpy(CMSG_DATA(control), &segment, sizeof segment);
  }
  flush();
}

// RFC 7714 §8: the IV is the salt, with SSRC and index over it; the header is authenticated.
size_t FanOutLoop::protect(Viewer& viewer, uint32_t payload, uint8_t* out) {
  const uint64_t index = viewer.index++;
  out[0] = 0x80;
  out[1] = 96;
  out[2] = static_cast<uint8_t>(index >> 8);
  out[3] = static_cast<uint8_t>(index);
  store32(out + 4, static_cast<uint32_t>(index) * 3000);
  store32(out + 8, viewer.ssrc);
  uint8_t iv[12] = {};
  store32(iv + 2, viewer.ssrc);
  store32(iv + 6, static_cast<uint32_t>(index >> 16));
  iv[10] = out[2];
  iv[11] = out[3];
  for (size_t i = 0; i < sizeof iv; i++) iv[i] ^= viewer.salt[i];
  int length = 0;
  uint8_t* tag = out + kHeader + payload;
  EVP_EncryptInit_ex(viewer.cipher, nullptr, nullptr, nullptr, iv);
  EVP_EncryptUpdate(viewer.cipher, nullptr, &length, out, kHeader);
  EVP_EncryptUpdate(viewer.cipher, out + kHeader, &length, plain, static_cast<int>(payload));
  EVP_EncryptFinal_ex(viewer.cipher, tag, &length);
  EVP_CIPHER_CTX_ctrl(viewer.cipher, kGetTag, kTag, tag);
  return kHeader + payload + kTag;
}

void FanOutLoop::flush() {
  for (size_t at = 0; at < count_;) {
    const int sent = sendmmsg(fd_, &messages_[at], static_cast<unsigned>(count_ - at), 0);
    if (sent <= 0) {
      // The figure must not look better for it.
      sent_ = 0;
      break;
    }
    at += static_cast<size_t>(sent);
  }
  count_ = 0;
  used_ = 0;
}

}  // namespace tailrace::bench
