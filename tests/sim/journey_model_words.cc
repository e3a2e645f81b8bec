// The journey's model: what people say to it, and what else is no event of a user.

#include <algorithm>
#include <string>
#include <utility>

#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/journey/tracking.h"
#include "src/stream/control_writer.h"
#include "src/stream/publishing.h"
#include "state/schema.h"
#include "tests/sim/journey_model.h"

namespace foothold::sim {
namespace {

// An erased id is dropped for so long.
constexpr milliseconds kErasedFor = 30 * kDay;

}  // namespace

void JourneyModel::FoldControl(const codec::Control& control) {
  if (control.follows != meta_.control_number || control.number <= control.follows) {
    ++meta_.counters["control_out_of_sequence"];
    return;
  }
  meta_.control_number = control.number;
  if (const auto* publish = std::get_if<codec::PublishPlaybook>(&control.action)) {
    const bool is_news =
        playbook_.has_value() && !journey::DecidesAlike(*playbook_, publish->playbook);
    playbook_ = publish->playbook;
    definition_ = std::make_unique<journey::Definition>(*playbook_);
    LookForQuiet();
    if (is_news) {
      meta_.walks.push_back({.kind = codec::WalkKind::kSweep, .tenant = {}, .cursor = {}});
    }
    is_publishing_ = true;
  } else if (const auto* word = std::get_if<codec::RuleWord>(&control.action)) {
    journey::RuleControl said = rules_[word->rule];
    stream::Apply(*word, &said);
    rules_.erase(word->rule);
    if (said != journey::RuleControl{}) {
      rules_[word->rule] = said;
    }
    has_rules_ = true;
    WakeAll();
    if (word->word == codec::RuleWord::Word::kKill) {
      meta_.walks.push_back({.kind = codec::WalkKind::kSweep, .tenant = {}, .cursor = {}});
    }
  } else if (const auto* prepare = std::get_if<codec::PreparePlaybook>(&control.action)) {
    if (playbook_.has_value()) {
      playbook_ = stream::KeepingFor(*playbook_, prepare->playbook);
      definition_ = std::make_unique<journey::Definition>(*playbook_);
      LookForQuiet();
    }
  } else if (const auto* erase = std::get_if<codec::EraseWord>(&control.action)) {
    Erase(*erase);
  } else {
    const auto& approval = std::get<codec::ApprovalWord>(control.action);
    const std::string key = approval.user.empty() ? state::AccountKey(approval.tenant)
                                                  : state::UserKey(approval.tenant, approval.user);
    if (subjects_.contains(key) && definition_ != nullptr) {
      journey::Visit visit = VisitTo(key, journey::VisitKind::kApprove);
      visit.approval = {
          .rule = approval.rule, .rung = approval.rung, .is_granted = approval.is_granted};
      VisitAll({visit}, nullptr, clock_.now());
    }
  }
  DoWalks();
  is_publishing_ = false;
}

// What was erased is as if it had never been, and stays so for a while.
void JourneyModel::Erase(const codec::EraseWord& word) {
  if (PartitionOfKey(word.tenant, journal_partitions_) != partition_) {
    return;
  }
  const Instant until = word.at + kErasedFor;
  for (const std::string& user : word.users) {
    erased_.Add(user, word.tenant, until);
    const auto found = subjects_.find(state::UserKey(word.tenant, user));
    if (found != subjects_.end() && definition_ != nullptr) {
      const auto& traits = std::get<journey::User>(found->second.object).traits;
      const std::string email = CanonicalEmail(journey::TraitText(traits, "email").value_or(""));
      if (!email.empty()) {
        erased_.Add(EmailUserId(email), word.tenant, until);
      }
      VisitAll({VisitTo(found->first, journey::VisitKind::kErase)}, nullptr, clock_.now());
      ++erased_users_;
    }
    const std::string prefix = state::EmailKeyPrefix(word.tenant);
    std::erase_if(emails_, [&](const auto& email) {
      return email.first.starts_with(prefix) && email.second == user;
    });
  }
  erased_.Note(TimeOfErasures());
}

bool JourneyModel::IsErased(const std::string& tenant, const std::string& user) {
  const bool is_erased = !user.empty() && erased_.Holds(user, tenant, TimeOfErasures());
  dropped_ += is_erased ? 1 : 0;
  return is_erased;
}

// The newest wall stamp; in files the clock.
std::optional<Instant> JourneyModel::TimeOfErasures() const {
  return clock_.wall().has_value() ? clock_.wall() : clock_.now();
}

// The number of the step that a silence has come to, as meta has it; a step up to a condition's
// span or back from one is looked at by all that rests on the measurement.
void JourneyModel::NoteSilence() {
  const auto silence = clock_.Silent();
  std::uint64_t step = 0;
  if (silence.has_value()) {
    step = 1;
    for (const milliseconds span : definition_->wakes().measurement_spans()) {
      step += *clock_.wall() - silence->since >= span ? 1U : 0U;
    }
  }
  const std::uint64_t before =
      meta_.counters.contains("silence_step") ? meta_.counters["silence_step"] : 0;
  if (step == before) {
    return;
  }
  meta_.counters["silence_step"] = step;
  if (step == 0) {
    meta_.counters.erase("silence_step");
    WakeAll();
  }
  if (std::max(step, before) > 1) {
    meta_.walks.push_back({.kind = codec::WalkKind::kMeasure, .tenant = {}, .cursor = {}});
  }
}

// When an event comes again, what its quiet has held back is looked at.
void JourneyModel::NoteVolumes(const journey::Progress& progress) {
  if (progress.counts.has_value()) {
    const std::int64_t revision = (meta_.journal_next.value << 16) + meta_.next_entry;
    volumes_.Apply(*progress.counts, revision, *definition_);
    has_volumes_ = true;
  }
  if (!clock_.now().has_value() || progress.final_clock.has_value() || clock_.is_final()) {
    return;
  }
  const std::int64_t judged_until = volumes_.judged_until();
  const bool is_other = volumes_.Advance(*clock_.now());
  has_volumes_ = has_volumes_ || volumes_.judged_until() != judged_until;
  if (!is_other) {
    return;
  }
  const std::unique_ptr<const journey::QuietEvents> before = std::move(quiet_);
  LookForQuiet();
  bool is_any_back = false;
  if (before != nullptr) {
    for (const auto& [name, since] : before->names()) {
      is_any_back = is_any_back || quiet_ == nullptr || !quiet_->names().contains(name);
    }
  }
  if (is_any_back) {
    WakeAll();
    meta_.walks.push_back({.kind = codec::WalkKind::kSweep, .tenant = {}, .cursor = {}});
  }
}

void JourneyModel::LookForQuiet() { quiet_ = journey::QuietEvents::Of(volumes_, *definition_); }

// The gate looks at all that waits at its next release.
void JourneyModel::WakeAll() {
  for (auto& [key, until] : waiting_) {
    until = kEpoch;
  }
}

void JourneyModel::NoteDeadLetter(const codec::DeadLetterNote& note) {
  const std::string key = state::AccountKey(note.tenant);
  if (subjects_.contains(key) && definition_ != nullptr) {
    journey::Visit visit = VisitTo(key, journey::VisitKind::kMeasure);
    visit.dead_letter_at = note.at;
    VisitAll({visit}, nullptr, clock_.now());
    DoWalks();
  }
}

void JourneyModel::Recall(const codec::Recollection& recollection) {
  const auto found = subjects_.find(recollection.user.empty()
                                        ? state::AccountKey(recollection.tenant)
                                        : state::UserKey(recollection.tenant, recollection.user));
  if (found == subjects_.end() || !playbook_.has_value()) {
    return;
  }
  auto* const account = std::get_if<journey::Account>(&found->second.object);
  journey::MergeTrackers(playbook_->trackers, recollection.trackers,
                         account != nullptr
                             ? &account->trackers
                             : &std::get<journey::User>(found->second.object).trackers);
}

void JourneyModel::Release(Instant stamp) {
  while (definition_ != nullptr) {
    const auto next = EarliestWaiting();
    if (!next.has_value() || next->first > stamp) {
      return;
    }
    journey::Visit visit = VisitTo(next->second, journey::VisitKind::kRelease);
    visit.due = stamp;
    VisitAll({visit}, nullptr, clock_.now());
    DoWalks();
  }
}

}  // namespace foothold::sim
