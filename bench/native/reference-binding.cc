#include <node_api.h>

#include <vector>

#include "fan-out-loop.h"
#include "kernel-sink.h"

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

}  // namespace tailrace::bench

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, nullptr, 0, tailrace::bench::openSink, nullptr, &function);
  napi_set_named_property(env, exports, "openSink", function);
  napi_create_function(env, nullptr, 0, tailrace::bench::fanOut, nullptr, &function);
  napi_set_named_property(env, exports, "fanOut", function);
  return exports;
}
