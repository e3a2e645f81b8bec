// The journey's task: what people say to it, and what lets interventions out.

#include <algorithm>
#include <utility>
#include <variant>

#include "src/base/check.h"
#include "src/codec/state.h"
#include "src/journey/tracking.h"
#include "src/stream/control_writer.h"
#include "src/stream/journey_task.h"
#include "src/stream/publishing.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

// A release is written no more often.
constexpr milliseconds kReleaseInterval{1'000};

// More looks at one subject in a row than it can have rungs mean that it never lets go.
constexpr int kLooksMax = 2 * static_cast<int>(journey::kRungStatesMax);

}  // namespace

const std::string& JourneyTask::PlaybookFactKey() {
  static const std::string kKey = state::FactKey("playbook");
  return kKey;
}

Status JourneyTask::ApplyControl(const codec::Control& control) {
  if (control.follows != meta_.control_number || control.number <= control.follows) {
    ++meta_.counters["control_out_of_sequence"];
    return Status();
  }
  meta_.control_number = control.number;
  if (const auto* publish = std::get_if<codec::PublishPlaybook>(&control.action)) {
    return Publish(publish->playbook);
  }
  if (const auto* prepare = std::get_if<codec::PreparePlaybook>(&control.action)) {
    return Prepare(prepare->playbook);
  }
  if (const auto* word = std::get_if<codec::RuleWord>(&control.action)) {
    return Say(*word);
  }
  if (const auto* word = std::get_if<codec::EraseWord>(&control.action)) {
    return Say(*word);
  }
  return Say(std::get<codec::ApprovalWord>(control.action));
}

Status JourneyTask::Publish(const journey::Playbook& playbook) {
  FOOTHOLD_TRY(journey::Validate(playbook));
  // One that says the same changes nothing: judging all anew might notice what else would have been
  // noticed at a subject's next event.
  const bool is_news =
      definition_ != nullptr && !journey::DecidesAlike(definition_->playbook(), playbook);
  state_.Write(PlaybookFactKey(), codec::EncodePlaybook(playbook));
  definition_ = std::make_unique<journey::Definition>(playbook);
  LookForQuiet();
  if (is_news) {
    Sweep();
  }
  return Status();
}

Status JourneyTask::Prepare(const journey::Playbook& next) {
  FOOTHOLD_TRY(journey::Validate(next));
  if (definition_ == nullptr) {
    return Status();
  }
  journey::Playbook keeping = KeepingFor(definition_->playbook(), next);
  state_.Write(PlaybookFactKey(), codec::EncodePlaybook(keeping));
  definition_ = std::make_unique<journey::Definition>(std::move(keeping));
  LookForQuiet();
  return Status();
}

Status JourneyTask::Recall(const codec::Recollection& recollection) {
  const std::string& tenant = recollection.tenant;
  const std::string& user = recollection.user;
  SubjectTable& table = state_.subjects();
  FOOTHOLD_ASSIGN(const bool is_known, table.Has(user.empty() ? state::AccountKey(tenant)
                                                              : state::UserKey(tenant, user)));
  if (!is_known || definition_ == nullptr) {
    return Status();  // It became somebody else, who is recalled as well, or was erased.
  }
  FOOTHOLD_ASSIGN(Subject * subject,
                  user.empty() ? table.TouchAccount(tenant) : table.TouchUser(tenant, user));
  journey::MergeTrackers(definition_->playbook().trackers, recollection.trackers,
                         user.empty() ? &subject->account().trackers : &subject->user().trackers);
  return Status();
}

Status JourneyTask::Say(const codec::RuleWord& word) {
  journey::RuleControl control = desk_.ControlOf(word.rule);
  stream::Apply(word, &control);
  desk_.SetControl(word.rule, control);
  desk_.WakeAll();
  if (word.word == codec::RuleWord::Word::kKill) {
    Sweep();  // What was asked is cancelled.
  }
  return Status();
}

