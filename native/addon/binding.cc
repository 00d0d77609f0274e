#include <algorithm>
#include <memory>
#include <utility>

#include "call.h"
#include "load-sink.h"

// The functions of `native/addon-binding.ts` for the plane as a whole and its peers. Nothing is
// decided here: arguments are read, and the plane is called. The first argument is the handle that
// `open` returned.

namespace tailrace {

namespace {

void setNamed(napi_env env, napi_value object, const char* name, double value) {
  napi_value number;
  napi_create_double(env, value, &number);
  napi_set_named_property(env, object, name, number);
}

// A plane that calls `callback`, on the thread of JavaScript, when it has something to tell.
std::unique_ptr<Handle> makeHandle(napi_env env, napi_value callback) {
  auto handle = std::make_unique<Handle>();
  handle->env = env;
  napi_value name;
  napi_create_string_utf8(env, "tailrace media", NAPI_AUTO_LENGTH, &name);
  // A queue of one: what waits is drained as a whole.
  napi_create_threadsafe_function(env, callback, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                  nullptr, &handle->wake);
  handle->closeWithEnvironment();
  const napi_threadsafe_function wake = handle->wake;
  handle->plane = std::make_unique<Plane>(
      [wake] { napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking); });
  return handle;
}

napi_value externalOf(napi_env env, std::unique_ptr<Handle> handle) {
  const auto collect = [](napi_env, void* data, void*) {
    const std::unique_ptr<Handle> owned(static_cast<Handle*>(data));
    owned->close();
  };
  napi_value external;
  napi_create_external(env, handle.release(), collect, nullptr, &external);
  return external;
}

PlaneOptions optionsOf(const Arguments& from) {
  const double rung = from.number(2);
  // A better rung than there is becomes the best: the caller sees which one it got.
  const Rung best = bestRung();
  return {from.texts(0), static_cast<uint16_t>(from.integer(1)),
          rung < 0 ? best : std::min(best, static_cast<Rung>(rung)), from.integer(3),
          from.integer(5) != 0};
}

// open(addresses, port, rung or −1, threads, wake, 1 for TCP)
napi_value open(napi_env env, napi_callback_info info) {
  const Arguments from(env, info);
  std::unique_ptr<Handle> handle = makeHandle(env, from.value(4));
  const Plane& plane = *handle->plane;
  const PlaneOptions options = optionsOf(from);
  const int error = handle->plane->open(options);
  napi_value result;
  napi_create_object(env, &result);
  setNamed(env, result, "error", error);
  setNamed(env, result, "failedTcp", plane.failedTcp() ? 1 : 0);
  setNamed(env, result, "port", error ? 0 : plane.port());
  setNamed(env, result, "rung", static_cast<double>(options.rung));
  setNamed(env, result, "kernelBuffer", error ? 0 : plane.kernelBuffer());
  napi_value address;
  napi_create_string_utf8(env, plane.failedAddress().c_str(), NAPI_AUTO_LENGTH, &address);
  napi_set_named_property(env, result, "failedAddress", address);
  if (error) {
    handle->close();
  } else {
    napi_set_named_property(env, result, "handle", externalOf(env, std::move(handle)));
  }
  return result;
}

napi_value close(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (call.handle) call.handle->close();
  return nullptr;
}

// sendControl(handle, datagram, …path)
napi_value sendControl(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Arguments::Bytes datagram = call.bytes(1);
  if (Plane* plane = call.plane()) {
    plane->sendControl(datagram.data, datagram.length, call.destination(2));
  }
  return nullptr;
}

// expect(handle, ufrag, password)
napi_value expect(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->expect(call.text(1), call.text(2));
  return nullptr;
}

// forget(handle, ufrag)
napi_value forget(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->forget(call.text(1));
  return nullptr;
}

// addPeer(handle, peer, profile, localKey, localSalt, remoteKey, remoteSalt, …path, streams)
napi_value addPeer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const PeerKeys keys{static_cast<SrtpProfile>(call.integer(2)), call.master(3), call.master(5)};
  if (Plane* plane = call.plane()) {
    plane->addPeer(call.integer(1), keys, call.destination(7), call.integer(12));
  }
  return nullptr;
}

napi_value movePeer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->movePeer(call.integer(1), call.destination(2));
  return nullptr;
}

napi_value removePeer(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) plane->removePeer(call.integer(1));
  return nullptr;
}

// sendRtcp(handle, peer, compound)
napi_value sendRtcp(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Arguments::Bytes compound = call.bytes(2);
  if (Plane* plane = call.plane()) {
    plane->sendRtcp(call.integer(1), compound.data, compound.length);
  }
  return nullptr;
}

// route(handle, peer, ssrc, log, newest, base)
napi_value route(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Plane* plane = call.plane()) {
    plane->route(call.integer(1), call.integer(2), call.integer(3), call.index(4), call.index(5));
  }
  return nullptr;
}

// statistics(handle, out): see `native/addon-statistics.ts` for the places
napi_value statistics(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  auto* out = call.elements<double>(1, Plane::kStatistics);
  if (!call.handle || !out) return nullptr;
  call.handle->plane->writeStatistics(out);
  return nullptr;
}

// slabMemory(handle, slab), an ArrayBuffer over it
napi_value slabMemory(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Slab* slab = call.handle ? call.handle->plane->slabs().find(call.integer(1)) : nullptr;
  if (!slab) return nullptr;
  slab->share();
  napi_value memory;
  const auto disown = [](napi_env, void*, void* hint) { static_cast<Slab*>(hint)->disown(); };
  napi_create_external_arraybuffer(env, slab->bytes, kSlabSize, disown, slab, &memory);
  return memory;
}

// releaseSlab(handle, slab): JavaScript keeps nothing of it any longer
napi_value releaseSlab(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Slab* slab = call.handle ? call.handle->plane->slabs().find(call.integer(1)) : nullptr;
  if (slab && std::exchange(slab->heldByScript, false)) slab->release();
  return nullptr;
}

// drain(handle, inbox), bytes written
napi_value drain(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Plane* plane = call.plane();
  const Arguments::Bytes room = call.bytes(1);
  return call.result(
      plane ? static_cast<double>(plane->inbox().drain(room.data, room.length)) : 0);
}

}  // namespace

}  // namespace tailrace

NAPI_MODULE_INIT() {
  using namespace tailrace;
  registerFunction(env, exports, "open", open);
  registerFunction(env, exports, "close", close);
  registerFunction(env, exports, "sendControl", sendControl);
  registerFunction(env, exports, "expect", expect);
  registerFunction(env, exports, "forget", forget);
  registerFunction(env, exports, "addPeer", addPeer);
  registerFunction(env, exports, "movePeer", movePeer);
  registerFunction(env, exports, "removePeer", removePeer);
  registerFunction(env, exports, "sendRtcp", sendRtcp);
  registerFunction(env, exports, "route", route);
  registerFunction(env, exports, "statistics", statistics);
  registerFunction(env, exports, "slabMemory", slabMemory);
  registerFunction(env, exports, "releaseSlab", releaseSlab);
  registerFunction(env, exports, "drain", drain);
  registerMediaFunctions(env, exports);
  registerLoadSink(env, exports);
  return exports;
}
