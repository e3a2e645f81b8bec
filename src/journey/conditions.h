#pragma once

// Whether a condition of the playbook holds for a subject. Pure and without memory: what held
// before is kept by whoever asks.

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "src/base/time.h"
#include "src/journey/account.h"
#include "src/journey/activation.h"
#include "src/journey/definition.h"
#include "src/journey/records.h"
#include "src/journey/user.h"
#include "src/journey/volumes.h"

namespace foothold::journey {

// The times of anchors that rest on evidence and traits (AnchorTime()), as of one look at a
// subject, during which these do not change: rules and signals ask for the same few again and
// again.
class AnchorMemo {
 public:
  template <class WorkOut>
  std::optional<Instant> At(std::int32_t anchor, WorkOut work_out) {
    const auto index = static_cast<std::size_t>(anchor);
    if (index >= times_.size()) {
      return work_out();
    }
    if (!is_known_[index]) {
      times_[index] = work_out();
      is_known_.set(index);
    }
    return times_[index];
  }

 private:
  static constexpr std::size_t kAnchors = 16;
  std::bitset<kAnchors> is_known_;
  std::array<std::optional<Instant>, kAnchors> times_;
};

// What a condition is judged from. Everything outlives the judging.
struct Facts {
  const Definition& definition;
  const Account& account;
  // The user and what is true of it; all null when the account is judged.
  const User* user = nullptr;
  const Truth* truth = nullptr;
  const Ladder* ladder = nullptr;
  bool is_history_known = true;
  std::optional<Instant> incomplete_since = {};  // Of the measurement; nullopt: complete.
  std::optional<Instant> trigger = {};           // Of the rule that is judged.
  // Evidence counts up to here (a timer is judged as of its due time), absence as far as the clock.
  Instant evidence_until = Instant::max();
  Instant clock = kEpoch;
  Instant measured_at = kEpoch;        // By which the age of an incomplete measurement is told.
  const QuietEvents* quiet = nullptr;  // Null: every event comes as it usually does.
  AnchorMemo* anchors = nullptr;       // Of this look; null: nothing is kept of them.
};

struct Verdict {
  bool holds = false;
  // Whether it holds hangs on events that have gone quiet: that they are missing proves nothing, so
  // what was concluded before stays. Then it does not hold.
  bool is_open = false;
  // From when on, as far as evidence and anchors can tell; nullopt: they cannot, or it does not
  // hold.
  std::optional<Instant> since;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// What is kept for a tracker, by its index, of the user or the account as it may be; nullptr:
// nothing.
const TrackerState* KeptBy(const Facts& facts, std::int32_t tracker);
// The last activity of a user who has met a step and not all of them.
std::optional<Instant> LastStepOf(const Facts& facts);
// The time of an anchor of the playbook, those of AnchorEntry's kinds 4 to 8 included.
std::optional<Instant> AnchorTimeOf(const Facts& facts, std::int32_t anchor);
// nullopt: its anchor, or the trigger, is not known.
std::optional<Instant> MomentTime(const Facts& facts, const Moment& moment);

// Evidence as of facts.evidence_until, absence as of facts.clock; activity as it is known now.
Verdict Judge(const Condition& condition, const Facts& facts);

// The kept occurrences that speak for the condition (its events, the anchors of its moments), in
// the order of its nodes, at most `count_max`. They live as long as the subjects.
std::vector<const Occurrence*> EvidenceFor(const Condition& condition, const Facts& facts,
                                           std::size_t count_max);
// The occurrence an anchor rests on; nullptr if it is a trait or not known.
const Occurrence* EvidenceOfAnchor(const Facts& facts, std::int32_t anchor);

}  // namespace foothold::journey
