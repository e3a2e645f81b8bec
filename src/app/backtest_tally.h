#pragma once

// What one playbook did with what has happened, as its output records tell it.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "src/app/look.h"
#include "src/base/time.h"
#include "src/intake/json_tree.h"
#include "src/log/log.h"

namespace foothold::app {

// One intervention that went out, or that a rule in shadow would have asked.
struct AskedOnce {
  std::string tenant, user;  // User "": the account's.
  std::string role;          // "account" of the account's, "no role" if none is known.
  std::string rule;
  std::string rung;     // From "1".
  std::string channel;  // "email", "in_app", "cs"
  std::string what;     // The template, or the task's subject.
  std::string reason;
  Instant at;
  bool is_shadow = false;
  friend bool operator==(const AskedOnce&, const AskedOnce&) = default;
};

// Members of a role by what became of them.
struct RoleOutcome {
  std::int64_t in_time = 0, late = 0, expired = 0, on_the_way = 0;
  friend bool operator==(const RoleOutcome&, const RoleOutcome&) = default;
};

// How an asked or a held-back rung ended.
struct OutcomeCount {
  std::int64_t converted = 0, not_converted = 0, churned = 0;
  std::int64_t all() const { return converted + not_converted + churned; }
  friend bool operator==(const OutcomeCount&, const OutcomeCount&) = default;
};

class BacktestTally {
 public:
  // By rule; asked and held back.
  struct Outcomes {
    OutcomeCount asked, held_back;
  };

  Status Take(std::span<const log::RecordView> records);

  // In the order of time; of one time by tenant, user, rule and rung.
  std::vector<AskedOnce> Asked() const;
  // What the holdout kept back.
  const std::vector<AskedOnce>& held_out() const { return held_out_; }
  // By role: members whose activation was told of.
  std::map<std::string, RoleOutcome> Roles() const;
  // By rule and reason.
  const std::map<std::string, std::map<std::string, std::int64_t>>& suppressed() const {
    return suppressed_;
  }
  const std::map<std::string, Outcomes>& outcomes() const { return outcomes_; }
  // Whether its person (or account) has been erased since, or goes by another id: counted, and not
  // to be named.
  bool IsErased(const AskedOnce& asked) const;

 private:
  struct Member {
    std::string role;
    std::string state;
  };

  void TakeActivation(const intake::JsonTree& value);
  void TakeIntervention(const std::string& type, const intake::JsonTree& value);

  std::vector<AskedOnce> asked_;
  std::vector<AskedOnce> held_out_;
  std::map<std::pair<std::string, std::string>, Member> members_;  // By tenant and user.
  std::map<std::string, std::map<std::string, std::int64_t>> suppressed_;
  std::map<std::string, Outcomes> outcomes_;
  std::set<std::string, std::less<>> erased_;  // Keys of statuses.
};

}  // namespace foothold::app
