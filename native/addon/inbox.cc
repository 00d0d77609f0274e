#include "inbox.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace tailrace {

/** Announcements that may wait: seconds of many publishers. Each pins a slab. */
constexpr size_t kMaxMedia = 1 << 15;
/** Bytes of datagrams that may wait: a flood of them must not grow the process. */
constexpr size_t kMaxRecords = 1 << 20;
/** Of these, what strangers may fill: the rest is for peers' reports and for tracks. */
constexpr size_t kMaxControl = kMaxRecords / 2;

constexpr size_t kHeader = 16;
constexpr size_t kMediaRecord = 40;

namespace {

enum Kind : uint32_t { kMedia = 1, kControl = 2, kRtcp = 3, kTrack = 4, kCongestion = 5 };

struct Header {
  uint32_t kind;
  /** Of the whole record with its padding. */
  uint32_t size;
  uint32_t id;
  /** Bytes of the body without padding. */
  uint32_t length;
};
static_assert(sizeof(Header) == kHeader);

struct MediaRecord {
  Header header;
  uint32_t slab;
  uint32_t offset;
  double at;
  /** −1 without a route. */
  double index;
};
static_assert(sizeof(MediaRecord) == kMediaRecord);

/** Text of an address as Node prints it. @returns its length */
size_t writeAddress(const Destination& of, bool remote, char* into) {
  constexpr size_t kRoom = INET6_ADDRSTRLEN;
  if (!of.isV6()) {
    inet_ntop(AF_INET, remote ? &of.remote.v4.sin_addr : &of.local.v4, into, kRoom);
    return std::strlen(into);
  }
  inet_ntop(AF_INET6, remote ? &of.remote.v6.sin6_addr : &of.local.v6, into, kRoom);
  const size_t length = std::strlen(into);
  if (!remote || of.remote.v6.sin6_scope_id == 0) return length;
  char scope[IF_NAMESIZE];
  if (!if_indextoname(of.remote.v6.sin6_scope_id, scope)) return length;
  const int written = std::snprintf(into + length, IF_NAMESIZE + 1, "%%%s", scope);
  return length + static_cast<size_t>(written);
}

}  // namespace

void Inbox::media(PeerId peer, const StoredPacket& packet, double at, int64_t index) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (media_.size() >= kMaxMedia) {
    counters_.media.add(1);
    return;
  }
  media_.push_back({peer, packet, at, index});
  waiting_.store(true);
}

void Inbox::control(const uint8_t* datagram, size_t length, const Destination& from, bool known) {
  // Family, lengths of two texts, whether by TCP, port, then these texts, then the datagram.
  uint8_t body[8 + 2 * 72 + 2048];
  if (length > 2048) return;
  char remote[72];
  char local[72];
  const size_t remoteLength = writeAddress(from, true, remote);
  const size_t localLength = writeAddress(from, false, local);
  body[0] = from.isV6() ? 6 : 4;
  body[1] = static_cast<uint8_t>(remoteLength);
  body[2] = static_cast<uint8_t>(localLength);
  body[3] = from.overTcp ? 1 : 0;
  const uint16_t port = from.port();
  std::memcpy(body + 4, &port, 2);
  std::memset(body + 6, 0, 2);
  uint8_t* at = body + 8;
  std::memcpy(at, remote, remoteLength);
  std::memcpy(at + remoteLength, local, localLength);
  std::memcpy(at + remoteLength + localLength, datagram, length);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (records_.size() > (known ? kMaxRecords : kMaxControl)) {
    counters_.control.add(1);
    return;
  }
  record(kControl, 0, body, 8 + remoteLength + localLength + length);
}

void Inbox::rtcp(PeerId peer, const uint8_t* compound, size_t length) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (records_.size() + length > kMaxRecords) {
    counters_.control.add(1);
    return;
  }
  record(kRtcp, peer, compound, length);
}

void Inbox::track(TrackEvent event, TrackId track) {
  const auto code = static_cast<uint32_t>(event);
  const std::lock_guard<std::mutex> lock(mutex_);
  // Each answers a command, so their number is bounded by what JavaScript asked for.
  record(kTrack, track, reinterpret_cast<const uint8_t*>(&code), sizeof code);
}

void Inbox::congested(PeerId peer, bool isCongested) {
  const uint32_t code = isCongested ? 1 : 0;
  const std::lock_guard<std::mutex> lock(mutex_);
  // An end for each beginning, and between them as much is sent as a connection lets wait.
  record(kCongestion, peer, reinterpret_cast<const uint8_t*>(&code), sizeof code);
}

void Inbox::announce() {
  if (waiting_.load() && !woken_.exchange(true)) wake_();
}

void Inbox::record(uint32_t kind, uint32_t id, const uint8_t* body, size_t length) {
  const size_t size = kHeader + ((length + 7) & ~size_t{7});
  const Header header{kind, static_cast<uint32_t>(size), id, static_cast<uint32_t>(length)};
  const size_t at = records_.size();
  records_.resize(at + size);
  std::memcpy(records_.data() + at, &header, kHeader);
  std::memcpy(records_.data() + at + kHeader, body, length);
  waiting_.store(true);
}

size_t Inbox::drain(uint8_t* into, size_t room) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (media_.empty() && records_.empty()) {
    waiting_.store(false);
    woken_.store(false);
    return 0;
  }
  // However much media there is, peers' reports and checks have their share.
  const size_t media = drainMedia(into, room / 2);
  size_t taken = 0;
  while (taken < records_.size()) {
    Header header;
    std::memcpy(&header, records_.data() + taken, kHeader);
    if (media + taken + header.size > room) break;
    taken += header.size;
  }
  if (taken > 0) std::memcpy(into + media, records_.data(), taken);
  records_.erase(records_.begin(), records_.begin() + static_cast<ptrdiff_t>(taken));
  return media + taken;
}

size_t Inbox::drainMedia(uint8_t* into, size_t room) {
  size_t used = 0;
  size_t taken = 0;
  for (; taken < media_.size() && used + kMediaRecord <= room; taken++) {
    Media& one = media_[taken];
    const MediaRecord record{
        {kMedia, kMediaRecord, one.peer, one.packet.length},
        one.packet.slab->id,
        one.packet.offset,
        one.at,
        static_cast<double>(one.index),
    };
    std::memcpy(into + used, &record, kMediaRecord);
    used += kMediaRecord;
    // The reference becomes JavaScript's, unless it has one already.
    Slab* slab = one.packet.slab.detach();
    if (std::exchange(slab->heldByScript, true)) slab->release();
  }
  media_.erase(media_.begin(), media_.begin() + static_cast<ptrdiff_t>(taken));
  return used;
}

}  // namespace tailrace
