#pragma once

#include <cstdio>
#include <cstdlib>

/// Ends a fuzz run, or the replay of its corpus, with the broken promise on stderr.
#define PHX_INVARIANT(condition)                                                             \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: invariant broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
