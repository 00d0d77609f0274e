#include "shard-thread.h"

#include <pthread.h>

#include <chrono>
#include <cmath>
#include <utility>

#include "clock.h"

namespace tailrace {

/** Packets that may wait for a shard: seconds of many streams; it is far too late by then. */
constexpr size_t kMaxPacketsQueued = 1 << 16;

ShardThread::ShardThread(Rung rung, const MediaSockets& sockets, ShardListener& listener)
    : sender_(rung, sockets, sendCounters_),
      shard_(sender_, listener, counters_),
      thread_([this] { run(); }) {}

ShardThread::~ShardThread() { stop(); }

void ShardThread::stop() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    stopped_ = true;
    wake(lock);
  }
  if (thread_.joinable()) thread_.join();
  // Slab references go back while their pool is there.
  queue_.clear();
}

void ShardThread::post(Task task) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (stopped_) return;
  queue_.push_back({{}, std::move(task)});
  wake(lock);
}

void ShardThread::post(Append* appends, size_t count) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (stopped_ || packetsQueued_ + count > kMaxPacketsQueued) {
    refused_.add(count);
    return;
  }
  packetsQueued_ += count;
  for (size_t i = 0; i < count; i++) queue_.push_back({std::move(appends[i]), nullptr});
  wake(lock);
}

// A thread at work looks at the queue again by itself.
void ShardThread::wake(std::unique_lock<std::mutex>& lock) {
  if (!std::exchange(sleeping_, false)) return;
  lock.unlock();
  ready_.notify_one();
}

// Returns false at the end.
bool ShardThread::wait(std::vector<Entry>& into, double until) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (queue_.empty() && !stopped_) {
    const double now = monotonicMs();
    if (now >= until) break;
    sleeping_ = true;
    if (std::isinf(until)) {
      ready_.wait(lock);
    } else {
      ready_.wait_for(lock, std::chrono::duration<double, std::milli>(until - now));
    }
    sleeping_ = false;
  }
  into.swap(queue_);
  packetsQueued_ = 0;
  return !stopped_;
}

void ShardThread::run() {
  pthread_setname_np(pthread_self(), "tailrace-send");
  std::vector<Entry> entries;
  double next = 0;
  double turnEnd = monotonicMs();
  while (wait(entries, next)) {
    const double started = monotonicMs();
    shard_.setTime({started, wallMs()});
    for (Entry& entry : entries) {
      if (entry.task) {
        entry.task(shard_);
      } else {
        Append& append = entry.append;
        shard_.append(append.log, append.index, std::move(append.packet), append.at);
      }
    }
    entries.clear();
    next = shard_.turn();
    const double now = monotonicMs();
    shard_.measure(now - started, now - turnEnd);
    turnEnd = now;
  }
}

}  // namespace tailrace
