#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/app/demo_care.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/journey/records.h"
#include "src/log/log.h"
#include "src/stream/options.h"

namespace foothold::app {

// How long somebody stays at one step before they count as stuck, and until when they can still be
// won back: the useful window of a drop-off.
inline constexpr milliseconds kStuckAfter{3 * kDay};
inline constexpr milliseconds kStuckUntil{14 * kDay};

struct StepCount {
  std::string name;
  std::int64_t reached = 0;
  friend bool operator==(const StepCount&, const StepCount&) = default;
};

// The people of one role, without those who were removed.
struct RoleRow {
  std::string role;  // "" for those of no known role.
  std::int64_t members = 0, with_access = 0, in_time = 0, late = 0, expired = 0;
  std::vector<StepCount> steps = {};  // In the ladder's order. Empty: a role without a milestone.
  std::optional<milliseconds> median_from_access = std::nullopt;  // Time to value.
  std::optional<milliseconds> median_from_signup = std::nullopt;
  friend bool operator==(const RoleRow&, const RoleRow&) = default;
};

// Those who have not got past one step.
struct StuckStep {
  std::string role, step;
  std::int64_t people = 0;          // Within the useful window.
  std::int64_t longer = 0;          // Beyond it.
  std::int64_t longest_days = 0;    // Of those within.
  std::string longest_person = {};  // "Ada Park, Northwind"
  friend bool operator==(const StuckStep&, const StuckStep&) = default;
};

struct StuckAccount {
  std::string name, plan;
  std::optional<double> mrr;
  std::int64_t people = 0, members = 0;
  friend bool operator==(const StuckAccount&, const StuckAccount&) = default;
};

struct News {
  enum class Kind : std::uint8_t { kActivated, kLate, kExpired, kAccountActivated };
  Kind kind = Kind::kActivated;
  Instant at;
  std::string text;
  friend bool operator==(const News&, const News&) = default;
};

// What the output topics say at one moment.
struct Picture {
  std::optional<Instant> clock;  // The latest time of a status.
  std::vector<RoleRow> roles;    // By name; those of no known role last.
  std::int64_t accounts = 0, accounts_partial = 0, accounts_activated = 0;
  std::optional<milliseconds> median_of_accounts;  // From creation to activation.
  std::int64_t before_history = 0;     // People left out: they were there before the history began.
  std::vector<StuckStep> stuck_steps;  // Most people first.
  std::vector<StuckAccount> stuck_accounts;      // Likewise.
  std::map<std::string, std::int64_t> rejected;  // By reason.
  std::int64_t rejected_count = 0;
  std::int64_t decisions = 0;  // Records of activation.changed and onboarding.progress.
  std::int64_t statuses = 0;   // Records of the status topics.
  std::vector<News> news;      // What was decided last, newest first.
  CarePicture care;
};

// Reads the output topics as any consumer could, and keeps what a picture of the whole company
// needs. Nothing here asks the engine.
//
// Not thread-safe.
class Board {
 public:
  explicit Board(const stream::TopicNames& topics) : topics_(topics), care_(topics) {}

  // Takes in a record of an output topic; those of the status topics are Protobuf. kInvalid: such a
  // one cannot be read.
  Status Apply(const log::RecordView& record);

  Picture Draw() const;

 private:
  struct Person {
    std::string name, role, tenant;
    journey::UserState state = journey::UserState::kNotStarted;
    bool is_history_known = true;
    bool is_removed = false;
    bool has_access = false;
    std::vector<std::string> steps;
    std::vector<bool> steps_met;
    std::optional<std::int32_t> current_step;  // 1-based.
    std::optional<Instant> step_entered_at;
    std::optional<std::int64_t> from_access_s, from_signup_s;
  };
  struct Customer {
    std::string name, plan;
    std::optional<double> mrr;
    journey::AccountState state = journey::AccountState::kNone;
    std::optional<Instant> created_at, activated_at;
  };
  struct Tally;

  void Take(const std::string& key, const journey::UserStatus& status);
  void Take(const journey::AccountStatus& status);
  void Tell(News news);
  void TellOf(const Person& person, const journey::UserStatus& status);
  std::string CustomerName(const std::string& tenant) const;
  void DrawPeople(Picture* picture) const;
  void DrawStuck(const Person& person, Tally* tally) const;
  void DrawAccounts(const Tally& tally, Picture* picture) const;

  stream::TopicNames topics_;
  std::map<std::string, Person> people_;       // By the key of their status.
  std::map<std::string, Customer> customers_;  // By tenant.
  std::map<std::string, std::int64_t> rejected_;
  std::int64_t decisions_ = 0;
  std::int64_t statuses_ = 0;
  std::optional<Instant> clock_;
  std::deque<News> news_;  // Newest first.
  CareBoard care_;
};

}  // namespace foothold::app
