// Feedback of a viewer that means harm, read against what was sent to it.
#include <cmath>

#include "bytes.h"
#include "feedback-reader.h"
#include "fuzz-input.h"
#include "require.h"

namespace tailrace {
namespace {

/** A sender's history, and whatever comes back. */
class World {
 public:
  explicit World(FuzzInput& input) : input_(input), now_(input.onceIn(4) ? 1e12 : 1000) {}

  void step() {
    switch (input_.between(0, 7)) {
      case 0: return send();
      case 1: return history_.beginCluster(static_cast<uint8_t>(input_.between(0, 15)));
      case 2: return input_.onceIn(16) ? history_.forget() : send();
      case 3:
        now_ += input_.between(0, input_.onceIn(8) ? 40'000 : 50);
        return;
      default: return read();
    }
  }

 private:
  void send() {
    const uint32_t count = input_.between(1, input_.onceIn(8) ? 3000 : 30);
    const uint32_t every = input_.between(0, 40);
    for (uint32_t i = 0; i < count; i++) {
      now_ += every / 8.0;
      sent_ += 1;
      newest_ = history_.next(now_, input_.between(0, input_.onceIn(8) ? 5000 : 1400));
    }
  }

  // Mostly of the form that feedback has, and of exactly as much memory as it says.
  void read() {
    std::vector<uint8_t> packet = input_.bytes(input_.between(0, input_.onceIn(8) ? 1480 : 64));
    if (packet.size() >= 20 && !input_.onceIn(8)) {
      packet.resize(packet.size() & ~size_t{3});
      packet[0] = input_.onceIn(4) ? 0xaf : 0x8f;
      packet[1] = 205;
      write16(packet.data() + 2, static_cast<uint32_t>(packet.size() / 4 - 1));
      write16(packet.data() + 12, newest_ - input_.between(0, input_.onceIn(8) ? 5000 : 40));
      write16(packet.data() + 14, input_.between(0, input_.onceIn(8) ? 65'535 : 40));
      write32(packet.data() + 16, input_.word());
      if (input_.onceIn(2)) fill(packet);
    }
    const std::unique_ptr<uint8_t[]> exact(new uint8_t[packet.size()]);
    std::copy(packet.begin(), packet.end(), exact.get());
    if (!readTransportFeedback(exact.get(), packet.size(), feedback_)) return;
    require(feedback_.arrivals.size() <= packet.size(), "no more arrivals than bytes");
    const std::unique_ptr<double[]> groups(new double[kGroupFields * kMostPairs]);
    check(reader_.read(feedback_, history_.view(), now_, groups.get()), groups.get());
  }

  // One run of arrivals with a delta for each, and zeros to the end: what is read through.
  static void fill(std::vector<uint8_t>& packet) {
    const size_t count = (packet.size() - 20) >= 8 ? packet.size() - 20 - 2 : 0;
    if (count == 0) return;
    write16(packet.data() + 14, static_cast<uint32_t>(count));
    write16(packet.data() + 20, 1u << 13 | static_cast<uint32_t>(count));
    packet[0] = 0x8f;
  }

  void check(const FeedbackDigest& digest, const double* groups) {
    received_ += digest.received;
    lost_ += digest.lost;
    require(received_ + lost_ <= sent_, "nobody tells of more than was sent");
    require(digest.lost >= -digest.received, "no more is found than has come");
    require(digest.acknowledged >= digest.received, "every packet has bytes");
    require(digest.roundTrip >= 0 && std::isfinite(digest.arrivedAt), "times are times");
    if (digest.queueing) require(*digest.queueing >= 0, "the least delay is the least");
    if (digest.delivered) require(std::isfinite(*digest.delivered), "a rate is a number");
    require(digest.groupCount <= kMostPairs, "groups fit");
    for (size_t i = 0; i < kGroupFields * digest.groupCount; i++) {
      require(std::isfinite(groups[i]), "what is told of groups is numbers");
    }
    if (digest.probe) {
      require(digest.probe->cluster > 0 && digest.probe->cluster < 16, "a probe has a number");
      require(digest.probe->firstSentAt <= digest.probe->lastSentAt, "a probe has a span");
    }
  }

  FuzzInput& input_;
  TransportHistory history_;
  FeedbackReader reader_;
  TransportFeedback feedback_;
  double now_;
  uint16_t newest_ = 0;
  double sent_ = 0;
  double received_ = 0;
  double lost_ = 0;
};

}  // namespace
}  // namespace tailrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailrace::FuzzInput input(data, size);
  tailrace::World world(input);
  while (input.hasMore()) world.step();
  return 0;
}
