// The people stage's task: what people say to it, and who was erased.

#include <algorithm>
#include <variant>

#include "src/base/hash.h"
#include "src/stream/erased_fact.h"
#include "src/stream/people_task.h"
#include "state/schema.h"

namespace foothold::stream {
Status PeopleTask::ApplyControl(const codec::Control& control) {
  if (control.number <= meta_.control_number) {
    return Status();
  }
  meta_.control_number = control.number;
  if (const auto* erase = std::get_if<codec::EraseWord>(&control.action)) {
    return Erase(*erase);
  }
  const auto& publish = std::get<codec::PublishPlaybook>(control.action);
  meta_.counters[kLatenessMs] = static_cast<std::uint64_t>(publish.playbook.lateness.count());
  return Status();
}

Status PeopleTask::Erase(const codec::EraseWord& word) {
  for (const std::string& user : word.users) {
    erased_.Add(HashWide(user, erased_seed_), word.tenant, word.at + journey::kErasedFor);
    FOOTHOLD_ASSIGN(const bool is_known, state_.subjects().Has(state::PersonKey(user)));
    if (!is_known) {
      continue;
    }
    FOOTHOLD_ASSIGN(Subject * subject, state_.subjects().TouchPerson(user));
    journey::Person& person = subject->person();
    std::erase(person.accounts, word.tenant);
    if (person.accounts.empty()) {
      for (; person.waiting_begin < person.waiting_end; ++tally_.of_erased) {
        FOOTHOLD_TRY(StatusOf(PopWaiting(subject)));
      }
      person.successor.clear();
    }
    FOOTHOLD_TRY(Settle(subject));
  }
  WriteErased(clock_, &erased_, &state_);
  return Status();
}

bool PeopleTask::IsErased(std::string_view id, const journey::Person& person) const {
  return !erased_.is_empty() && person.accounts.empty() &&
         erased_.HoldsAnywhere(HashWide(id, erased_seed_), TimeOfErasures(clock_));
}

bool PeopleTask::IsOfErased(const codec::PersonFact& fact, const journey::Person& person) const {
  if (erased_.is_empty()) {
    return false;
  }
  if (fact.kind == codec::PersonFactKind::kAccount) {
    return erased_.Holds(HashWide(fact.user, erased_seed_), fact.other, TimeOfErasures(clock_));
  }
  return IsErased(fact.user, person) || IsErased(fact.other, person);
}

}  // namespace foothold::stream
