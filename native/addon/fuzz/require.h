#pragma once
#include <cstdio>
#include <cstdlib>

namespace tailrace {

/** Ends a fuzz run as a finding, with the broken promise in words. */
inline void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

}  // namespace tailrace
