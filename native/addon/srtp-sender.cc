#include "bytes.h"
#include "srtp-transform.h"
#include "srtp.h"

namespace tailrace {

struct SrtpSender::State {
  SrtpTransforms transforms;
  uint32_t rtcpIndex = 0;
};

SrtpSender::SrtpSender(SrtpProfile profile, const SrtpMaster& master)
    : state_(new State{{profile, master, SrtpDirection::kSeal}}) {}

SrtpSender::~SrtpSender() = default;

size_t SrtpSender::overhead() const { return state_->transforms.tagLength(); }

size_t SrtpSender::protectRtp(uint8_t* out, size_t headerLength, const uint8_t* payload,
                              size_t payloadLength, uint64_t index) {
  const CipherPosition at{read32(out + 8), static_cast<uint32_t>(index >> 16),
                          static_cast<uint16_t>(index)};
  SrtpTransforms& transforms = state_->transforms;
  transforms.rtp().sealRtp(at, out, headerLength, payload, payloadLength);
  return headerLength + payloadLength + transforms.tagLength();
}

size_t SrtpSender::protectRtcp(uint8_t* compound, size_t length) {
  const uint32_t index = state_->rtcpIndex++ & kSrtcpIndexMask;
  const CipherPosition at{read32(compound + 4), index >> 16, static_cast<uint16_t>(index)};
  SrtpTransforms& transforms = state_->transforms;
  transforms.rtcp().sealRtcp(at, compound, length, kSrtcpEncryptedFlag | index);
  return length + transforms.tagLength() + kSrtcpWordLength;
}

}  // namespace tailrace
