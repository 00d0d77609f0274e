// Datagrams as the port may receive them: from strangers, from peers with valid keys and odd
// packets, and from those who record, change and repeat what peers have sent.
#include <map>
#include <memory>
#include <set>
#include <string>

#include "bytes.h"
#include "fuzz-destination.h"
#include "fuzz-input.h"
#include "incoming.h"
#include "require.h"

namespace tailrace {
namespace {

constexpr uint32_t kPeers = 5;
constexpr uint32_t kPaths = 4;
constexpr uint32_t kSsrcs = 6;
constexpr uint32_t kLogs = 3;
/** Peers on one path that a packet is tried on, and the longest datagram: as in `incoming.cc`. */
constexpr size_t kSharing = 4;
constexpr size_t kLongest = 1500;

/** One association: its far end, and what has become of what that sent. */
struct Sender {
  Sender(PeerId id, uint32_t onPath, SrtpProfile profile, const SrtpMaster& master)
      : peer(id), path(onPath), srtp(profile, master) {}

  const PeerId peer;
  uint32_t path;
  SrtpSender srtp;
  /** By SSRC: the newest index that was taken. */
  std::map<uint32_t, int64_t> newest;
  /** Of an SSRC: its log, and by what indices are more than its numbers. */
    struct Route {
      LogId log;
      int64_t base;
    };
    std::map<uint32_t, Route> routes;
};

struct Sent {
  std::vector<uint8_t> datagram;
  /** As it was before protection. */
  std::vector<uint8_t> plain;
  std::weak_ptr<Sender> sender;
  bool taken = false;
};

class World final : public IncomingListener {
 public:
  explicit World(FuzzInput& input) : input_(input) {
    for (PeerId peer = 1; peer <= 3; peer++) addPeer(peer);
  }

  ~World() override {
    for (const Kept& kept : kept_) {
      const uint8_t* bytes = kept.packet.bytes();
      const bool same = std::equal(kept.bytes.begin(), kept.bytes.end(), bytes);
      require(same, "what is in a slab stays as it was while it is referred to");
    }
  }

  void step() {
    switch (input_.between(0, 15)) {
      case 0: return stranger();
      case 1: return addPeer(input_.between(1, kPeers));
      case 2: return move();
      case 3: return remove();
      case 4: return route();
      case 5: return closeLog();
      case 6:
      case 7: return sendRtcp();
      case 8: return forge();
      case 9: return repeat();
      default: return sendRtp();
    }
  }

  void control(const uint8_t* datagram, size_t length, const Destination&, bool) override {
    require(current_ && !current_->sender.lock(), "no peer's packet passes for STUN or DTLS");
    const std::vector<uint8_t> heard(datagram, datagram + length);
    require(heard == current_->datagram, "STUN and DTLS are passed on as they are");
    require(heard[0] < 64, "STUN and DTLS are told by their first byte");
  }

  void media(PeerId peer, const StoredPacket& packet, LogId log, int64_t index) override {
    require(packet.offset + packet.length <= kSlabSize, "a packet lies within its slab");
    const uint8_t* bytes = packet.bytes();
    const std::vector<uint8_t> plain(bytes, bytes + packet.length);
    take(peer, plain);
    const auto sender = current_->sender.lock();
    const auto routed = sender->routes.find(read32(bytes + 8));
    if (index >= 0) {
      require(routed != sender->routes.end() && routed->second.log == log, "a route leads to its log");
      const auto number = static_cast<uint16_t>(index - routed->second.base);
      require(number == read16(bytes + 2), "an index ends in its number");
    }
    if (kept_.size() < 64) kept_.push_back({packet, plain});
  }

  void rtcp(PeerId peer, const uint8_t* compound, size_t length) override {
    take(peer, std::vector<uint8_t>(compound, compound + length));
  }

 private:
  struct Kept {
    StoredPacket packet;
    std::vector<uint8_t> bytes;
  };

