#pragma once
#include <arpa/inet.h>

#include "destination.h"

namespace tailrace {

/** Somewhere that its port tells from everywhere else. */
inline Destination fuzzDestination(uint16_t port, bool isV6) {
  Destination to;
  to.family = isV6 ? AF_INET6 : AF_INET;
  if (isV6) {
    // Until now the union has only its shorter member's bytes.
    to.remote.v6 = {};
    to.local.v6 = {};
    to.remote.v6.sin6_family = AF_INET6;
    to.remote.v6.sin6_port = htons(port);
  } else {
    to.remote.v4.sin_family = AF_INET;
    to.remote.v4.sin_port = htons(port);
  }
  return to;
}

}  // namespace tailrace
