#pragma once
#include <sanitizer/asan_interface.h>

#include <cstring>
#include <vector>

#include "slab.h"

namespace tailrace {

/** Packets in slabs, each with forbidden ground around it: AddressSanitizer sees every overrun. */
class FencedSlabs {
 public:
  explicit FencedSlabs(SlabPool& pool) : pool_(pool) {}
  ~FencedSlabs() {
    for (const SlabRef& slab : slabs_) ASAN_UNPOISON_MEMORY_REGION(slab->bytes, kSlabSize);
  }

  StoredPacket store(const std::vector<uint8_t>& packet) {
    // Poison counts in granules of 8 bytes: a packet begins on one, with one more before it.
    constexpr size_t granule = 8;
    if (slabs_.empty() || used_ + packet.size() + 3 * granule > kSlabSize) open();
    const size_t offset = (used_ + 2 * granule - 1) / granule * granule;
    used_ = offset + packet.size();
    uint8_t* bytes = slabs_.back()->bytes + offset;
    ASAN_UNPOISON_MEMORY_REGION(bytes, packet.size());
    std::memcpy(bytes, packet.data(), packet.size());
    return {slabs_.back(), static_cast<uint32_t>(offset), static_cast<uint16_t>(packet.size())};
  }

 private:
  // All are kept to the end, so that none of them is another packet's in between.
  void open() {
    slabs_.push_back(pool_.take());
    used_ = 0;
    ASAN_POISON_MEMORY_REGION(slabs_.back()->bytes, kSlabSize);
  }

  SlabPool& pool_;
  std::vector<SlabRef> slabs_;
  size_t used_ = 0;
};

}  // namespace tailrace
