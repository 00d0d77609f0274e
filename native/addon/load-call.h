#pragma once
#include <arpa/inet.h>
#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "load-receiver.h"

namespace tailrace::load {

constexpr size_t kMaxArguments = 8;

/** A receiver as JavaScript holds it, and what it has drained but not yet taken. */
struct Sink {
  std::unique_ptr<Receiver> receiver;
  napi_threadsafe_function wake = nullptr;
  Outbox drained;
  size_t next = 0;

  void stop() {
    if (!receiver) return;
    receiver.reset();
    napi_release_threadsafe_function(wake, napi_tsfn_abort);
  }
};

/** The arguments of one call. What is missing or of another type reads as zero or empty. */
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env_(env) {
    size_t count = kMaxArguments;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
  }

  /** The sink in the first argument, or null once it was stopped. */
  Sink* sink() const {
    auto* sink = external<Sink>(0);
    return sink && sink->receiver ? sink : nullptr;
  }
  /** What an external of that type holds, or null. Types are trusted. */
  template <typename T>
  T* external(size_t at) const {
    void* found = nullptr;
    return napi_get_value_external(env_, values_[at], &found) == napi_ok ? static_cast<T*>(found)
                                                                         : nullptr;
  }
  double number(size_t at) const {
    double value = 0;
    return napi_get_value_double(env_, values_[at], &value) == napi_ok ? value : 0;
  }
  uint32_t integer(size_t at) const {
    uint32_t value = 0;
    return napi_get_value_uint32(env_, values_[at], &value) == napi_ok ? value : 0;
  }
  bool flag(size_t at) const {
    bool value = false;
    return napi_get_value_bool(env_, values_[at], &value) == napi_ok && value;
  }
  template <typename T>
  T* array(size_t at, napi_typedarray_type type, size_t* length) const {
    napi_typedarray_type found;
    void* data = nullptr;
    *length = 0;
    size_t size = 0;
    const bool read = napi_get_typedarray_info(env_, values_[at], &found, &size, &data, nullptr,
                                               nullptr) == napi_ok;
    if (!read || found != type) return nullptr;
    *length = size;
    return static_cast<T*>(data);
  }
  bool address(size_t at, sockaddr_storage* into) const {
    char text[64];
    size_t length = 0;
    if (napi_get_value_string_utf8(env_, values_[at], text, sizeof text, &length) != napi_ok) {
      return false;
    }
    *into = {};
    const uint16_t port = htons(static_cast<uint16_t>(integer(at + 1)));
    auto& v4 = reinterpret_cast<sockaddr_in&>(*into);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(*into);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
      v4.sin_family = AF_INET;
      v4.sin_port = port;
      return true;
    }
    v6.sin6_family = AF_INET6;
    v6.sin6_port = port;
    return inet_pton(AF_INET6, text, &v6.sin6_addr) == 1;
  }
  napi_value give(double value) const {
    napi_value made = nullptr;
    napi_create_double(env_, value, &made);
    return made;
  }

 private:
  const napi_env env_;
  napi_value values_[kMaxArguments] = {};
};

/** Adds the functions of `load-srtp.cc`. */
void registerSrtp(napi_env env, napi_value into);

inline void addFunction(napi_env env, napi_value into, const char* name, napi_callback call) {
  napi_value made = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, nullptr, &made);
  napi_set_named_property(env, into, name, made);
}

}  // namespace tailrace::load
