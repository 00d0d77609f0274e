#include "load-sink.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "clock.h"
#include "load-call.h"

namespace tailrace::load {
namespace {

/** Numbers that one event takes: kind, session, time and three fields of its kind. */
constexpr size_t kEventFields = 6;

napi_value fail(napi_env env, int error) {
  napi_throw_error(env, nullptr, std::strerror(error));
  return nullptr;
}

void stopSink(void* sink) { static_cast<Sink*>(sink)->stop(); }

napi_value start(napi_env env, napi_callback_info info) {
  napi_value arguments[1] = {}, name = nullptr, handle = nullptr;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  auto sink = std::make_unique<Sink>();
  napi_create_string_utf8(env, "loadSink", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, arguments[0], nullptr, name, 0, 1, nullptr, nullptr,
                                      nullptr, nullptr, &sink->wake) != napi_ok) {
    return fail(env, EINVAL);
  }
  // Sessions keep the process alive, and not this.
  napi_unref_threadsafe_function(env, sink->wake);
  const napi_threadsafe_function wake = sink->wake;
  sink->receiver = std::make_unique<Receiver>(
      [wake] { napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking); });
  const int error = sink->receiver->start();
  if (error != 0) {
    sink->stop();
    return fail(env, error);
  }
  // The environment may end before its values are collected, and its functions with it.
  napi_add_env_cleanup_hook(env, stopSink, sink.get());
  const auto finalize = [](napi_env owner, void* data, void*) {
    napi_remove_env_cleanup_hook(owner, stopSink, data);
    stopSink(data);
    delete static_cast<Sink*>(data);
  };
  napi_create_external(env, sink.get(), finalize, nullptr, &handle);
  sink.release();
  return handle;
}

napi_value stop(napi_env env, napi_callback_info info) {
  if (Sink* sink = Call(env, info).sink()) sink->stop();
  return nullptr;
}

napi_value now(napi_env env, napi_callback_info info) {
  return Arguments(env, info).result(monotonicMs());
}

// (sink, family, formats as triples of payload type, kind and clock rate, transportCcId)
napi_value open(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Sink* sink = call.sink();
  if (!sink) return fail(env, EBADF);
  size_t length = 0;
  const double* numbers = call.elements<double>(2, &length);
  std::vector<Format> formats;
  for (size_t i = 0; i + 3 <= length; i += 3) {
    formats.push_back({static_cast<uint8_t>(numbers[i]),
                       static_cast<FormatKind>(static_cast<uint8_t>(numbers[i + 1])),
                       static_cast<uint32_t>(numbers[i + 2])});
  }
  const auto opened = sink->receiver->open(static_cast<int>(call.integer(1)), std::move(formats),
                                           static_cast<uint8_t>(call.integer(3)));
  if (opened.error != 0) return fail(env, opened.error);
  // Both fit the 53 bits of a number.
  return call.result(opened.session * 65536.0 + opened.port);
}

napi_value close(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Sink* sink = call.sink()) sink->receiver->close(call.integer(1));
  return nullptr;
}

// (sink, session, bytes, length, address, port) -> errno
napi_value send(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Sink* sink = call.sink();
  size_t room = 0;
  const auto* bytes = call.elements<uint8_t>(2, &room);
  sockaddr_storage to;
  if (!sink || !bytes || !call.address(4, &to)) return call.result(EINVAL);
  const size_t length = std::min<size_t>(call.integer(3), room);
  return call.result(sink->receiver->send(call.integer(1), bytes, length, to));
}

napi_value handUpAll(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  if (Sink* sink = call.sink()) sink->receiver->handUpAll(call.integer(1), call.flag(2));
  return nullptr;
}

// (sink, events, bytes) -> events written; none once all was taken
napi_value drain(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Sink* sink = call.sink();
  size_t eventRoom = 0, byteRoom = 0;
  double* events = call.elements<double>(1, &eventRoom);
  auto* bytes = call.elements<uint8_t>(2, &byteRoom);
  if (!sink || !events || !bytes) return call.result(0);
  Outbox& drained = sink->drained;
  if (sink->next == drained.events.size()) {
    sink->receiver->drain(drained);
    sink->next = 0;
  }
  size_t count = 0, used = 0;
  for (; sink->next < drained.events.size() && (count + 1) * kEventFields <= eventRoom; count++) {
    const Event& event = drained.events[sink->next];
    double a = event.a;
    if (event.kind == Event::kDatagram) {
      const size_t size = kSourceSize + event.b;
      if (used + size > byteRoom) break;
      std::memcpy(bytes + used, drained.bytes.data() + event.a - kSourceSize, size);
      a = static_cast<double>(used + kSourceSize);
      used += size;
    }
    const double fields[kEventFields] = {static_cast<double>(event.kind),
                                         static_cast<double>(event.session), event.at, a,
                                         static_cast<double>(event.b), static_cast<double>(event.c)};
    std::copy(fields, fields + kEventFields, events + count * kEventFields);
    sink->next++;
  }
  return call.result(static_cast<double>(count));
}

// (sink, session, now, into) -> streams written
napi_value read(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Sink* sink = call.sink();
  size_t room = 0;
  double* into = call.elements<double>(3, &room);
  if (!sink || !into || room < kMaxStreams * HeaderCounter::kFigures) return call.result(0);
  const size_t streams = sink->receiver->read(call.integer(1), call.number(2), into);
  return call.result(static_cast<double>(streams));
}

// (sink, session, into) -> arrivals written, each a number and its time
napi_value takeArrivals(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Sink* sink = call.sink();
  size_t room = 0;
  double* into = call.elements<double>(2, &room);
  if (!sink || !into) return call.result(0);
  size_t count = 0;
  for (const TransportArrival& arrival : sink->receiver->takeArrivals(call.integer(1))) {
    if (2 * count + 2 > room) break;
    into[2 * count] = arrival.number;
    into[2 * count + 1] = arrival.at;
    count++;
  }
  return call.result(static_cast<double>(count));
}

// (sink, session, ssrc, number, marker, length, now) -> 1 if the packet was missing
napi_value restore(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  Sink* sink = call.sink();
  if (!sink) return call.result(0);
  const SeenPacket packet{static_cast<uint16_t>(call.integer(3)), 0, call.flag(4), call.integer(5),
                          call.number(6)};
  return call.result(sink->receiver->restore(call.integer(1), call.integer(2), packet) ? 1 : 0);
}

// (sink) -> datagrams and events that found the outbox full
napi_value dropped(napi_env env, napi_callback_info info) {
  const Call call(env, info);
  const Sink* sink = call.sink();
  return call.result(sink ? static_cast<double>(sink->drained.dropped) : 0);
}

}  // namespace
}  // namespace tailrace::load

namespace tailrace {

void registerLoadSink(napi_env env, napi_value exports) {
  napi_value all = nullptr;
  napi_create_object(env, &all);
  registerFunction(env, all, "start", load::start);
  registerFunction(env, all, "stop", load::stop);
  registerFunction(env, all, "now", load::now);
  registerFunction(env, all, "open", load::open);
  registerFunction(env, all, "close", load::close);
  registerFunction(env, all, "send", load::send);
  registerFunction(env, all, "handUpAll", load::handUpAll);
  registerFunction(env, all, "drain", load::drain);
  registerFunction(env, all, "read", load::read);
  registerFunction(env, all, "takeArrivals", load::takeArrivals);
  registerFunction(env, all, "restore", load::restore);
  registerFunction(env, all, "dropped", load::dropped);
  load::registerSrtp(env, all);
  napi_set_named_property(env, exports, "loadSink", all);
}

}  // namespace tailrace
