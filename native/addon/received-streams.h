#pragma once
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "replay-window.h"

namespace tailrace {

/** SSRCs that a client may send from: three layers with RTX and audio are seven. */
constexpr size_t kOrdinaryStreams = 32;

/** The replay windows of one peer for RTP or RTCP, by SSRC. */
template <size_t kWindow>
class ReceivedStreams {
 public:
  explicit ReceivedStreams(size_t most = kOrdinaryStreams) : most_(most) {}

  /** Null for one that no authentic packet has come from. */
  const ReplayWindow<kWindow>* find(uint32_t ssrc) const {
    const auto found = streams_.find(ssrc);
    return found == streams_.end() ? nullptr : &found->second;
  }

  // Only an authenticated packet opens a stream: a stranger cannot fill the table.
  bool accept(uint32_t ssrc, uint64_t index) {
    const auto found = streams_.find(ssrc);
    if (found == streams_.end() && streams_.size() >= most_) return false;
    streams_[ssrc].accept(index);
    return true;
  }

 private:
  const size_t most_;
  std::unordered_map<uint32_t, ReplayWindow<kWindow>> streams_;
};

}  // namespace tailrace
