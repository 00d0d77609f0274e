#include "values.h"

#include <arpa/inet.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

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

uint32_t Arguments::integer(size_t at) const {
  uint32_t found = 0;
  napi_get_value_uint32(env_, values_[at], &found);
  return found;
}

int64_t Arguments::index(size_t at) const {
  int64_t found = 0;
  napi_get_value_int64(env_, values_[at], &found);
  return found;
}

bool Arguments::flag(size_t at) const {
  bool found = false;
  napi_get_value_bool(env_, values_[at], &found);
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

bool Arguments::address(size_t at, sockaddr_storage* into) const {
  std::string host = text(at);
  const uint16_t port = htons(static_cast<uint16_t>(integer(at + 1)));
  *into = {};
  auto& v4 = reinterpret_cast<sockaddr_in&>(*into);
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = port;
    return true;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(*into);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = port;
  const size_t scope = host.find('%');
  if (scope != std::string::npos) {
    v6.sin6_scope_id = if_nametoindex(host.c_str() + scope + 1);
    host.resize(scope);
  }
  return inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1;
}

Destination Arguments::destination(size_t at) const {
  Destination found;
  found.family = integer(at) == 4 ? AF_INET : AF_INET6;
  sockaddr_storage remote;
  address(at + 1, &remote);
  const std::string local = text(at + 3);
  found.overTcp = integer(at + 4) != 0;
  if (!found.isV6()) {
    found.remote.v4 = reinterpret_cast<const sockaddr_in&>(remote);
    inet_pton(AF_INET, local.c_str(), &found.local.v4);
    return found;
  }
  found.remote.v6 = reinterpret_cast<const sockaddr_in6&>(remote);
  inet_pton(AF_INET6, local.substr(0, local.find('%')).c_str(), &found.local.v6);
  return found;
}

SrtpMaster Arguments::master(size_t at) const {
  SrtpMaster master{};
  const Bytes key = bytes(at);
  const Bytes salt = bytes(at + 1);
  std::memcpy(master.key, key.data, std::min(key.length, sizeof master.key));
  std::memcpy(master.salt, salt.data, std::min(salt.length, sizeof master.salt));
  return master;
}

napi_value Arguments::result(double value) const {
  napi_value number = nullptr;
  napi_create_double(env_, value, &number);
  return number;
}

void registerFunction(napi_env env, napi_value into, const char* name, napi_callback function) {
  napi_value value = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
  napi_set_named_property(env, into, name, value);
}

}  // namespace tailrace
