#include "values.h"

#include <arpa/inet.h>
#include <net/if.h>

namespace tailrace {

namespace {

std::string textOf(napi_env env, napi_value value) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return {};
  std::string found(length, '\0');
  napi_get_value_string_utf8(env, value, found.data(), length + 1, &length);
  return found;
}

}  // namespace

double Arguments::number(size_t at) const {
  double found = 0;
  napi_get_value_double(env_, values_[at], &found);
  return found;
}

std::string Arguments::text(size_t at) const { return textOf(env_, values_[at]); }

Arguments::Bytes Arguments::bytes(size_t at) const {
  Bytes found;
  bool matches = false;
  void* data = nullptr;
  if (napi_is_typedarray(env_, values_[at], &matches) == napi_ok && matches) {
    napi_typedarray_type type;
    napi_value buffer;
    size_t offset;
    size_t count = 0;
    napi_get_typedarray_info(env_, values_[at], &type, &count, &data, &buffer, &offset);
    const size_t size = type == napi_float64_array                              ? 8
                        : type == napi_uint32_array || type == napi_int32_array ? 4
                        : type == napi_uint16_array                             ? 2
                                                                                : 1;
    found.length = count * size;
  } else if (napi_is_arraybuffer(env_, values_[at], &matches) == napi_ok && matches) {
    napi_get_arraybuffer_info(env_, values_[at], &data, &found.length);
  }
  found.data = static_cast<uint8_t*>(data);
  return found;
}

std::vector<std::string> Arguments::texts(size_t at) const {
  uint32_t count = 0;
  napi_get_array_length(env_, values_[at], &count);
  std::vector<std::string> found;
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    napi_get_element(env_, values_[at], i, &element);
    found.push_back(textOf(env_, element));
  }
  return found;
}

std::vector<std::vector<uint8_t>> Arguments::buffers(size_t at) const {
  uint32_t count = 0;
  napi_get_array_length(env_, values_[at], &count);
  std::vector<std::vector<uint8_t>> found;
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    void* data = nullptr;
    size_t length = 0;
    napi_get_element(env_, values_[at], i, &element);
    if (napi_get_buffer_info(env_, element, &data, &length) != napi_ok) continue;
    const auto* bytes = static_cast<const uint8_t*>(data);
    found.emplace_back(bytes, bytes + length);
  }
  return found;
}

Destination Arguments::destination(size_t at) const {
  Destination found;
  std::string remote = text(at + 1);
  const auto port = htons(static_cast<uint16_t>(integer(at + 2)));
  const std::string local = text(at + 3);
  if (integer(at) == 4) {
    found.family = AF_INET;
    found.remote.v4 = {};
    found.remote.v4.sin_family = AF_INET;
    found.remote.v4.sin_port = port;
    inet_pton(AF_INET, remote.c_str(), &found.remote.v4.sin_addr);
    inet_pton(AF_INET, local.c_str(), &found.local.v4);
    return found;
  }
  found.family = AF_INET6;
  found.remote.v6 = {};
  found.remote.v6.sin6_family = AF_INET6;
  found.remote.v6.sin6_port = port;
  const size_t scope = remote.find('%');
  if (scope != std::string::npos) {
    found.remote.v6.sin6_scope_id = if_nametoindex(remote.c_str() + scope + 1);
    remote.resize(scope);
  }
  inet_pton(AF_INET6, remote.c_str(), &found.remote.v6.sin6_addr);
  inet_pton(AF_INET6, local.substr(0, local.find('%')).c_str(), &found.local.v6);
  return found;
}

}  // namespace tailrace
