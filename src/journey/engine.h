#pragma once

// The product: what follows for a user and its account from one stimulus. Pure: same arguments,
// same Decision, on every machine. No clock, log, metric, thread, random or file comes in.
//
//   event ----> Visits()  which subjects it concerns, in order
//                  |
//                  v  for each: load user and account
//               Advance(definition, context, visit, subjects) -> Decision
//                  |          records to emit, follow-ups to run at the same position, next timers
//                  v
//               follow-ups run as visits, in order, until none is left

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "src/base/time.h"
#include "src/journey/account.h"
#include "src/journey/clock.h"
#include "src/journey/definition.h"
#include "src/journey/event.h"
#include "src/journey/gate.h"
#include "src/journey/records.h"
#include "src/journey/user.h"
#include "src/journey/volumes.h"

namespace foothold::journey {

// What an event means for the subject visited.
enum class VisitKind : std::uint8_t {
  kActor,    // The user performed it.
  kInvitee,  // The user was invited by it.
  kMember,   // The user joined, was removed or changed roles by it, done by somebody else.
  kAccount,  // The account alone is concerned: no user in the record.
  kMerge,    // `merge_from` was found to be the same person as the user. The caller skips the visit
             // if there is no such user in the state.
  kTimer,    // The subject's timer is due.
  kRecheck,  // A fact of the account changed what is decided: look again.
  kFinal,    // The input has ended (file mode): look again, and refresh the status.
  kRelease,  // The gate is to look at what waits; `due` is the release's stamp.
  kApprove,  // Somebody granted or refused what waits for approval.
  kSweep,    // Judge everything again: a rule was killed or paused, or another playbook holds.
  kMeasure,  // Look at what rests on the measurement: it has become another one.
  kErase,    // The person is to be forgotten. The caller skips the visit if there is no such user.
};

// The subject of a visit. `user` empty: the account. `email` set: the user that owns this canonical
// address, or EmailUserId() of it if nobody does.
struct VisitTarget {
  std::string tenant;
  std::string user;
  std::string email;
  friend bool operator==(const VisitTarget&, const VisitTarget&) = default;
};

// A word on rungs that wait for approval.
struct Approval {
  std::string rule;
  std::int32_t rung = 0;  // From 1; 0: all of the rule.
  bool is_granted = false;
  friend bool operator==(const Approval&, const Approval&) = default;
};

struct Visit {
  VisitKind kind = VisitKind::kActor;
  VisitTarget target;
  std::string merge_from;                   // kMerge: the user id that ends.
  std::optional<Instant> due;               // kTimer, kRelease.
  std::string canonical{};                  // Of the event, its canonical name; "" without one.
  Approval approval{};                      // kApprove.
  std::optional<Instant> dead_letter_at{};  // kMeasure of an account: its tenant had a dead letter.
  friend bool operator==(const Visit&, const Visit&) = default;
};

// A walk over all members of an account, in parts: kRecheck for each.
struct MemberWalk {
  std::string tenant;
  friend bool operator==(const MemberWalk&, const MemberWalk&) = default;
};

// The e-mail index: `email` (canonical) belongs to `user` of `tenant` from now on.
struct EmailOwner {
  std::string tenant;
  std::string email;
  std::string user;
  friend bool operator==(const EmailOwner&, const EmailOwner&) = default;
};

// What holds for the stimulus as a whole.
struct Context {
  // How far event time is complete: for timers the due time, else the partition's clock.
  std::optional<Instant> clock;
  std::optional<Instant> wall;  // The newest wall stamp; nullopt in files.
  // Position of the stimulus in the journal, as `revision`: (offset << 16) + index.
  std::int64_t revision = 0;
  const Clock* sources = nullptr;  // For the beginning of each source's history. Not null.
  std::string_view app;            // ce_source's <app>.
  // The input will end, and every status is refreshed then: the days before it need no refresh.
  bool is_draining = false;
  // The event that the stimulus is, for its follow-ups and walks too; null for timers and the
  // clock.
  const Event* cause = nullptr;
  // What people have said of rules, and how often these asked; null: nothing, never.
  const RuleControls* controls = nullptr;
  const ReleaseCounts* counts = nullptr;
  std::int32_t partitions = 1;  // Of the journal: they share the breaker's floor.
  // Since when a required source is silent, and which; nullopt: none is.
  std::optional<Instant> sources_silent_since = {};
  std::string_view silent_source = {};
  const QuietEvents* quiet = nullptr;  // Null: none is.
  bool is_redeciding = false;          // Another playbook holds from this stimulus on.
};

// The objects of a visit, changed in place. The caller stages them, or drops them on an abort.
struct Subjects {
  Account* account = nullptr;  // Never null. A new account is one with only `tenant` set.
  User* user = nullptr;        // Null for visits of the account alone.
  User* merge_from = nullptr;  // kMerge.
};

// A due rung that does not go out yet.
struct HeldRung {
  std::string rule;  // Its name.
  Suppressor by = Suppressor::kPaused;
  friend bool operator==(const HeldRung&, const HeldRung&) = default;
};

struct Decision {
  std::vector<OutputRecord> records;     // In order.
  std::vector<Visit> follow_ups;         // To run at the same position, in order.
  std::vector<MemberWalk> walks;         // After the follow-ups.
  std::vector<EmailOwner> email_owners;  // To be written to the index.
  std::optional<Instant> user_due;       // The user's earliest timer after this visit.
  std::optional<Instant> account_due;    // Likewise, if the account was touched.
  // When each is to be visited at a release; nullopt: nothing of it waits.
  std::optional<Instant> user_waits;
  std::optional<Instant> account_waits;
  std::vector<std::uint64_t> released;  // Hash64() of the name of each rule that asked.
  std::vector<HeldRung> held;           // Rungs that the gate let wait: only counted.
  bool touches_account = false;         // False: the account is as it was.
  bool is_user_gone = false;  // Delete from the state: kMerge `merge_from`, kErase `user`.
  bool is_repeat = false;     // The event was known already.
  bool is_conflict = false;   // Same id as a known event, other content: both kept.
};

// The subjects an event concerns, in the order in which they are visited. Empty for none.
std::vector<Visit> VisitsOf(const Definition& definition, const Event& event);

// Runs one visit. `event` is null for visits without one (kTimer, kRecheck, kFinal, kMerge); with
// one the visit is of VisitsOf().
Decision Advance(const Definition& definition, const Context& context, const Visit& visit,
                 const Event* event, const Subjects& subjects);

}  // namespace foothold::journey
