#pragma once
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "counter.h"
#include "shard.h"
#include "train-sender.h"

namespace tailrace {

/** A packet for the mirror of a log. */
struct Append {
  LogId log = 0;
  int64_t index = 0;
  StoredPacket packet;
  /** Monotonic ms of its arrival. */
  double at = 0;
};

/** What a shard's thread does for others, in the order of the calls. */
using Task = std::function<void(Shard&)>;

/**
 * A shard, its thread and its queue. Packets and commands share one queue: a replay must find in
 * its log exactly what was stored before it, or a packet would leave twice (ADR 6).
 */
class ShardThread {
 public:
  /** @param sockets open; they outlive this */
  ShardThread(Rung rung, const MediaSockets& sockets, ShardListener& listener);
  /** Stops the thread. What is queued is not sent any more. */
  ~ShardThread();
  ShardThread(const ShardThread&) = delete;

  void post(Task task);
  /** @param appends moved from */
  void post(Append* appends, size_t count);
  void stop();

  const SendCounters& sendCounters() const { return sendCounters_; }
  const ShardCounters& counters() const { return counters_; }
  /** Packets refused because the queue was full. */
  uint64_t refused() const { return refused_.value(); }

 private:
  struct Entry {
    Append append;
    /** Empty for a packet. */
    Task task;
  };

  void run();
  bool wait(std::vector<Entry>& into, double until);
  void wake(std::unique_lock<std::mutex>& lock);

  SendCounters sendCounters_;
  ShardCounters counters_;
  TrainSender sender_;
  Shard shard_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<Entry> queue_;
  size_t packetsQueued_ = 0;
  bool sleeping_ = false;
  bool stopped_ = false;
  Counter refused_;
  std::thread thread_;
};

}  // namespace tailrace
