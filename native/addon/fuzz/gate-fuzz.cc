// STUN and DTLS as strangers send them: checks by who knows the password of a session, changed
// anywhere or not, bytes of any kind, and DTLS from anywhere.
#include <map>
#include <string>

#include "fuzz-check.h"
#include "fuzz-destination.h"
#include "fuzz-input.h"
#include "require.h"
#include "stun-gate.h"

namespace tailrace {
namespace {

constexpr uint32_t kSessions = 3;
constexpr uint32_t kPaths = 4;

class World {
 public:
  explicit World(FuzzInput& input) : input_(input) { expectSession(); }

  void step() {
    now_ += input_.onceIn(16) ? input_.between(0, 30'000) : 1;
    switch (input_.between(0, 7)) {
      case 0: return expectSession();
      case 1: return forgetSession();
      case 2: return answer();
      case 3: return record();
      case 4: return anything();
      default: return check();
    }
  }

 private:
  std::string anyUfrag() { return "ufrag" + std::to_string(input_.between(1, kSessions + 1)); }

  void expectSession() {
    const std::string ufrag = anyUfrag();
    passwords_[ufrag] = "password" + std::to_string(++made_);
    gate_.expect(ufrag, passwords_[ufrag]);
  }

  void forgetSession() {
    const std::string ufrag = anyUfrag();
    gate_.forget(ufrag);
    passwords_.erase(ufrag);
  }

  void answer() {
    const uint32_t path = input_.between(1, kPaths);
    gate_.answered(destinationOf(path), now_);
    answeredAt_[path] = now_;
  }

  void record() {
    const uint32_t path = input_.between(1, kPaths);
    Budget ofPeer;
    const bool known = input_.onceIn(4);
    const Admission said = gate_.judgeDtls(destinationOf(path), known ? &ofPeer : nullptr, now_);
    if (known) return require(said == Admission::kWelcome, "a peer with keys is heard");
    const auto answered = answeredAt_.find(path);
    const bool isLate = answered == answeredAt_.end();
    require(!isLate || said == Admission::kUnknownPath, "DTLS is heard where a check was answered");
    if (isLate || now_ - answered->second > 20'000) return;
    require(said != Admission::kUnknownPath, "an answered path stays so for 20 s");
  }

  void anything() {
    const std::vector<uint8_t> bytes = input_.bytes(input_.between(0, 100));
    const Admission said = gate_.judgeStun(bytes.data(), bytes.size(), false, now_);
    require(said != Admission::kWelcome, "bytes that nobody signed are not heard");
  }

  // Whole and right, or changed anywhere: then it is nobody's.
  void check() {
    const std::string ufrag = anyUfrag();
    const auto session = passwords_.find(ufrag);
    const bool isOurs = session != passwords_.end();
    const std::string password = isOurs ? session->second : "none";
    const std::vector<uint8_t> whole = fuzzCheck(input_, ufrag, password);
    std::vector<uint8_t> sent = whole;
    if (input_.onceIn(2)) {
      sent[below(whole.size())] ^= input_.byte();
      if (input_.onceIn(4)) sent.resize(below(whole.size() + 1));
    }
    // Memory of its own, and not a byte more.
    const std::vector<uint8_t> exact(sent.begin(), sent.end());
    const Admission said = gate_.judgeStun(exact.data(), exact.size(), input_.onceIn(2), now_);
    const bool isAuthentic = isOurs && isCoveredAlike(sent, whole);
    require(isAuthentic || (said != Admission::kWelcome && said != Admission::kTooOften),
            "only checks of our sessions are heard, and only they count");
    if (!isAuthentic) return;
    require(said == Admission::kWelcome || said == Admission::kTooOften,
            "a check of a session that is expected is known as one");
  }

  Destination destinationOf(uint32_t path) {
    return fuzzDestination(static_cast<uint16_t>(1000 + path / 2), path % 2 == 1);
  }
  size_t below(size_t bound) { return input_.between(0, static_cast<uint32_t>(bound) - 1); }

  FuzzInput& input_;
  StunGate gate_;
  double now_ = 0;
  uint32_t made_ = 0;
  std::map<std::string, std::string> passwords_;
  std::map<uint32_t, double> answeredAt_;
};

}  // namespace
}  // namespace tailrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailrace::FuzzInput input(data, size);
  tailrace::World world(input);
  while (input.hasMore()) world.step();
  return 0;
}
