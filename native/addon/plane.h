#pragma once
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "feedback-reader.h"
#include "inbox.h"
#include "incoming.h"
#include "shard-thread.h"
#include "slab-writer.h"
#include "slab.h"
#include "media-sockets.h"
#include "tcp-port.h"

namespace tailrace {

struct PlaneOptions {
  /** In text form, of both families. */
  std::vector<std::string> addresses;
  /** 0 takes a free one. */
  uint16_t port = 0;
  Rung rung = Rung::kGso;
  /** Shards, each with a thread of its own. */
  size_t threads = 1;
  /** Listens for TCP, too, at the same addresses and port. */
  bool tcp = false;
};

/** SRTP keys of a peer, both ways. */
struct PeerKeys {
  SrtpProfile profile;
  /** Protects what we send. */
  SrtpMaster local;
  /** Protects what the peer sends. */
  SrtpMaster remote;
};

/**
 * The media plane: sockets, the thread that receives, and the shards. Its methods are called on the
 * thread of JavaScript; what they do to viewers happens on the shards, in the order of the calls.
 *
 * Packets whose SSRC has a route go from the receiving thread to the shards and never wait for
 * JavaScript, which is told of them afterwards.
 */
class Plane final : public IncomingListener, public ShardListener, public TcpListener {
 public:
  explicit Plane(std::function<void()> wake);
  ~Plane() override;

  /** @returns 0, or errno; `failedAddress` then tells where */
  int open(const PlaneOptions& options);
  /** Stops all threads. Afterwards every method does nothing. Idempotent. */
  void close();

  uint16_t port() const { return sockets_.port(); }
  int kernelBuffer() const { return sockets_.kernelBuffer(); }
  const std::string& failedAddress() const {
    return failedTcp_ ? tcp_.failedAddress() : sockets_.failedAddress();
  }
  /** Whether it was TCP that failed there. */
  bool failedTcp() const { return failedTcp_; }

  void sendControl(const uint8_t* datagram, size_t length, const Destination& to);
  /** Checks of that session are welcome; from the first one on, nobody else's. */
  void expect(const std::string& ufrag, const std::string& password);
  void forget(const std::string& ufrag);
  void addPeer(PeerId id, const PeerKeys& keys, const Destination& path, size_t streams);
  void movePeer(PeerId id, const Destination& path);
  void removePeer(PeerId id);
  void sendRtcp(PeerId id, const uint8_t* compound, size_t length);
  void route(PeerId id, uint32_t ssrc, LogId log, int64_t newest, int64_t base);

  void openLog(LogId id);
  void closeLog(LogId id);
  void setClock(LogId id, const LogClock& clock);
  /** @param appends moved from */
  void append(Append* appends, size_t count);
  void dropBefore(LogId id, int64_t index);
  /** A packet from elsewhere, copied into a slab of ours. */
  StoredPacket copyIn(const uint8_t* packet, size_t length);

  void addTrack(PeerId peer, TrackId id, const TrackFormat& format);
  void removeTrack(TrackId id);
  /** A command to the shard that the track lives in. */
  void toTrack(TrackId id, Task task);
  const TrackCounters* trackCounters(TrackId id) const;
  /**
   * Reads transport-wide feedback against what was sent to the peer.
   *
   * @param now monotonic ms
   * @param groups gets `kGroupFields * kMostPairs` numbers at most
   * @returns nothing for a packet that breaks its rules, and before anything numbered was sent
   */
  std::optional<FeedbackDigest> readFeedback(PeerId id, const uint8_t* packet, size_t length,
                                             double now, double* groups);

  Inbox& inbox() { return inbox_; }
  SlabPool& slabs() { return slabs_; }
  /** Numbers that `writeStatistics` writes. */
  static constexpr size_t kStatistics = 15 + static_cast<size_t>(Drop::kCount);
  /** @param out gets the counts, in the order of `native/addon-statistics.ts` */
  void writeStatistics(double* out) const;

 private:
  struct Peer {
    size_t shard;
    std::shared_ptr<TransportHistory> transport;
    std::vector<TrackId> tracks;
    /** Since the first feedback. */
    std::unique_ptr<FeedbackReader> reader;
  };
  struct Track {
    PeerId peer;
    size_t shard;
    std::shared_ptr<TrackCounters> counters;
  };

  void control(const uint8_t* datagram, size_t length, const Destination& from,
               bool known) override;
  void media(PeerId peer, const StoredPacket& packet, LogId log, int64_t index) override;
  void rtcp(PeerId peer, const uint8_t* compound, size_t length) override;
  void started(TrackId track) override;
  void caughtUp(TrackId track) override;
  void starved(TrackId track) override;

  void frame(const uint8_t* bytes, size_t length, const Destination& from) override;
  void framesEnd() override;
  void congested(PeerId peer, bool isCongested) override;

  /** Packets, bytes, retransmitted, replayed and probed. */
  using TrackSums = std::array<uint64_t, 5>;
  static void addTo(TrackSums& sums, const TrackCounters& counters);
  int openSockets(const PlaneOptions& options);
  int watchSockets();
  bool sendAtOnce(const uint8_t* datagram, size_t length, const Destination& to);
  void reconnect(const Destination& path);
  Destination reached(PeerId id, const Destination& path) const;
  void receive();
  void receiveBatch(UdpSocket& socket);
  void passOn();
  void forget(TrackId id);
  void sweepLeaving();
  void tellAll(const Task& task);

  // First, so that it outlives whoever holds slabs.
  SlabPool slabs_;
  Inbox inbox_;
  Incoming incoming_;
  MediaSockets sockets_;
  TcpPort tcp_;
  bool failedTcp_ = false;
  std::vector<std::unique_ptr<ShardThread>> shards_;
  /** Datagrams of `sendControl`, and how many of them failed. */
  uint64_t controlSent_ = 0;
  uint64_t controlFailed_ = 0;
  // Of the thread of JavaScript.
  std::unordered_map<PeerId, Peer> peers_;
  std::unordered_map<TrackId, Track> tracks_;
  /** Of tracks that are gone here, and maybe not yet on their shards. */
  std::vector<std::shared_ptr<TrackCounters>> leaving_;
  TrackSums sumsBefore_{};
  size_t nextShard_ = 0;
  SlabWriter copies_;
  /** Of the report being read: its memory is used again. */
  TransportFeedback feedback_;
  // Of the receiving thread.
  std::vector<Append> routed_;
  double arrivedAt_ = 0;
  int epoll_ = -1;
  int stop_ = -1;
  std::thread receiver_;
};

}  // namespace tailrace
