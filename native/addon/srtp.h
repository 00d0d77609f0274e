#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tailrace {

/** SRTP protection profile ids of DTLS `use_srtp` (RFC 5764 §4.1.2, RFC 7714 §14.2). */
enum class SrtpProfile : uint8_t { kCounterMode = 1, kGcm = 7 };

/** One direction's master key and salt; GCM uses 12 bytes of the salt, CM all 14. */
struct SrtpMaster {
  uint8_t key[16];
  uint8_t salt[14];
};

/** Most bytes that protection adds: GCM tag and SRTCP index. */
constexpr size_t kSrtpMaxOverhead = 20;

/**
 * Protects what is sent to one peer (RFC 3711 §3.3, RFC 7714). The caller owns each stream's
 * 48-bit packet index and never gives the same (SSRC, index) two different packets: with GCM
 * that would give away the authentication key. One thread only.
 */
class SrtpSender {
 public:
  SrtpSender(SrtpProfile profile, const SrtpMaster& master);
  ~SrtpSender();
  SrtpSender(const SrtpSender&) = delete;
  SrtpSender& operator=(const SrtpSender&) = delete;

  /** Bytes that `protectRtp` appends. */
  size_t overhead() const;

  /**
   * Writes the protected packet to `out`, which has the header already.
   *
   * @param out `headerLength` bytes of RTP header, then room for payload and `overhead()`
   * @param payload plain; may be `out + headerLength` itself, for in place
   * @param index 48 bits whose low 16 are the packet's sequence number
   * @returns bytes of the whole protected packet
   */
  size_t protectRtp(uint8_t* out, size_t headerLength, const uint8_t* payload,
                    size_t payloadLength, uint64_t index);

  /**
   * Protects in place, with the next SRTCP index (RFC 3711 §3.4, RFC 7714 §9).
   *
   * @param compound at least 8 bytes, with room for `kSrtpMaxOverhead` more
   * @returns bytes of the protected compound
   */
  size_t protectRtcp(uint8_t* compound, size_t length);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

enum class SrtpFailure : uint8_t { kNone, kTooShort, kAuthentication, kReplayed };

/** Authenticates and decrypts what one peer sends (RFC 3711 §3.3, RFC 7714). One thread only. */
class SrtpReceiver {
 public:
  /** @param streams SSRCs that RTP may come from; 0 is as many as clients need */
  SrtpReceiver(SrtpProfile profile, const SrtpMaster& master, size_t streams = 0);
  ~SrtpReceiver();
  SrtpReceiver(const SrtpReceiver&) = delete;
  SrtpReceiver& operator=(const SrtpReceiver&) = delete;

  /**
   * @param into gets the plain packet; needs `length` bytes of room; not `datagram` itself
   * @returns bytes written, or 0: see `failure`
   */
  size_t unprotectRtp(const uint8_t* datagram, size_t length, uint8_t* into);
  /** As `unprotectRtp`, for a compound. */
  size_t unprotectRtcp(const uint8_t* datagram, size_t length, uint8_t* into);
  /** Why the last call returned 0. */
  SrtpFailure failure() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tailrace
