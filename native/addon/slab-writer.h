#pragma once
#include <cstddef>
#include <cstdint>

#include "slab.h"

namespace tailrace {

/** Longest datagram taken: the Ethernet MTU. */
constexpr size_t kMaxDatagram = 1500;

/** Puts packets into slabs, one behind the other. Has no slab before the first. */
class SlabWriter {
 public:
  /** @returns that many bytes, the same ones again until `keep` */
  uint8_t* room(SlabPool& pool, size_t length = kMaxDatagram) {
    if (!slab_ || used_ + length > kSlabSize) {
      slab_ = pool.take();
      used_ = 0;
    }
    return slab_->bytes + used_;
  }

  /** The packet in the first `length` bytes of `room`, which nothing is written over now. */
  StoredPacket keep(size_t length) {
    StoredPacket packet{slab_, static_cast<uint32_t>(used_), static_cast<uint16_t>(length)};
    used_ += length;
    return packet;
  }

 private:
  SlabRef slab_;
  size_t used_ = 0;
};

}  // namespace tailrace
