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

// Somebody in an account.
struct Member {
  std::string tenant;
  std::string user;
};

struct Workload {
  std::vector<Input> inputs;
  // To be written one after the other, each when all before it has been decided.
  std::vector<std::vector<Input>> last;
  Instant begin;
  Instant end;  // Nothing happens after it.
  std::vector<std::string> tenants;
  std::vector<Member> users;
};

// Some weeks of a few small companies: sign-ups, roles, invitations, work, merges, facts from
// support and sales; records without an account; repeats, conflicts, late ones, poison. Always
// among it: somebody who was late by the first of the last inputs, and by the second is found to
// have been in time. The same for a seed.
Workload MakeWorkload(std::uint64_t seed, int inputs, std::int32_t partitions);

// What may still come of somebody: work, with and without the account, the address, and what
// another one of the account says.
std::vector<Input> WhatComesLate(const Member& member, Instant at);

}  // namespace foothold::sim
