#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "packet-view.h"

namespace tailrace {

/** Bytes of one slab, as `native/slab.ts` has it. */
constexpr size_t kSlabSize = 256 * 1024;

class SlabPool;

/**
 * A reference-counted block of packet memory, read by every thread and by JavaScript. With its
 * last reference it goes back to its pool; its memory lives as long as the pool or a Buffer on
 * it does, so that JavaScript never reads what is unmapped.
 */
class Slab {
 public:
  uint8_t* const bytes;
  const uint32_t id;
  /** Whether JavaScript holds a reference. Touched on its thread only. */
  bool heldByScript = false;

  void retain() { references_.fetch_add(1, std::memory_order_relaxed); }
  void release();
  /** Memory is shared by the pool and the Buffers made on it. */
  void share() { owners_.fetch_add(1, std::memory_order_relaxed); }
  void disown();

 private:
  friend class SlabPool;
  Slab(uint8_t* memory, uint32_t number, SlabPool* pool)
      : bytes(memory), id(number), pool_(pool) {}
  ~Slab();

  std::atomic<uint32_t> references_{0};
  std::atomic<uint32_t> owners_{1};
  SlabPool* const pool_;
};

/** One counted reference to a slab, or none. */
class SlabRef {
 public:
  SlabRef() = default;
  /** Takes a reference of its own. */
  explicit SlabRef(Slab* slab) : slab_(slab) {
    if (slab_) slab_->retain();
  }
  SlabRef(const SlabRef& other) : SlabRef(other.slab_) {}
  SlabRef(SlabRef&& other) noexcept : slab_(std::exchange(other.slab_, nullptr)) {}
  SlabRef& operator=(SlabRef other) noexcept {
    std::swap(slab_, other.slab_);
    return *this;
  }
  ~SlabRef() {
    if (slab_) slab_->release();
  }
  Slab* get() const { return slab_; }
  Slab* operator->() const { return slab_; }
  explicit operator bool() const { return slab_ != nullptr; }
  /** Gives the reference away: whoever takes it releases it. */
  Slab* detach() { return std::exchange(slab_, nullptr); }

 private:
  Slab* slab_ = nullptr;
};

/** A packet in a slab, kept alive by it. */
struct StoredPacket {
  SlabRef slab;
  uint32_t offset = 0;
  /** Bytes of the whole RTP packet; 0 for none. */
  uint16_t length = 0;

  const uint8_t* bytes() const { return slab->bytes + offset; }
  PacketView view() const { return {bytes(), length}; }
};

/**
 * Slabs for reuse. Free memory past a bound is given back to the kernel, while the addresses
 * stay: a Buffer on them remains valid.
 */
class SlabPool {
 public:
  SlabPool() = default;
  SlabPool(const SlabPool&) = delete;
  /** All references must be gone; Buffers may outlive it. */
  ~SlabPool();

  SlabRef take();
  /** The slab of that id, which must have been taken at some time. */
  Slab* find(uint32_t id);

 private:
  friend class Slab;
  void give(Slab* slab);

  std::mutex mutex_;
  std::vector<Slab*> slabs_;
  std::vector<Slab*> free_;
  /** Free slabs whose memory is resident: the newest of `free_`. */
  size_t resident_ = 0;
};

}  // namespace tailrace
