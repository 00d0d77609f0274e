#include <optional>

#include "bytes.h"
#include "packet-view.h"
#include "received-streams.h"
#include "srtp-transform.h"
#include "srtp.h"

namespace tailrace {

namespace {

/** Repairs on the media SSRC come late, so the window is far wider than the 64 of RFC 3711. */
constexpr size_t kRtpReplayWindow = 1024;
constexpr size_t kRtcpReplayWindow = 128;

/** The index nearest to the highest accepted one (RFC 3711 §3.3.1, appendix A). */
uint64_t estimateIndex(std::optional<uint64_t> highest, uint16_t sequenceNumber) {
  if (!highest) return sequenceNumber;
  const auto newer = static_cast<int16_t>(sequenceNumber - static_cast<uint16_t>(*highest));
  const int64_t index = static_cast<int64_t>(*highest) + newer;
  return index < 0 ? sequenceNumber : static_cast<uint64_t>(index);
}

}  // namespace

struct SrtpReceiver::State {
  SrtpTransforms transforms;
  ReceivedStreams<kRtpReplayWindow> rtp;
  ReceivedStreams<kRtcpReplayWindow> rtcp;
  SrtpFailure failure = SrtpFailure::kNone;

  size_t fail(SrtpFailure reason) {
    failure = reason;
    return 0;
  }
};

SrtpReceiver::SrtpReceiver(SrtpProfile profile, const SrtpMaster& master, size_t streams)
    : state_(new State{{profile, master, SrtpDirection::kOpen},
                       ReceivedStreams<kRtpReplayWindow>(streams == 0 ? kOrdinaryStreams : streams),
                       ReceivedStreams<kRtcpReplayWindow>()}) {}

SrtpReceiver::~SrtpReceiver() = default;

SrtpFailure SrtpReceiver::failure() const { return state_->failure; }

size_t SrtpReceiver::unprotectRtp(const uint8_t* datagram, size_t length, uint8_t* into) {
  State& state = *state_;
  const size_t tagLength = state.transforms.tagLength();
  if (length < tagLength) return state.fail(SrtpFailure::kTooShort);
  const size_t end = length - tagLength;
  const std::optional<size_t> headerLength = rtpHeaderLength(datagram, end);
  if (!headerLength) return state.fail(SrtpFailure::kTooShort);

  const uint32_t ssrc = read32(datagram + 8);
  const auto* stream = state.rtp.find(ssrc);
  const uint64_t index =
      estimateIndex(stream ? stream->highest() : std::nullopt, read16(datagram + 2));
  if (stream && !stream->isFresh(index)) return state.fail(SrtpFailure::kReplayed);

  const CipherPosition at{ssrc, static_cast<uint32_t>(index >> 16), static_cast<uint16_t>(index)};
  if (!state.transforms.rtp().openRtp(at, datagram, *headerLength, end, into) ||
      !state.rtp.accept(ssrc, index)) {
    return state.fail(SrtpFailure::kAuthentication);
  }
  state.failure = SrtpFailure::kNone;
  return end;
}

size_t SrtpReceiver::unprotectRtcp(const uint8_t* datagram, size_t length, uint8_t* into) {
  State& state = *state_;
  const size_t overhead = state.transforms.tagLength() + kSrtcpWordLength;
  if (length < kSrtcpClearLength + overhead) return state.fail(SrtpFailure::kTooShort);
  const size_t end = length - overhead;
  const bool isGcm = state.transforms.profile == SrtpProfile::kGcm;
  const uint32_t word = read32(datagram + (isGcm ? length - kSrtcpWordLength : end));
  const uint32_t index = word & kSrtcpIndexMask;
  const uint32_t ssrc = read32(datagram + 4);
  const auto* stream = state.rtcp.find(ssrc);
  if (stream && !stream->isFresh(index)) return state.fail(SrtpFailure::kReplayed);

  // Both profiles are negotiated with encryption; a packet without it is not from our peer.
  const bool isEncrypted = (word & kSrtcpEncryptedFlag) != 0;
  const CipherPosition at{ssrc, index >> 16, static_cast<uint16_t>(index)};
  if (!isEncrypted || !state.transforms.rtcp().openRtcp(at, datagram, end, into) ||
      !state.rtcp.accept(ssrc, index)) {
    return state.fail(SrtpFailure::kAuthentication);
  }
  state.failure = SrtpFailure::kNone;
  return end;
}

}  // namespace tailrace
