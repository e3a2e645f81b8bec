// The journey's task: who is erased, and what comes late of them.

#include <utility>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/journey/tracking.h"
#include "src/metrics/journey_metrics.h"
#include "src/stream/erased_fact.h"
#include "src/stream/journey_task.h"
#include "state/schema.h"

namespace foothold::stream {
// Every partition reads the word; the account is in one of them.
Status JourneyTask::Say(const codec::EraseWord& word) {
  if (PartitionOfKey(word.tenant, around_.options->journal_partitions) != partition_.value) {
    return Status();
  }
  const Instant until = word.at + journey::kErasedFor;
  for (const std::string& user : word.users) {
    FOOTHOLD_TRY(Erase(word.tenant, user, until));
  }
  WriteErased(clock_, &erased_, &state_);
  return Status();
}

Status JourneyTask::Erase(const std::string& tenant, const std::string& user, Instant until) {
  erased_.Add(HashWide(user, email_seed_), tenant, until);
  FOOTHOLD_ASSIGN(const bool is_known, state_.subjects().Has(state::UserKey(tenant, user)));
  if (is_known && definition_ != nullptr) {
    FOOTHOLD_ASSIGN(Subject * subject, state_.subjects().TouchUser(tenant, user));
    const std::string email =
        CanonicalEmail(journey::TraitText(subject->user().traits, "email").value_or(""));
    if (!email.empty()) {  // Who is invited by that address would be the same person.
      erased_.Add(HashWide(EmailUserId(email), email_seed_), tenant, until);
    }
    FOOTHOLD_TRY(RunVisits({{.kind = journey::VisitKind::kErase,
                             .target = {.tenant = tenant, .user = user, .email = {}},
                             .merge_from = {},
                             .due = {}}},
                           nullptr, MakeContext(clock_.now())));
  }
  return EraseEmails(tenant, user);
}

Status JourneyTask::EraseEmails(const std::string& tenant, const std::string& user) {
  FOOTHOLD_ASSIGN(const auto owners, state_.ReadAll(state::EmailKeyPrefix(tenant)));
  for (const auto& [key, owner] : owners) {
    if (owner == user) {
      state_.Erase(key);
    }
  }
  return Status();
}

bool JourneyTask::IsErased(std::string_view tenant, std::string_view user) {
  if (erased_.is_empty()) {
    return false;
  }
  const bool is_erased = erased_.Holds(HashWide(user, email_seed_), tenant, TimeOfErasures(clock_));
  tally_.of_erased += is_erased ? 1 : 0;
  return is_erased;
}

}  // namespace foothold::stream
