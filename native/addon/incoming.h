#pragma once
#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "counter.h"
#include "demux.h"
#include "destination.h"
#include "incoming-peer.h"
#include "media-types.h"
#include "peer-table.h"
#include "slab-writer.h"
#include "slab.h"
#include "srtp.h"
#include "stun-gate.h"

namespace tailrace {

/** What `Incoming` tells. All bytes are borrowed, except by a reference to the slab. */
class IncomingListener {
 public:
  virtual ~IncomingListener() = default;
  /**
   * A check of a session that is expected, or DTLS from where one was answered.
   *
   * @param known whether a peer is on that path
   */
  virtual void control(const uint8_t* datagram, size_t length, const Destination& from,
                       bool known) = 0;
  /**
   * A packet that passed authentication and the replay check.
   *
   * @param log and @param index where it belongs, if its SSRC has a route; else index is −1
   */
  virtual void media(PeerId peer, const StoredPacket& packet, LogId log, int64_t index) = 0;
  /** A decrypted compound. */
  virtual void rtcp(PeerId peer, const uint8_t* compound, size_t length) = 0;
};

/** Reasons to drop a datagram, in the order of `DropReason` in `native/media-plane.ts`. */
enum class Drop : uint8_t {
  kUnknownRange,
  kUnknownPeer,
  kTooShort,
  kTooLong,
  kAuthentication,
  kReplayed,
  kUnknownUfrag,
  kBadIntegrity,
  kUnknownPath,
  kTooOften,
  kCount
};

/** Written by whoever holds the mutex. */
struct IncomingCounters {
  Counter datagrams;
  /** RTP as decrypted. */
  Counter packets;
  Counter bytes;
  std::array<Counter, static_cast<size_t>(Drop::kCount)> dropped;
};

/**
 * Sorts what the port receives, decrypts what comes from peers, and announces it: sans-IO.
 * The reference is `native/twin/incoming.ts` with `peer-table.ts`, for which peer a packet on a
 * shared path belongs to.
 *
 * The receiving thread holds `mutex()` around each batch of `receive`; the other methods take
 * it themselves.
 */
class Incoming {
 public:
  Incoming(SlabPool& slabs, IncomingListener& listener) : slabs_(slabs), listener_(listener) {}
  Incoming(const Incoming&) = delete;

  std::mutex& mutex() { return mutex_; }
  /** @param now monotonic ms */
  void receive(const uint8_t* datagram, size_t length, const Destination& from, double now);

  /** Checks of that session are welcome. */
  void expect(const std::string& ufrag, const std::string& password);
  void forget(const std::string& ufrag);
  /** What leaves for that path: DTLS is welcome from where a check is answered. */
  void answering(const uint8_t* datagram, size_t length, const Destination& to, double now);

  /** @param streams SSRCs that it may send from; 0 for a client */
  void addPeer(PeerId peer, SrtpProfile profile, const SrtpMaster& remote, const Destination& path,
               size_t streams);
  void movePeer(PeerId peer, const Destination& path);
  void removePeer(PeerId peer);
  /** Those that a packet which comes there is tried on. */
  std::vector<PeerId> peersOn(const Destination& path);
  /**
   * From now on packets of this SSRC belong in that log.
   *
   * @param newest the newest ingest index known of it; sequence numbers are unwrapped from there
   * @param base by what ingest indices are more than the packets' numbers
   */
  void route(PeerId peer, uint32_t ssrc, LogId log, int64_t newest, int64_t base);
  /** Ends all routes to that log. */
  void closeLog(LogId log);

  const IncomingCounters& counters() const { return counters_; }

 private:
  void drop(Drop reason) { counters_.dropped[static_cast<size_t>(reason)].add(1); }
  void receiveControl(DatagramKind kind, const uint8_t* datagram, size_t length,
                      const Destination& from, double now);
  void receiveMedia(DatagramKind kind, const uint8_t* datagram, size_t length,
                    const Destination& from);
  bool receiveRtp(IncomingPeer& peer, const uint8_t* datagram, size_t length, bool proves);
  bool receiveRtcp(IncomingPeer& peer, const uint8_t* datagram, size_t length, bool proves);

  SlabPool& slabs_;
  IncomingListener& listener_;
  std::mutex mutex_;
  IncomingCounters counters_;
  PeerTable peers_;
  StunGate gate_;
  /** For publishers' packets of SSRCs that have no route: their repairs by RTX. */
  SlabWriter repairs_;
  /**
   * For peers without any route. A viewer's packets, which nobody keeps, must not lie beside
   * repairs, which logs keep: a log would hold on to all of them.
   */
  SlabWriter strays_;
};

}  // namespace tailrace
