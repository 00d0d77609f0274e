#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "replay-window.h"

namespace tailrace {

/** The replay windows of one peer for RTP or RTCP, by SSRC. */
template <size_t kWindow>
class ReceivedStreams {
 public:
  /** Null for one that no authentic packet has come from. */
  const ReplayWindow<kWindow>* find(uint32_t ssrc) const {
    for (const Stream& stream : streams_) {
      if (stream.ssrc == ssrc) return &stream.window;
    }
    return nullptr;
  }

  // Only an authenticated packet opens a stream: a stranger cannot fill the table.
  bool accept(uint32_t ssrc, uint64_t index) {
    for (Stream& stream : streams_) {
      if (stream.ssrc != ssrc) continue;
      stream.window.accept(index);
      return true;
    }
    if (streams_.size() == kMaxStreams) return false;
    streams_.push_back({ssrc, {}});
    streams_.back().window.accept(index);
    return true;
  }

 private:
  /** Three layers with RTX and audio are seven. */
  static constexpr size_t kMaxStreams = 32;

  struct Stream {
    uint32_t ssrc;
    ReplayWindow<kWindow> window;
  };

  std::vector<Stream> streams_;
};

}  // namespace tailrace
