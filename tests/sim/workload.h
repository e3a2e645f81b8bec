#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/base/time.h"

namespace foothold::sim {

// What producers write, in the order in which they write it.
struct Input {
  std::int32_t partition = 0;
  std::optional<std::string> value;
  Instant arrives;  // The broker's timestamp: never before that of the input before it.
};

struct Workload {
  std::vector<Input> inputs;
  std::vector<Input> last;  // To be written when all of these have been decided.
  Instant begin;
  Instant end;  // Nothing happens after it.
  std::vector<std::string> tenants;
  std::vector<std::string> users;
};

// Some weeks of a few small companies: sign-ups, roles, invitations, work, merges, facts from
// support and sales; records without an account; repeats, conflicts, late ones, poison. Always
// among it: somebody whose window expires and who, by the last inputs, is found to have been in
// time. The same for a seed.
Workload MakeWorkload(std::uint64_t seed, int inputs, std::int32_t partitions);

}  // namespace foothold::sim
