#pragma once
#include <node_api.h>

namespace tailrace {

/** Adds `loadSink`, the receiving half of the load tool: see `load/native-sink.ts`. */
void registerLoadSink(napi_env env, napi_value exports);

}  // namespace tailrace
