#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bytes.h"
#include "fuzz-input.h"
#include "hmac-sha1.h"

namespace tailrace {

inline void addAttribute(std::vector<uint8_t>& into, uint16_t type,
                         const std::vector<uint8_t>& value) {
  const size_t at = into.size();
  into.resize(at + 4 + ((value.size() + 3) & ~size_t{3}));
  write16(&into[at], type);
  write16(&into[at + 2], static_cast<uint32_t>(value.size()));
  std::copy(value.begin(), value.end(), into.begin() + static_cast<ptrdiff_t>(at + 4));
}

/** A binding request by who knows the password, with this and that in it. */
inline std::vector<uint8_t> fuzzCheck(FuzzInput& input, const std::string& ufrag,
                                      const std::string& password) {
  std::vector<uint8_t> bytes = input.bytes(20);
  write32(&bytes[0], 0x0001'0000);
  write32(&bytes[4], 0x2112'a442);
  const std::string user = ufrag + ":" + std::string(input.between(0, 8), 'x');
  if (input.onceIn(4)) addAttribute(bytes, 0x8022, input.bytes(input.between(0, 30)));
  addAttribute(bytes, 0x0006, {user.begin(), user.end()});
  if (input.onceIn(4)) addAttribute(bytes, 0x0024, input.bytes(4));
  write16(&bytes[2], static_cast<uint32_t>(bytes.size() + 24 - 20));
  uint8_t digest[kSha1Length];
  const HmacSha1 hmac(reinterpret_cast<const uint8_t*>(password.data()), password.size());
  hmac.digest(bytes.data(), bytes.size(), nullptr, 0, digest);
  addAttribute(bytes, 0x0008, {digest, digest + kSha1Length});
  if (input.onceIn(4)) addAttribute(bytes, 0x8028, input.bytes(4));
  write16(&bytes[2], static_cast<uint32_t>(bytes.size() - 20));
  return bytes;
}

/** Whether a check was changed behind its integrity only: that is for JavaScript to judge. */
inline bool isCoveredAlike(const std::vector<uint8_t>& changed, const std::vector<uint8_t>& whole) {
  if (changed.size() != whole.size()) return false;
  size_t at = 20;
  while (read16(&whole[at]) != 0x0008) at += 4 + ((read16(&whole[at + 2]) + 3u) & ~3u);
  const auto end = whole.begin() + static_cast<ptrdiff_t>(at + 4 + kSha1Length);
  return std::equal(whole.begin(), end, changed.begin());
}

}  // namespace tailrace
