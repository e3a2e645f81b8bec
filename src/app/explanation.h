#pragma once

// Why a user or an account is where it is: from its state, as the engine judges it, and from what
// was emitted about it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/app/rerun.h"
#include "src/base/time.h"
#include "src/intake/json_tree.h"
#include "src/journey/account.h"
#include "src/journey/findings.h"
#include "src/journey/records.h"
#include "src/journey/user.h"

namespace foothold::app {

// A log record about the subject, as it was emitted.
struct ToldRecord {
  std::string topic;
  std::string type;  // "activation.changed", "intervention.requested", ...: of ce_type.
  std::string id;    // ce_id
  intake::JsonTree value;
};

struct ExplainedSignal {
  std::string name;
  std::int32_t weight = 0;
  std::string asks;              // The condition in words.
  std::optional<Instant> since;  // It counts; nullopt: it does not.
  std::vector<journey::Finding> reasons;
};

struct ExplainedRung {
  std::int32_t number = 1;
  std::string what;           // "email set_up_your_team"
  std::string said;           // How it stands, without a full stop.
  std::optional<Instant> at;  // When it is due, or the gate looks at it next.
};

struct ExplainedRule {
  enum class Standing : std::uint8_t {
    kUnderWay,   // A rung of it was due in this episode.
    kHolds,      // What it asks for is so, and no rung is due now.
    kWaits,      // What it asks for is not so: `reasons` say what is missing.
    kElsewhere,  // It is for another role.
    kOff,        // Off, paused or killed: `mode` says it.
  };
  Standing standing = Standing::kWaits;
  std::string name;
  std::string title;
  std::string mode;  // "live", "shadow", "off", "paused", "killed".
  std::string asks;
  std::vector<journey::Finding> reasons;
  std::vector<ExplainedRung> rungs;
};

// An input record something rests on.
struct ExplainedRecord {
  std::string event;
  Instant at;
  std::string id;
  std::string place;  // "events.ndjson:17" or "topic[3]@412".
};

struct ExplainedMoment {
  Instant at;
  std::string what;
};

struct Explanation {
  Instant as_of;
  std::string playbook;
  // One of the two.
  std::optional<journey::UserStatus> user;
  std::optional<journey::AccountStatus> account;
  std::vector<journey::CriterionProgress> criteria;  // Of the user's milestone.
  std::vector<journey::Finding> demands;             // Of an activated account.
  std::vector<ExplainedRecord> evidence;
  std::vector<ExplainedSignal> signals;  // Those that can count now; counting ones first.
  std::vector<ExplainedRule> rules;
  std::vector<ExplainedMoment> next;  // By time.
  std::vector<ToldRecord> told;       // In the order in which it was emitted.
};

// `partition` has a playbook. The records are of this subject.
Explanation ExplainUser(const FinalPartition& partition, const journey::User& user,
                        const journey::Account& account, std::vector<ToldRecord> told);
Explanation ExplainAccount(const FinalPartition& partition, const journey::Account& account,
                           std::vector<ToldRecord> told);

// "events.ndjson:17" for line 17 of a file, "topic[3]@412" for a topic of a system.
std::string PlaceOf(const std::string& topic, std::int32_t partition, std::int64_t offset,
                    bool is_file);

// For people, and as one JSON object with a newline at the end.
std::string TextOf(const Explanation& explanation);
std::string JsonOf(const Explanation& explanation);

}  // namespace foothold::app
