#include "slab.h"

#include <sys/mman.h>

#include <new>

namespace tailrace {

/** Free slabs that keep their memory; those beyond cost page faults when they come back. */
constexpr size_t kResidentFree = 64;

void Slab::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) pool_->give(this);
}

void Slab::disown() {
  if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

Slab::~Slab() { munmap(bytes, kSlabSize); }

SlabRef SlabPool::take() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!free_.empty()) {
    Slab* slab = free_.back();
    free_.pop_back();
    if (resident_ > 0) resident_--;
    return SlabRef(slab);
  }
  void* memory =
      mmap(nullptr, kSlabSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* slab = new Slab(static_cast<uint8_t*>(memory), static_cast<uint32_t>(slabs_.size()), this);
  slabs_.push_back(slab);
  return SlabRef(slab);
}

Slab* SlabPool::find(uint32_t id) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return id < slabs_.size() ? slabs_[id] : nullptr;
}

void SlabPool::give(Slab* slab) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (resident_ < kResidentFree) {
    resident_++;
    free_.push_back(slab);
    return;
  }
  // Below the resident ones, so that these are taken first.
  madvise(slab->bytes, kSlabSize, MADV_DONTNEED);
  free_.insert(free_.begin(), slab);
}

SlabPool::~SlabPool() {
  for (Slab* slab : slabs_) slab->disown();
}

}  // namespace tailrace
