#pragma once
#include <node_api.h>

#include <memory>
#include <utility>

#include "plane.h"
#include "values.h"

namespace tailrace {

/** A plane and what ties it to JavaScript. */
struct Handle {
  napi_env env;
  napi_threadsafe_function wake = nullptr;
  std::unique_ptr<Plane> plane;
  bool closed = false;

  /**
   * Where JavaScript ends without closing, as a worker that is terminated: `wake` goes with it, and
   * our threads must be gone before. Such hooks run newest first, so this one is for after `wake`
   * was made.
   */
  void closeWithEnvironment() { napi_add_env_cleanup_hook(env, atEnd, this); }

  void close() {
    if (std::exchange(closed, true)) return;
    napi_remove_env_cleanup_hook(env, atEnd, this);
    plane->close();
    napi_release_threadsafe_function(wake, napi_tsfn_abort);
  }

 private:
  static void atEnd(void* handle) { static_cast<Handle*>(handle)->close(); }
};

/** The arguments of one call about a plane, which is the first of them. */
class Call : public Arguments {
 public:
  Call(napi_env env, napi_callback_info info)
      : Arguments(env, info), handle(external<Handle>(0)) {}

  /** Also of a closed plane: its slabs and counters can still be asked for. */
  Handle* const handle;
  /** Null for a closed plane. */
  Plane* plane() const { return handle && !handle->closed ? handle->plane.get() : nullptr; }
};

/** Registers the functions for logs and tracks, beside those of `binding.cc`. */
void registerMediaFunctions(napi_env env, napi_value exports);

}  // namespace tailrace
