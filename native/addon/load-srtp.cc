#include <memory>
#include <new>

#include "load-call.h"
#include "packet-view.h"

// SRTP for the load tool's own peers, with the keys of one direction each: see
// `load/native-srtp.ts`. The receiving thread decrypts nothing.

namespace tailrace::load {
namespace {

template <typename Direction>
napi_value make(napi_env env, napi_callback_info info) {
  const Arguments call(env, info);
  napi_value made = nullptr;
  try {
    const auto profile = static_cast<SrtpProfile>(call.integer(0));
    auto direction = std::make_unique<Direction>(profile, call.master(1));
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
  const Arguments call(env, info);
  auto* sender = call.external<SrtpSender>(0);
  size_t room = 0;
  auto* packet = call.elements<uint8_t>(1, &room);
  const size_t header = call.integer(2), length = call.integer(3);
  if (!sender || header < kFixedHeader || header > length || length + sender->overhead() > room) {
    return call.result(0);
  }
  const auto index = static_cast<uint64_t>(call.index(4));
  return call.result(static_cast<double>(
      sender->protectRtp(packet, header, packet + header, length - header, index)));
}

// (sender, compound, length) -> length; the compound has room for `kSrtpMaxOverhead` more
napi_value protectRtcp(napi_env env, napi_callback_info info) {
  const Arguments call(env, info);
  auto* sender = call.external<SrtpSender>(0);
  size_t room = 0;
  auto* compound = call.elements<uint8_t>(1, &room);
  const size_t length = call.integer(2);
  if (!sender || length < 8 || length + kSrtpMaxOverhead > room) return call.result(0);
  return call.result(static_cast<double>(sender->protectRtcp(compound, length)));
}

double outcome(const SrtpReceiver& receiver, size_t length) {
  return length > 0 ? static_cast<double>(length) : -static_cast<double>(receiver.failure());
}

// (receiver, datagram, into, at) -> length, or the failure as a negative number
napi_value unprotectRtp(napi_env env, napi_callback_info info) {
  const Arguments call(env, info);
  auto* receiver = call.external<SrtpReceiver>(0);
  size_t length = 0, room = 0;
  const auto* datagram = call.elements<uint8_t>(1, &length);
  auto* into = call.elements<uint8_t>(2, &room);
  const size_t at = call.integer(3);
  if (!receiver || at + length > room) return call.result(0);
  return call.result(outcome(*receiver, receiver->unprotectRtp(datagram, length, into + at)));
}

// (receiver, datagram, into) -> as above
napi_value unprotectRtcp(napi_env env, napi_callback_info info) {
  const Arguments call(env, info);
  auto* receiver = call.external<SrtpReceiver>(0);
  size_t length = 0, room = 0;
  const auto* datagram = call.elements<uint8_t>(1, &length);
  auto* into = call.elements<uint8_t>(2, &room);
  if (!receiver || length > room) return call.result(0);
  return call.result(outcome(*receiver, receiver->unprotectRtcp(datagram, length, into)));
}

}  // namespace

void registerSrtp(napi_env env, napi_value into) {
  registerFunction(env, into, "srtpSender", make<SrtpSender>);
  registerFunction(env, into, "srtpReceiver", make<SrtpReceiver>);
  registerFunction(env, into, "protectRtp", protectRtp);
  registerFunction(env, into, "protectRtcp", protectRtcp);
  registerFunction(env, into, "unprotectRtp", unprotectRtp);
  registerFunction(env, into, "unprotectRtcp", unprotectRtcp);
}

}  // namespace tailrace::load
