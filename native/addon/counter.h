#pragma once
#include <atomic>
#include <cstdint>

namespace tailrace {

/** A count with one writer at a time, read by any thread. */
class Counter {
 public:
  void add(uint64_t amount) {
    // One writer, so no locked addition.
    count_.store(value() + amount, std::memory_order_relaxed);
  }
  uint64_t value() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> count_{0};
};

}  // namespace tailrace
