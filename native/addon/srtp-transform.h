#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "srtp.h"

namespace tailrace {

enum class SrtpProtocol : uint8_t { kRtp, kRtcp };
/** As the `encrypt` of EVP_CipherInit_ex. */
enum class SrtpDirection : int { kOpen = 0, kSeal = 1 };

/**
 * Which packet is being (de)ciphered. For RTP `high` is the rollover counter and `low` the
 * sequence number (RFC 3711 §4.1.1, RFC 7714 §8.1); for RTCP together they are the 31-bit
 * SRTCP index (RFC 3711 §4.1.1 with §3.4, RFC 7714 §9.1).
 */
struct CipherPosition {
  uint32_t ssrc;
  uint32_t high;
  uint16_t low;
};

/** GCM's tag (RFC 7714 §13), and that of HMAC-SHA1-80, for both protocols (RFC 3711 §5.2). */
constexpr size_t kGcmTagLength = 16;
constexpr size_t kHmacTagLength = 10;

/** RTCP before the encrypted part, and the word of E flag and index. */
constexpr size_t kSrtcpClearLength = 8;
constexpr size_t kSrtcpWordLength = 4;
constexpr uint32_t kSrtcpEncryptedFlag = 0x8000'0000;
constexpr uint32_t kSrtcpIndexMask = 0x7fff'ffff;

/**
 * Encryption with authentication (RFC 3711 §3.1 calls it a transform) of one protocol in one
 * direction, keyed once. Lengths are checked by the caller. One thread only.
 */
class SrtpTransform {
 public:
  virtual ~SrtpTransform() = default;

  /** Writes ciphertext behind the header that `packet` has, and the tag behind that. */
  virtual void sealRtp(const CipherPosition& at, uint8_t* packet, size_t headerLength,
                       const uint8_t* payload, size_t payloadLength) = 0;
  /**
   * @param end of the ciphertext, where the tag begins
   * @param into gets header and payload; holds nothing of use when this returns false
   */
  virtual bool openRtp(const CipherPosition& at, const uint8_t* datagram, size_t headerLength,
                       size_t end, uint8_t* into) = 0;
  /**
   * In place; appends tag and `word` in the order of the profile.
   *
   * @param word E flag and index
   */
  virtual void sealRtcp(const CipherPosition& at, uint8_t* compound, size_t length,
                        uint32_t word) = 0;
  /** @param end of the ciphertext; tag and word are behind it */
  virtual bool openRtcp(const CipherPosition& at, const uint8_t* datagram, size_t end,
                        uint8_t* into) = 0;
};

std::unique_ptr<SrtpTransform> makeGcmTransform(const SrtpMaster& master, SrtpProtocol protocol,
                                                SrtpDirection direction);
std::unique_ptr<SrtpTransform> makeCounterModeTransform(const SrtpMaster& master,
                                                        SrtpProtocol protocol);

/**
 * The transforms of one direction of one peer, made when first used: nobody sends and receives
 * all of them, and each takes more than a kilobyte.
 */
class SrtpTransforms {
 public:
  SrtpTransforms(SrtpProfile profile, const SrtpMaster& master, SrtpDirection direction);
  ~SrtpTransforms();
  SrtpTransforms(const SrtpTransforms&) = delete;
  SrtpTransforms& operator=(const SrtpTransforms&) = delete;

  const SrtpProfile profile;
  size_t tagLength() const {
    return profile == SrtpProfile::kGcm ? kGcmTagLength : kHmacTagLength;
  }
  SrtpTransform& rtp() { return rtp_ ? *rtp_ : make(rtp_, SrtpProtocol::kRtp); }
  SrtpTransform& rtcp() { return rtcp_ ? *rtcp_ : make(rtcp_, SrtpProtocol::kRtcp); }

 private:
  SrtpTransform& make(std::unique_ptr<SrtpTransform>& into, SrtpProtocol protocol);

  const SrtpDirection direction_;
  SrtpMaster master_;
  std::unique_ptr<SrtpTransform> rtp_;
  std::unique_ptr<SrtpTransform> rtcp_;
};

}  // namespace tailrace
