#pragma once

#include <cstdint>
#include <random>

#include <gtest/gtest.h>

namespace foothold::state {

// The seed of a random test: --gtest_random_seed if given, else another at every run. Print it.
inline std::uint64_t TestSeed() {
  const std::int32_t given = testing::GTEST_FLAG(random_seed);
  return given != 0 ? static_cast<std::uint64_t>(given) : 1 + std::random_device()() % 99'999;
}

}  // namespace foothold::state
