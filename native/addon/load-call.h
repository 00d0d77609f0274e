#pragma once
#include <node_api.h>

#include <cstddef>
#include <memory>

#include "load-receiver.h"
#include "values.h"

namespace tailrace::load {

/** A receiver as JavaScript holds it, and what it has drained but not yet taken. */
struct Sink {
  std::unique_ptr<Receiver> receiver;
  napi_threadsafe_function wake = nullptr;
  Outbox drained;
  size_t next = 0;

  void stop() {
    if (!receiver) return;
    receiver.reset();
    napi_release_threadsafe_function(wake, napi_tsfn_abort);
  }
};

/** The arguments of one call about a sink, which is the first of them. */
class Call : public Arguments {
 public:
  using Arguments::Arguments;

  /** Null once it was stopped. */
  Sink* sink() const {
    auto* sink = external<Sink>(0);
    return sink && sink->receiver ? sink : nullptr;
  }
};

/** Adds the functions of `load-srtp.cc`. */
void registerSrtp(napi_env env, napi_value into);

}  // namespace tailrace::load
