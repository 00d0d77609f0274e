// A stream of TCP as anybody may send it: whole frames, broken ones and whatever else, cut
// anywhere.
#include <memory>
#include <vector>

#include "fuzz-input.h"
#include "require.h"
#include "tcp-frames.h"

namespace tailrace {
namespace {

using Bytes = std::vector<uint8_t>;

/** What a reader that has the whole stream before it makes of it. */
struct Expected {
  std::vector<Bytes> frames;
  bool ends = false;
};

Expected framesOf(const Bytes& stream) {
  Expected found;
  for (size_t at = 0; at + kFrameHeader <= stream.size();) {
    const size_t length = read16(&stream[at]);
    at += kFrameHeader;
    if (length > kMaxFrame) {
      found.ends = true;
      break;
    }
    if (at + length > stream.size()) break;
    if (length > 0) found.frames.emplace_back(&stream[at], &stream[at] + length);
    at += length;
  }
  return found;
}

Bytes streamOf(FuzzInput& input) {
  Bytes stream;
  for (uint32_t frames = input.between(1, 12); frames > 0; frames--) {
    const Bytes frame = input.bytes(input.between(0, input.onceIn(4) ? 2100 : 40));
    const size_t said = input.onceIn(16) ? input.between(0, 0xffff) : frame.size();
    stream.push_back(static_cast<uint8_t>(said >> 8));
    stream.push_back(static_cast<uint8_t>(said));
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  return stream;
}

void check(FuzzInput& input) {
  const Bytes stream = streamOf(input);
  const Expected expected = framesOf(stream);
  TcpFrames frames;
  std::vector<Bytes> told;
  bool goesOn = true;
  for (size_t at = 0; at < stream.size() && goesOn;) {
    const size_t most = stream.size() - at;
    const size_t size = input.between(1, static_cast<uint32_t>(1 + most / 8));
    // Memory of its own, and not a byte more.
    const Bytes piece(&stream[at], &stream[at] + size);
    goesOn = frames.take(piece.data(), piece.size(), [&](const uint8_t* frame, size_t length) {
      told.emplace_back(frame, frame + length);
      return true;
    });
    at += size;
  }
  require(told == expected.frames, "frames are what was framed, however they were cut");
  require(goesOn != expected.ends, "a frame too long ends the stream, and nothing else does");
}

}  // namespace
}  // namespace tailrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailrace::FuzzInput input(data, size);
  tailrace::check(input);
  return 0;
}
