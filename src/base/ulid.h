#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "src/base/hash.h"
#include "src/base/time.h"

namespace foothold {

// A ULID made of a time and a hash instead of randomness: the same decision has the same id on
// every machine and at every replay. 26 characters of Crockford's base 32, sortable by time. The 80
// bits after the time are the upper 16 of `hash.high` and all of `hash.low`.
std::string MakeUlid(Instant at, const Hash128& hash);

}  // namespace foothold
