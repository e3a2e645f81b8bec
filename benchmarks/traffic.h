#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/random.h"
#include "src/base/time.h"

namespace foothold::benchmarks {

struct TrafficOptions {
  std::uint64_t seed = 1;
  std::int64_t events = 2'000'000;
  std::int64_t users = 100'000;
  std::int64_t users_per_account = 8;
  milliseconds span = 30 * kDay;                     // Of event time, evenly filled.
  std::int64_t malformed_ppm = 1'000;                // Per million: 0.1 %.
  Instant start = InstantFromMs(1'767'571'200'000);  // 2026-01-05T00:00:00Z.
  // The user of rank i acts 1 / i^skew as often as the busiest; 0: all act alike.
  double skew = 1;
  bool are_born_first = false;  // The first records are one of each user, the births.
};

// Segment calls of about 570 bytes for a preloaded topic: few users are busy and most are not
// (Zipf, s = 1 unless said otherwise), their accounts' first users are admins, everybody is born
// with a first record, and the mix is that of the default playbook. The same options give the same
// bytes. Not thread-safe.
class Traffic {
 public:
  explicit Traffic(const TrafficOptions& options);

  // Writes the next record over `*key` and `*value`; false at the end.
  bool Next(std::string* key, std::string* value);

 private:
  std::int64_t PickUser();
  void WriteCall(std::int64_t user, Instant at, std::string* value);

  const TrafficOptions options_;
  Random random_;
  std::vector<double> cumulative_;    // Of the users' weights, up to 1.
  std::vector<std::int64_t> ranked_;  // User by rank of activity.
  std::vector<bool> is_born_;
  std::int64_t written_ = 0;
};

}  // namespace foothold::benchmarks
