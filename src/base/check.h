#pragma once

#include <string_view>

namespace foothold::base {

// Prints the failed condition with its place and reason to stderr and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view why);

}  // namespace foothold::base

// A programmer's error: on in every build. Input from outside never trips a check.
#define FOOTHOLD_CHECK(condition, why)                                      \
  do {                                                                      \
    if (!(condition)) {                                                     \
      ::foothold::base::CheckFailed(__FILE__, __LINE__, #condition, (why)); \
    }                                                                       \
  } while (false)
