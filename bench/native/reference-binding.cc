#include <node_api.h>

#include <memory>
#include <vector>

#include "fan-out-loop.h"
#include "kernel-sink.h"
#include "receive-loop.h"

namespace tailrace::bench {

// Arguments come from `bench/reference.ts` alone, which types them.

static double numberOf(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

// openSink(): its port, or 0. Stays open as long as the process.
static napi_value openSink(napi_env env, napi_callback_info) {
  static const KernelSink sink;
  napi_value port;
  napi_create_uint32(env, sink.port(), &port);
  return port;
}

// fanOut(viewers, port, arrivals: Float64Array of (at, packets, payload), realTime): datagrams.
static napi_value fanOut(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  size_t count = 4;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  void* data = nullptr;
  size_t length = 0;
  napi_get_typedarray_info(env, arguments[2], nullptr, &length, &data, nullptr, nullptr);
  const auto* numbers = static_cast<const double*>(data);
  std::vector<Arrival> arrivals;
  for (size_t i = 0; i + 3 <= length; i += 3) {
    arrivals.push_back({numbers[i], static_cast<uint32_t>(numbers[i + 1]),
                        static_cast<uint32_t>(numbers[i + 2])});
  }
  bool realTime = false;
  napi_get_value_bool(env, arguments[3], &realTime);
  FanOutLoop loop(static_cast<size_t>(numberOf(env, arguments[0])),
                  static_cast<uint16_t>(numberOf(env, arguments[1])));
  napi_value sent;
  napi_create_double(env, static_cast<double>(loop.run(arrivals, realTime)), &sent);
  return sent;
}

static std::unique_ptr<ReceiveLoop> receiver;

// openReceiver(key, salt): its port, or 0. Replaces the one before.
static napi_value openReceiver(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  void* bytes[2] = {nullptr, nullptr};
  for (int i = 0; i < 2; i++) napi_get_buffer_info(env, arguments[i], &bytes[i], nullptr);
  receiver = std::make_unique<ReceiveLoop>(static_cast<const uint8_t*>(bytes[0]),
                                           static_cast<const uint8_t*>(bytes[1]));
  napi_value port;
  napi_create_uint32(env, receiver->port(), &port);
  return port;
}

// receive(packets): how many came.
static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  const auto asked = static_cast<uint64_t>(numberOf(env, argument));
  napi_value received;
  napi_create_double(env, receiver ? static_cast<double>(receiver->receive(asked)) : 0, &received);
  return received;
}

static void put(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  napi_create_function(env, nullptr, 0, callback, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace tailrace::bench

NAPI_MODULE_INIT() {
  tailrace::bench::put(env, exports, "openSink", tailrace::bench::openSink);
  tailrace::bench::put(env, exports, "fanOut", tailrace::bench::fanOut);
  tailrace::bench::put(env, exports, "openReceiver", tailrace::bench::openReceiver);
  tailrace::bench::put(env, exports, "receive", tailrace::bench::receive);
  return exports;
}
