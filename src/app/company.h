#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "src/app/company_plan.h"
#include "src/base/time.h"

namespace foothold::app {

// One record as the pipeline of the simulated company produces it.
struct CompanyRecord {
  std::string key;  // The user's id, as pipelines key; the account's for what nobody did.
  std::string value =
      {};      // A Segment call as JSON; about one in two hundred is not what it should be.
  Instant at;  // When it reached the pipeline: its timestamp in the log.
};

// The traffic of a simulated SaaS company over weeks of event time, for `foothold demo`: accounts
// sign up, invite people by id or by e-mail, connect, fail, stall, come back late, activate, drift
// away; records are repeated, late and broken as they are in life. See Course and Act for what is
// in it.
//
// The records come in the order of `at`; their event times are a little out of order. The same
// options give the same bytes. Not thread-safe.
class Company {
 public:
  explicit Company(const CompanyOptions& options);

  // nullopt at the end.
  std::optional<CompanyRecord> Next();

  std::size_t record_count() const { return plan_.acts.size(); }
  const CompanyPlan& plan() const { return plan_; }

 private:
  std::uint64_t seed_;
  CompanyPlan plan_;
  std::size_t next_act_ = 0;
};

}  // namespace foothold::app
