#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bytes.h"

namespace tailrace {

/** Bytes of the length before each frame (RFC 4571 §2). */
constexpr size_t kFrameHeader = 2;
/** Bytes of the longest frame taken: more than any datagram that we negotiate. */
constexpr size_t kMaxFrame = 2048;

/**
 * Cuts a stream into frames (RFC 4571 §2, RFC 6544 §10), however its bytes come. Keeps at most
 * one frame that is not whole yet. `native/twin/tcp-frames.ts` does the same.
 */
class TcpFrames {
 public:
  /**
   * @param onFrame called with bytes, borrowed, and length of each frame that is not empty;
   *   returns false to end the stream
   * @returns false when the stream has to end: by `onFrame`, or for a frame too long
   */
  template <typename OnFrame>
  bool take(const uint8_t* bytes, size_t length, OnFrame&& onFrame) {
    while (length > 0) {
      // What came whole is not copied.
      const size_t whole = held_.empty() ? wholeLength(bytes, length) : 0;
      size_t used = whole;
      bool goesOn = true;
      if (whole > 0 && whole <= length) {
        goesOn = tell(bytes, whole, onFrame);
      } else {
        used = hold(bytes, length);
        const size_t held = wholeLength(held_.data(), held_.size());
        if (held > kFrameHeader + kMaxFrame) return false;
        if (held == held_.size()) {
          goesOn = tell(held_.data(), held, onFrame);
          held_.clear();
        }
      }
      if (!goesOn) return false;
      bytes += used;
      length -= used;
    }
    return true;
  }

 private:
  /** Bytes of the frame that begins there, its length included; 0 when that is not there yet. */
  static size_t wholeLength(const uint8_t* bytes, size_t length) {
    return length < kFrameHeader ? 0 : kFrameHeader + read16(bytes);
  }

  template <typename OnFrame>
  static bool tell(const uint8_t* frame, size_t whole, OnFrame& onFrame) {
    if (whole > kFrameHeader + kMaxFrame) return false;
    return whole == kFrameHeader || onFrame(frame + kFrameHeader, whole - kFrameHeader);
  }

  // No more than to the end of the length, or to that of the frame. Returns bytes taken.
  size_t hold(const uint8_t* bytes, size_t length) {
    const size_t whole = wholeLength(held_.data(), held_.size());
    const size_t wanted = (whole == 0 ? kFrameHeader : whole) - held_.size();
    const size_t taken = std::min(wanted, length);
    held_.insert(held_.end(), bytes, bytes + taken);
    return taken;
  }

  std::vector<uint8_t> held_;
};

}  // namespace tailrace
