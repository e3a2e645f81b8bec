#pragma once

#include <cstdint>

namespace foothold {

// A seeded sequence of numbers (SplitMix64), the same on every machine: for simulated traffic and
// for tests that name their seed. Not for secrets.
//
// The standard's distributions differ from library to library, so the few that are needed are here.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next();
  // Evenly in [0, bound). REQUIRES: bound > 0. Biased by less than bound / 2^64.
  std::uint64_t Below(std::uint64_t bound);
  // Evenly in [first, last]. REQUIRES: first <= last.
  std::int64_t Between(std::int64_t first, std::int64_t last);
  // Evenly in [0, 1).
  double Unit();
  // True with this probability.
  bool Chance(double probability) { return Unit() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace foothold
