#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

#include "load-call.h"
#include "load-sink.h"
#include "srtp.h"

// SRTP for the load tool's own peers, with the keys of one direction each: see
// `load/native-srtp.ts`. The receiving thread decrypts nothing.

namespace tailrace::load {
namespace {

template <typename Direction>
napi_value make(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  size_t keyLength = 0, saltLength = 0;
  const auto* key = call.array<uint8_t>(1, napi_uint8_array, &keyLength);
  const auto* salt = call.array<uint8_t>(2, napi_uint8_array, &saltLength);
  SrtpMaster master{};
  std::memcpy(master.key, key, std::min(keyLength, sizeof master.key));
  std::memcpy(master.salt, salt, std::min(saltLength, sizeof master.salt));
  napi_value made = nullptr;
  try {
    const auto profile = static_cast<SrtpProfile>(call.integer(0));
    auto direction = std::make_unique<Direction>(profile, master);
    const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Direction*>(data); };
    if (napi_create_external(env, direction.get(), finalize, nullptr, &made) == napi_ok) {
      direction.release();
    }
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nullptr, "no memory for SRTP keys");
  }
  return made;
}

// (sender, packet, header length, length, index) -> length; the packet has room for the tag
napi_value protectRtp(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto* sender = call.external<SrtpSender>(0);
  size_t room = 0;
  auto* packet = call.array<uint8_t>(1, napi_uint8_array, &room);
  const size_t header = call.integer(2), length = call.integer(3);
  if (!sender || header < 12 || header > length || length + sender->overhead() > room) {
    return call.give(0);
  }
  const auto index = static_cast<uint64_t>(call.number(4));
  return call.give(static_cast<double>(
      sender->protectRtp(packet, header, packet + header, length - header, index)));
}

// (sender, compound, length) -> length; the compound has room for `kSrtpMaxOverhead` more
napi_value protectRtcp(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto* sender = call.external<SrtpSender>(0);
  size_t room = 0;
  auto* compound = call.array<uint8_t>(1, napi_uint8_array, &room);
  const size_t length = call.integer(2);
  if (!sender || length < 8 || length + kSrtpMaxOverhead > room) return call.give(0);
  return call.give(static_cast<double>(sender->protectRtcp(compound, length)));
}

double outcome(const SrtpReceiver& receiver, size_t length) {
  return length > 0 ? static_cast<double>(length) : -static_cast<double>(receiver.failure());
}

// (receiver, datagram, into, at) -> length, or the failure as a negative number
napi_value unprotectRtp(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto* receiver = call.external<SrtpReceiver>(0);
  size_t length = 0, room = 0;
  const auto* datagram = call.array<uint8_t>(1, napi_uint8_array, &length);
  auto* into = call.array<uint8_t>(2, napi_uint8_array, &room);
  const size_t at = call.integer(3);
  if (!receiver || at + length > room) return call.give(0);
  return call.give(outcome(*receiver, receiver->unprotectRtp(datagram, length, into + at)));
}

// (receiver, datagram, into) -> as above
napi_value unprotectRtcp(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto* receiver = call.external<SrtpReceiver>(0);
  size_t length = 0, room = 0;
  const auto* datagram = call.array<uint8_t>(1, napi_uint8_array, &length);
  auto* into = call.array<uint8_t>(2, napi_uint8_array, &room);
  if (!receiver || length > room) return call.give(0);
  return call.give(outcome(*receiver, receiver->unprotectRtcp(datagram, length, into)));
}

}  // namespace

void registerSrtp(napi_env env, napi_value into) {
  addFunction(env, into, "srtpSender", make<SrtpSender>);
  addFunction(env, into, "srtpReceiver", make<SrtpReceiver>);
  addFunction(env, into, "protectRtp", protectRtp);
  addFunction(env, into, "protectRtcp", protectRtcp);
  addFunction(env, into, "unprotectRtp", unprotectRtp);
  addFunction(env, into, "unprotectRtcp", unprotectRtcp);
}

}  // namespace tailrace::load
