// What a server under test may send to one session of the load tool.
#include <cmath>
#include <cstring>

#include "bytes.h"
#include "fuzz-input.h"
#include "load-session.h"
#include "require.h"

namespace tailrace::load {
namespace {

constexpr uint8_t kTransportCc = 5;
constexpr uint32_t kSsrcs = 10;

class World {
 public:
  explicit World(FuzzInput& input)
      : input_(input),
        session_(7,
                 {{96, FormatKind::kVideo, 90'000},
                  {97, FormatKind::kRepair, 90'000},
                  {111, FormatKind::kAudio, 48'000}},
                 input.onceIn(4) ? uint8_t{0} : kTransportCc) {
    from_.ss_family = input.onceIn(2) ? AF_INET6 : AF_INET;
  }

  void step() {
    switch (input_.between(0, 15)) {
      case 0: return receive(input_.bytes(input_.between(0, 80)));
      case 1: return restore();
      case 2: return read();
      case 3: return takeArrivals();
      case 4: return checkOutbox();
      case 5: session_.handsUpAll = input_.onceIn(2); return;
      case 6: now_ += input_.between(0, 5000); return;
      default: return receiveRtp();
    }
  }

  void finish() {
    checkOutbox();
    read();
  }

 private:
  // Memory of its own, and not a byte more.
  void receive(const std::vector<uint8_t>& datagram) {
    const std::vector<uint8_t> exact(datagram.begin(), datagram.end());
    session_.receive(exact.data(), exact.size(), from_, now_, outbox_);
  }

  // Mostly a stream in order, with losses, repeats, restarts, and lies about its extensions.
  void receiveRtp() {
    const uint32_t ssrc = input_.onceIn(8) ? input_.between(1, kSsrcs) : 1;
    uint16_t& next = next_[ssrc];
    if (input_.onceIn(6)) next = static_cast<uint16_t>(next + input_.between(0, 40) - 20);
    if (input_.onceIn(40)) next = static_cast<uint16_t>(input_.word());
    std::vector<uint8_t> packet = input_.rtpPacket(next++, ssrc);
    packet[1] = static_cast<uint8_t>((packet[1] & 0x80) | anyPayloadType());
    if (packet.size() > 16 && (packet[0] & 0x1f) == 0x10 && input_.onceIn(2)) {
      packet[16] = static_cast<uint8_t>(kTransportCc << 4 | (input_.onceIn(4) ? input_.byte() & 15 : 1));
    }
    if (input_.onceIn(16)) packet.resize(input_.between(0, static_cast<uint32_t>(packet.size())));
    now_ += input_.between(0, 40) / 2.0;
    receive(packet);
  }

  uint8_t anyPayloadType() {
    switch (input_.between(0, 7)) {
      case 0: return static_cast<uint8_t>(input_.between(0, 63));
      case 1: return 97;
      case 2: return 111;
      default: return 96;
    }
  }

  void restore() {
    const uint32_t ssrc = input_.between(1, kSsrcs);
    const auto number = static_cast<uint16_t>(next_[ssrc] - input_.between(0, 60));
    session_.restore(ssrc, {number, 3000u * number, input_.onceIn(4), input_.between(12, 1500), now_});
  }

  void read() {
    require(session_.streams().size() <= kMaxStreams, "streams are bounded");
    for (const HeaderCounter& stream : session_.streams()) {
      double figures[HeaderCounter::kFigures];
      stream.read(now_, figures);
      // The last one is a time that may not have come yet.
      for (size_t i = 0; i + 1 < HeaderCounter::kFigures; i++) {
        require(figures[i] >= 0 && std::isfinite(figures[i]), "figures count from 0 up");
      }
      require(figures[12] <= figures[11], "whole frames are frames");
    }
  }

  void takeArrivals() {
    for (const TransportArrival& arrival : session_.takeArrivals()) {
      require(arrival.at <= now_, "nothing arrives in the future");
    }
    require(session_.takeArrivals().empty(), "arrivals are told once");
  }

  void checkOutbox() {
    for (const Event& event : outbox_.events) {
      require(event.session == session_.id, "an event is of its session");
      if (event.kind != Event::kDatagram) continue;
      const bool isWithin = event.a >= kSourceSize && event.a + event.b <= outbox_.bytes.size();
      require(isWithin, "a datagram lies within the outbox");
      const uint8_t family = outbox_.bytes[event.a - kSourceSize];
      require(family == (from_.ss_family == AF_INET6 ? 6 : 4), "a datagram has its source before it");
    }
    outbox_ = {};
  }

  FuzzInput& input_;
  Session session_;
  Outbox outbox_;
  sockaddr_storage from_{};
  double now_ = 1000;
  uint16_t next_[kSsrcs + 1] = {0, 65'500};
};

}  // namespace
}  // namespace tailrace::load

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailrace::FuzzInput input(data, size);
  tailrace::load::World world(input);
  while (input.hasMore()) world.step();
  world.finish();
  return 0;
}