  // Whatever is announced is what the owner of these keys sent, and once.
  void take(PeerId peer, const std::vector<uint8_t>& plain) {
    require(current_ != nullptr, "only what came is announced");
    const auto sender = current_->sender.lock();
    require(sender != nullptr, "nobody else's packet is taken for a peer's");
    require(sender->peer == peer, "a packet is its sender's");
    require(plain == current_->plain, "a packet is decrypted as it was");
    require(!current_->taken, "a packet is taken once");
    current_->taken = true;
  }

  void receive(Sent& sent, uint32_t path) {
    current_ = &sent;
    // Memory of its own, and not a byte more.
    const std::vector<uint8_t> datagram(sent.datagram.begin(), sent.datagram.end());
    incoming_.receive(datagram.data(), datagram.size(), destinationOf(path), now_ += 1);
    current_ = nullptr;
  }

  Destination destinationOf(uint32_t path) {
    return fuzzDestination(static_cast<uint16_t>(1000 + path / 2), path % 2 == 1);
  }

  void stranger() {
    Sent sent;
    const size_t length = input_.onceIn(8) ? input_.between(0, 2100) : input_.between(0, 60);
    sent.datagram = input_.bytes(length);
    receive(sent, input_.between(1, kPaths));
  }

  void addPeer(PeerId peer) {
    SrtpMaster master{};
    write32(master.key, ++associations_);
    const SrtpProfile profile = input_.onceIn(2) ? SrtpProfile::kCounterMode : SrtpProfile::kGcm;
    const uint32_t path = input_.between(1, kPaths);
    incoming_.removePeer(peer);
    const size_t streams = input_.onceIn(4) ? 100 : 0;
    incoming_.addPeer(peer, profile, master, destinationOf(path), streams);
    senders_[peer] = std::make_shared<Sender>(peer, path, profile, master);
  }

  std::shared_ptr<Sender> anySender() {
    const auto sender = senders_.find(input_.between(1, kPeers));
    return sender == senders_.end() ? nullptr : sender->second;
  }

  void move() {
    const auto sender = anySender();
    if (!sender) return;
    sender->path = input_.between(1, kPaths);
    incoming_.movePeer(sender->peer, destinationOf(sender->path));
  }

  void remove() {
    const PeerId peer = input_.between(1, kPeers);
    incoming_.removePeer(peer);
    senders_.erase(peer);
  }

