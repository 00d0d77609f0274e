#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bytes.h"
#include "datagram-sink.h"
#include "require.h"
#include "srtp.h"

namespace tailrace {

/**
 * The other end of every datagram that a shard sends. Decrypts each with the keys of the viewer
 * whose port it goes to, and knows which (key, SSRC, index) it was sealed under: two different
 * packets under one would give away the key of GCM (RFC 7714 §8.4).
 */
class CheckingSink final : public DatagramSink {
 public:
  /** @param repeatsInPlace whether viewers may have no RTX, and get the same packet once more */
  explicit CheckingSink(bool repeatsInPlace) : repeatsInPlace_(repeatsInPlace) {}

  /** What goes to this port is sealed with these keys from now on. */
  void expect(uint16_t port, SrtpProfile profile, const SrtpMaster& master) {
    ends_[port] = std::make_shared<End>(profile, master);
  }
  /** The viewer behind `from` is also reached at `to`. */
  void alias(uint16_t from, uint16_t to) { ends_[to] = ends_.at(from); }

  /** The stream's first packet gets this index, or one a little later: 16 bits. */
  void begin(uint32_t ssrc, uint32_t firstIndex) { begins_[ssrc] = firstIndex; }

  /** A sequence number that has left on that SSRC, or 0. */
  uint16_t sent(uint32_t ssrc, size_t back) const {
    const auto numbers = numbers_.find(ssrc);
    if (numbers == numbers_.end()) return 0;
    return numbers->second[numbers->second.size() - 1 - back % numbers->second.size()];
  }

  uint8_t* take() override {
    // Memory of its own each time, and exactly as much as is promised.
    room_ = std::make_unique<uint8_t[]>(kDatagramRoom);
    return room_.get();
  }

  void send(Destination& to, size_t length) override {
    require(room_ != nullptr, "what is sent was taken before");
    require(length >= 12 && length <= kDatagramRoom, "a datagram fits its room");
    const auto end = ends_.find(to.port());
    require(end != ends_.end(), "datagrams go to viewers that are there");
    waiting_.push_back(&to);
    const uint8_t second = room_[1];
    const bool isRtcp = second >= 192 && second <= 223;
    if (isRtcp) {
      checkRtcp(*end->second, length);
    } else {
      checkRtp(*end->second, length);
    }
    room_ = nullptr;
  }

  void flush() override {
    for (const Destination* to : waiting_) require(to->port() != 0, "destinations outlive a flush");
    waiting_.clear();
  }

 private:
  /** One viewer's side of the keys, and all that was ever sealed with them. */
  struct End {
    End(SrtpProfile profile, const SrtpMaster& master)
        : isGcm(profile == SrtpProfile::kGcm), receiver(profile, master) {}
    const bool isGcm;
    SrtpReceiver receiver;
    std::map<uint32_t, int64_t> newest;
    std::set<uint32_t> missedWrap;
    std::map<std::pair<uint32_t, int64_t>, std::string> rtp;
    std::set<std::pair<uint32_t, uint32_t>> rtcp;
  };

  void checkRtp(End& end, size_t length) {
    const uint8_t* datagram = room_.get();
    const uint32_t ssrc = read32(datagram + 8);
    const uint16_t sequence = read16(datagram + 2);
    numbers_[ssrc].push_back(sequence);
    const int64_t index = indexOf(end, ssrc, sequence);
    const std::string bytes(datagram, datagram + length);
    const auto [known, isNew] = end.rtp.emplace(std::pair{ssrc, index}, bytes);
    if (!isNew) {
      require(known->second == bytes, "one nonce seals one packet, ever");
      require(repeatsInPlace_, "a packet leaves once, and its repeats by RTX");
      return;
    }
    uint8_t plain[kDatagramRoom];
    const bool opened = end.receiver.unprotectRtp(datagram, length, plain) > 0;
    // A viewer that missed the wrap of a stream's very first numbers cannot know of it: real
    // tracks begin far below. And what is too old for its window is the viewer's own affair.
    if (opened || end.missedWrap.count(ssrc) > 0) return;
    require(end.receiver.failure() == SrtpFailure::kReplayed, "the viewer can decrypt");
  }

  void checkRtcp(End& end, size_t length) {
    const uint8_t* datagram = room_.get();
    const uint32_t word = read32(datagram + length - (end.isGcm ? 4 : 14));
    const bool isNew = end.rtcp.emplace(read32(datagram + 4), word).second;
    require(isNew, "one nonce seals one compound, ever");
    uint8_t plain[kDatagramRoom];
    require(end.receiver.unprotectRtcp(datagram, length, plain) > 0, "the viewer can decrypt RTCP");
  }

  // RFC 3711 §3.3.1: nearest to the newest.
  int64_t indexOf(End& end, uint32_t ssrc, uint16_t sequence) {
    const auto [newest, isFirst] = end.newest.emplace(ssrc, begins_[ssrc]);
    const auto ahead = static_cast<int16_t>(sequence - static_cast<uint16_t>(newest->second));
    const int64_t index = newest->second + ahead;
    if (isFirst && index > 0xffff) end.missedWrap.insert(ssrc);
    if (index > newest->second) newest->second = index;
    return index;
  }

  const bool repeatsInPlace_;
  std::unique_ptr<uint8_t[]> room_;
  std::map<uint16_t, std::shared_ptr<End>> ends_;
  std::map<uint32_t, uint32_t> begins_;
  std::map<uint32_t, std::vector<uint16_t>> numbers_;
  std::vector<const Destination*> waiting_;
};

}  // namespace tailrace