Status JourneyTask::Say(const codec::ApprovalWord& word) {
  const std::string key =
      word.user.empty() ? state::AccountKey(word.tenant) : state::UserKey(word.tenant, word.user);
  FOOTHOLD_ASSIGN(const bool is_known, state_.subjects().Has(key));
  if (!is_known || definition_ == nullptr) {
    return Status();  // Of another partition, or of nobody.
  }
  journey::Visit visit{.kind = journey::VisitKind::kApprove,
                       .target = {.tenant = word.tenant, .user = word.user, .email = {}},
                       .merge_from = {},
                       .due = {}};
  visit.approval = {.rule = word.rule, .rung = word.rung, .is_granted = word.is_granted};
  return RunVisits({std::move(visit)}, nullptr, MakeContext(clock_.now()));
}

void JourneyTask::Sweep() {
  meta_.walks.push_back({.kind = codec::WalkKind::kSweep, .tenant = {}, .cursor = {}});
}

bool JourneyTask::IsPublishing() const {
  const auto* control = queue_.has_entry() ? std::get_if<codec::Control>(&queue_.entry()) : nullptr;
  return control != nullptr && std::holds_alternative<codec::PublishPlaybook>(control->action);
}

void JourneyTask::StageRelease(Instant now) {
  const bool may_write =
      around_.options->writes_releases && definition_ != nullptr && !again_until_.has_value() &&
      clock_.roster().mode == journey::ClockMode::kWall && !pending_release_.has_value();
  const bool is_soon =
      released_at_.has_value() && now >= *released_at_ && now - *released_at_ < kReleaseInterval;
  if (!may_write || is_soon || !desk_.NextWaiting(now).has_value()) {
    return;
  }
  pending_release_ = now;
  released_at_ = now;
  ++staged_entries_;
}

void JourneyTask::CollectRelease(StagedWrites* writes) {
  if (!pending_release_.has_value()) {
    return;
  }
  codec::JournalBatchWriter batch;
  batch.Append(codec::Release{.wall = *pending_release_});
  writes->outputs.push_back({.topic = around_.options->topics.journal,
                             .partition = partition_,
                             .key = std::nullopt,
                             .value = batch.Take(),
                             .headers = {}});
}

Status JourneyTask::BeginRelease(Instant stamp) {
  release_stamp_ = stamp;
  phase_ = Phase::kReleasing;
  return Release();
}

// Of a release entry: the subject that waits longest, until none of them waits.
Status JourneyTask::Release() {
  const auto waiting = definition_ == nullptr ? std::nullopt : desk_.NextWaiting(release_stamp_);
  if (!waiting.has_value()) {
    FinishEntry();
    return Status();
  }
  return ReleaseSubject(waiting->key, release_stamp_, clock_.now());
}

Status JourneyTask::ReleaseSubject(const std::string& key, Instant stamp,
                                   std::optional<Instant> clock) {
  FOOTHOLD_ASSIGN(journey::Visit visit, VisitOfKey(key, journey::VisitKind::kRelease));
  visit.due = stamp;
  FOOTHOLD_TRY(RunVisits({std::move(visit)}, nullptr, MakeContext(clock)));
  // A look may find another rung due, each at most once in its episode.
  const auto next = desk_.NextWaiting(stamp);
  looks_ = next.has_value() && next->key == key ? looks_ + 1 : 0;
  FOOTHOLD_CHECK(looks_ <= kLooksMax, "what the gate looked at must move on: " + key);
  if (!meta_.walks.empty()) {
    phase_ = Phase::kWalking;
  }
  return Status();
}

Status JourneyTask::EndProgress() {
  const auto& progress = std::get<journey::Progress>(queue_.entry());
  NoteReleased();
  if (definition_ == nullptr || !clock_.now().has_value() || !IsEndDue(progress)) {
    FinishEntry();
    return Status();
  }
  meta_.walks.push_back({.kind = codec::WalkKind::kFinal, .tenant = {}, .cursor = {}});
  phase_ = Phase::kWalking;
  return Status();
}

}  // namespace foothold::stream