  void route() {
    const auto sender = anySender();
    if (!sender) return;
    const uint32_t ssrc = input_.between(1, kSsrcs);
    const LogId log = input_.between(1, kLogs);
    const int64_t base = input_.onceIn(4) ? input_.between(0, 70'000) : 0;
    incoming_.route(sender->peer, ssrc, log, base + input_.between(0, 70'000), base);
    sender->routes[ssrc] = {log, base};
  }

  void closeLog() {
    const LogId log = input_.between(1, kLogs);
    incoming_.closeLog(log);
    for (auto& [id, sender] : senders_) {
      for (auto at = sender->routes.begin(); at != sender->routes.end();) {
        at = at->second.log == log ? sender->routes.erase(at) : std::next(at);
      }
    }
  }

  // A header that lies within its packet, or one that claims more than there is; numbers in order,
  // or any.
  void sendRtp() {
    const auto sender = anySender();
    if (!sender) return;
    const uint32_t ssrc = input_.between(1, kSsrcs);
    const auto known = sender->newest.find(ssrc);
    const bool isNext = !input_.onceIn(4);
    const int64_t before = known == sender->newest.end() ? input_.between(0, 0xfffe) : known->second;
    int64_t index = before + 1;
    if (!isNext) index = std::max<int64_t>(0, before + 100 - input_.between(0, 2000));
    Sent sent;
    sent.sender = sender;
    sent.plain = input_.rtpPacket(static_cast<uint16_t>(index), ssrc);
    const bool isOdd = input_.onceIn(8);
    if (isOdd) sent.plain[0] = static_cast<uint8_t>(sent.plain[0] ^ (input_.byte() & 0x3f));
    seal(*sender, sent, index);
    const bool isWhole = !isOdd && sent.datagram.size() <= kLongest;
    const bool mustBeTaken = isNext && isWhole && known != sender->newest.end();
    sent_.push_back(std::move(sent));
    Sent& last = sent_.back();
    if (input_.onceIn(8)) receive(last, input_.between(1, kPaths));
    if (!last.taken) receive(last, sender->path);
    if (last.taken) sender->newest[ssrc] = std::max(before, index);
    require(last.taken || !mustBeTaken || !isReachable(*sender), "a peer's next packet is taken");
  }

  // RFC 3711 §3.1 encrypts what is behind the header; a sender that lies about it seals what the
  // header says as far as there is anything.
  void seal(Sender& sender, Sent& sent, int64_t index) {
    const std::vector<uint8_t>& plain = sent.plain;
    size_t header = 12 + 4 * (plain[0] & 0x0f);
    if ((plain[0] & 0x10) && header + 4 <= plain.size()) header += 4 + 4 * read16(&plain[header + 2]);
    header = std::min(header, plain.size());
    sent.datagram = plain;
    sent.datagram.resize(plain.size() + sender.srtp.overhead());
    sender.srtp.protectRtp(sent.datagram.data(), header, plain.data() + header,
                           plain.size() - header, static_cast<uint64_t>(index));
  }

  // More on one path than are tried: then somebody's packets are lost until they move.
  bool isReachable(const Sender& sender) const {
    size_t sharing = 0;
    for (const auto& [id, other] : senders_) sharing += other->path == sender.path ? 1 : 0;
    return sharing <= kSharing;
  }

  void sendRtcp() {
    const auto sender = anySender();
    if (!sender) return;
    Sent sent;
    sent.sender = sender;
    sent.plain = input_.bytes(4 * input_.between(2, input_.onceIn(8) ? 400 : 20));
    sent.plain[0] = static_cast<uint8_t>(0x80 | (sent.plain[0] & 0x3f));
    sent.plain[1] = static_cast<uint8_t>(input_.between(192, 223));
    write32(&sent.plain[4], input_.between(1, kSsrcs));
    sent.datagram = sent.plain;
    sent.datagram.resize(sent.plain.size() + kSrtpMaxOverhead);
    sent.datagram.resize(sender->srtp.protectRtcp(sent.datagram.data(), sent.plain.size()));
    const bool isWhole = sent.datagram.size() <= kLongest;
    sent_.push_back(std::move(sent));
    receive(sent_.back(), sender->path);
    require(sent_.back().taken || !isWhole || !isReachable(*sender), "a peer's RTCP is taken");
  }

  // Recorded, changed or cut, and sent again: from anywhere, nobody takes it.
  void forge() {
    if (sent_.empty()) return;
    const Sent& original = sent_[below(sent_.size())];
    Sent forged;
    std::vector<uint8_t>& bytes = forged.datagram;
    bytes = original.datagram;
    if (input_.onceIn(2)) bytes.resize(below(bytes.size() + 1));
    for (uint32_t changes = input_.between(0, 3); changes > 0 && !bytes.empty(); changes--) {
      bytes[below(bytes.size())] ^= input_.byte();
    }
    if (bytes != original.datagram) receive(forged, input_.between(1, kPaths));
  }

  void repeat() {
    if (!sent_.empty()) receive(sent_[below(sent_.size())], input_.between(1, kPaths));
  }

  size_t below(size_t bound) { return input_.between(0, static_cast<uint32_t>(bound) - 1); }

  FuzzInput& input_;
  SlabPool pool_;
  Incoming incoming_{pool_, *this};
  std::map<PeerId, std::shared_ptr<Sender>> senders_;
  uint32_t associations_ = 0;
  double now_ = 0;
  std::vector<Sent> sent_;
  std::vector<Kept> kept_;
  Sent* current_ = nullptr;
};

}  // namespace
}  // namespace tailrace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailrace::FuzzInput input(data, size);
  tailrace::World world(input);
  while (input.hasMore()) world.step();
  return 0;
}
