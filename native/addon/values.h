#pragma once
#include <netinet/in.h>
#include <node_api.h>

#include <cstdint>
#include <string>
#include <vector>

#include "destination.h"
#include "srtp.h"

namespace tailrace {

/**
 * The arguments of one call from JavaScript, whose types are declared in
 * `native/addon-binding.ts` and `load/sink-binding.ts`. A value of another type reads as 0, false
 * or empty.
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
  /** Modulo 2^32, as JavaScript has it. For what may be negative there is `number`. */
  uint32_t integer(size_t at) const;
  int64_t index(size_t at) const;
  bool flag(size_t at) const;
  std::string text(size_t at) const;
  /** What an external of that type holds, or null. */
  template <typename T>
  T* external(size_t at) const {
    void* found = nullptr;
    return napi_get_value_external(env_, values_[at], &found) == napi_ok ? static_cast<T*>(found)
                                                                         : nullptr;
  }

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
  /** All of a typed array. @param count gets how many they are */
  template <typename Element>
  Element* elements(size_t at, size_t* count) const {
    const Bytes found = bytes(at);
    *count = found.length / sizeof(Element);
    return reinterpret_cast<Element*>(found.data);
  }
  std::vector<std::string> texts(size_t at) const;
  std::vector<std::vector<uint8_t>> buffers(size_t at) const;
  /** Address and port, from `at` on. @returns whether it is an address */
  bool address(size_t at, sockaddr_storage* into) const;
  /** Family, remote address, remote port, local address and 1 for TCP, from `at` on. */
  Destination destination(size_t at) const;
  /** Key and salt, from `at` on. */
  SrtpMaster master(size_t at) const;

  napi_value result(double value) const;

 private:
  napi_env env_;
  napi_value values_[kMost] = {};
};

/** One function of `into`, the addon's exports or an object among them. */
void registerFunction(napi_env env, napi_value into, const char* name, napi_callback function);

}  // namespace tailrace
