#pragma once

// Who came back: of those who did something in their first week against those who did not, and of
// those whom a playbook would have asked.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/app/backtest_tally.h"
#include "src/app/rerun.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/journey/definition.h"
#include "src/journey/event.h"

namespace foothold::app {

// So few of a group say nothing.
inline constexpr std::int64_t kRetentionFew = 20;

struct Share {
  std::int64_t people = 0;
  std::int64_t back = 0;
  double value() const {
    return people == 0 ? 0 : static_cast<double>(back) / static_cast<double>(people);
  }
  bool is_few() const { return people < kRetentionFew; }
  friend bool operator==(const Share&, const Share&) = default;
};

// Of a first-week behaviour.
struct Behaviour {
  std::string event;
  Share did, did_not;
};

// Of whom a rule asked, and whom it kept back for comparison.
struct CameBack {
  std::string rule;
  Share asked, held_back;
};

struct RetentionReport {
  milliseconds after{90 * kDay};
  std::int64_t judged = 0;                    // People whose week after that time lies in the data.
  std::int64_t unjudged = 0;                  // Too young, or there before our history began.
  std::vector<Behaviour> behaviours;          // The widest difference first; those of too few last.
  std::vector<CameBack> before, after_rules;  // By rule.
};

// Gathers what each user did, event by event.
//
// Not thread-safe.
class Retention {
 public:
  // `definition` gives events their names; it outlives this.
  Retention(const journey::Definition* definition, milliseconds after)
      : definition_(*definition), after_(after) {}

  void Take(const journey::Event& event);

  // `partitions`: whose history is known. `end`: how far the data goes.
  Result<RetentionReport> Report(const std::vector<FinalPartition>& partitions, Instant end,
                                 const BacktestTally& before, const BacktestTally& after) const;

 private:
  struct Person {
    Instant first_access = Instant::max();
    std::map<std::string, Instant> earliest;  // Of each event, by canonical name.
    std::set<std::int64_t> days;              // Of use, since 1970.
  };

  bool WasActive(const std::string& tenant, const std::string& user, std::int64_t from_day,
                 std::int64_t until_day) const;
  std::vector<CameBack> CameBackOf(const BacktestTally& tally, Instant end) const;

  const journey::Definition& definition_;
  milliseconds after_;
  std::map<std::pair<std::string, std::string>, Person> people_;  // By tenant and user.
};

std::string TextOf(const RetentionReport& report);
std::string JsonOf(const RetentionReport& report);

}  // namespace foothold::app
