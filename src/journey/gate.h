#pragma once

// What decides whether a rung goes out: one place, one order (PRODUCT.md section 6). Its "now" is
// the stamp of a release.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/base/time.h"
#include "src/journey/care.h"
#include "src/journey/records.h"
#include "src/journey/rules.h"

namespace foothold::journey {

// What people have said of a rule by control entries.
struct RuleControl {
  bool is_paused = false;
  bool is_killed = false;
  std::optional<RuleMode> mode = {};  // In place of the playbook's.
  friend bool operator==(const RuleControl&, const RuleControl&) = default;
};
// By the rule's name.
using RuleControls = std::map<std::string, RuleControl, std::less<>>;

// How often each rule asked in the last seven days, in this journal partition: the breaker's
// memory.
class ReleaseCounts {
 public:
  struct Bucket {
    std::int64_t number = 0;  // Ten minutes each, since 1970.
    std::int32_t count = 0;
    friend bool operator==(const Bucket&, const Bucket&) = default;
  };
  using Parts = std::map<std::uint64_t, std::vector<Bucket>>;  // By rule; by time.

  // `rule`: Hash64() of its name.
  void Count(std::uint64_t rule, Instant at);
  // Whether the rule asked too often to ask again now; the floor is shared by `partitions`.
  bool IsOver(const GatePolicy& policy, std::int32_t partitions, std::uint64_t rule,
              Instant at) const;
  // Until when it may not ask if it does not ask meanwhile, at least; nullopt: it may now.
  std::optional<Instant> OverUntil(const GatePolicy& policy, std::int32_t partitions,
                                   std::uint64_t rule, Instant at) const;

  const Parts& parts() const { return buckets_; }
  static ReleaseCounts FromParts(Parts parts);

 private:
  Parts buckets_;
};

struct GateInput {
  const Rule& rule;
  const Rung& rung;
  const RungState& state;
  Channel channel = Channel::kEmail;
  const RuleControl* control = nullptr;  // Null: nothing was said.
  const GatePolicy& policy;
  Instant now;
  bool has_cause = true;
  bool is_measured = true;                         // False: absence cannot be told.
  bool is_refused = false;                         // The recipient does not consent to the channel.
  bool is_held_out = false;                        // By holdout.
  std::optional<Instant> breaker_open_until = {};  // Nullopt: the breaker lets it pass.
  const ZoneRules* zone = nullptr;                 // The recipient's; null: UTC.
  const CareState* user = nullptr;                 // Null: the rung is the account's.
  const CareState* account = nullptr;              // Never null.
};

struct GateVerdict {
  enum class Kind : std::uint8_t {
    kGo,
    kHoldOut,   // Kept back for comparison; its outcome counts.
    kSuppress,  // `by` says why.
    kWait,      // Held or deferred by `by`; look again at `until`, or when a control entry comes.
  };
  Kind kind = Kind::kGo;
  std::optional<Suppressor> by;
  std::optional<Instant> until;
  GateBlock said;
};

GateVerdict JudgeGate(const GateInput& input);

// Whether the ladder of this account is kept back: the same answer at every time and on every
// machine.
bool IsHeldOut(const Rule& rule, const GatePolicy& policy, std::string_view tenant);

// Notes what went out, for the caps.
void NoteSent(Instant at, Channel channel, CareState* care);

}  // namespace foothold::journey
