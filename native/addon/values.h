#pragma once
#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "destination.h"

namespace tailrace {

/**
 * The arguments of one call from `native/addon-plane.ts`, its only caller, which passes what is
 * declared in `native/addon-binding.ts`. A value of another type reads as 0 or empty.
 */
class Arguments {
 public:
  static constexpr size_t kMost = 20;

  Arguments(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMost;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
  }

  napi_env env() const { return env_; }
  napi_value value(size_t at) const { return values_[at]; }
  double number(size_t at) const;
  uint32_t integer(size_t at) const { return static_cast<uint32_t>(number(at)); }
  int64_t index(size_t at) const { return static_cast<int64_t>(number(at)); }
  std::string text(size_t at) const;

  struct Bytes {
    uint8_t* data = nullptr;
    size_t length = 0;
  };
  /** A Buffer, a typed array or an ArrayBuffer. */
  Bytes bytes(size_t at) const;
  template <typename Element>
  Element* elements(size_t at, size_t count) const {
    const Bytes found = bytes(at);
    return found.length >= count * sizeof(Element) ? reinterpret_cast<Element*>(found.data)
                                                   : nullptr;
  }
  std::vector<std::string> texts(size_t at) const;
  std::vector<std::vector<uint8_t>> buffers(size_t at) const;
  /** Family, remote address, remote port and local address, from `at` on. */
  Destination destination(size_t at) const;

 private:
  napi_env env_;
  napi_value values_[kMost] = {};
};

}  // namespace tailrace
