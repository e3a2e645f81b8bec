// The journey's task: what a commit takes, how the task goes back, and how it folds again.

#include <utility>

#include "src/base/check.h"
#include "src/codec/state.h"
#include "src/codec/volume_facts.h"
#include "src/metrics/journey_metrics.h"
#include "src/stream/emitted_counts.h"
#include "src/stream/journey_task.h"
#include "src/stream/store_place.h"
#include "state/schema.h"

namespace foothold::stream {

const std::string& JourneyTask::ClockFactKey() {
  static const std::string kKey = state::FactKey("clock");
  return kKey;
}

FoldPlace JourneyTask::place() const {
  return {.next = meta_.journal_next, .entry = meta_.next_entry, .steps = entry_steps_};
}

// Of a checkpoint with the state as it is now.
CommitNote JourneyTask::NoteOfCheckpoint() const {
  return {.checkpoint = meta_.journal_next,
          .number = CheckpointNumber(meta_),
          .is_draining = around_.options->is_draining,
          .reached = {.next = meta_.journal_next, .entry = meta_.next_entry, .steps = 0}};
}

// Whoever starts from the state as it is now goes on like this. The task itself does so, too, for
// then it makes the same steps as one that folds again.
void JourneyTask::BeginAtCheckpoint() {
  phase_ = meta_.walks.empty() ? Phase::kFresh : Phase::kWalking;
  looks_ = 0;
  entry_steps_ = 0;
  unsaved_steps_ = 0;
}

void JourneyTask::FoldAgain(const CommitNote& committed) {
  committed_ = committed;
  if (place() < committed.reached) {
    again_until_ = committed.reached;
  }
}

bool JourneyTask::is_draining() const {
  return again_until_.has_value() ? committed_.is_draining : around_.options->is_draining;
}

// Of a drain behind one that was none, or the other way round, no note can tell.
bool JourneyTask::can_fold_again() const {
  return committed_.number > 0 && committed_.is_draining == around_.options->is_draining;
}

// Offsets have holes, so that the place may be passed over by the opening of a record.
void JourneyTask::LookWhetherReached() {
  if (again_until_.has_value() && place() >= *again_until_) {
    again_until_.reset();
  }
}

std::size_t JourneyTask::unsaved_bytes() const {
  if (unsaved_steps_ == 0 || again_until_.has_value()) {
    return 0;
  }
  return 1 + state_.staged_bytes();
}

Status JourneyTask::Collect(const Checkpoint* checkpoint, StagedWrites* writes) {
  FOOTHOLD_CHECK(!again_until_.has_value(), "what is folded again was committed");
  FOOTHOLD_CHECK(checkpoint != nullptr || can_fold_again(), "there is nothing to fold again from");
  CollectRelease(writes);
  is_checkpoint_collected_ = checkpoint != nullptr;
  if (checkpoint != nullptr) {
    if (is_clock_changed_) {
      state_.Write(ClockFactKey(), codec::EncodeClock(clock_.parts()));
    }
    if (are_volumes_changed_) {
      state_.Write(VolumesFactKey(), codec::EncodeVolumes(volumes_));
    }
    desk_.Collect();
    NumberCheckpoint(&meta_);
    state_.Write(state::MetaKey(), codec::EncodeMeta(meta_));
    if (checkpoint->place.has_value()) {
      state_.WriteLocal(StorePlaceKey(), *checkpoint->place);
    }
    state_.Collect(partition_, &writes->changelog);
    collected_ = NoteOfCheckpoint();
  } else {
    collected_ = committed_;
    collected_.reached = place();
  }
  writes->positions.push_back({{around_.options->topics.journal, partition_},
                               meta_.journal_next,
                               EncodeCommitNote(collected_)});
  return Status();
}

void JourneyTask::Apply() {
  if (is_checkpoint_collected_) {
    state_.Apply();
    desk_.Apply();
    is_clock_changed_ = false;
    are_volumes_changed_ = false;
    BeginAtCheckpoint();
    around_.metrics->Checkpointed();
  } else {
    state_.subjects().Shrink();
  }
  committed_ = collected_;
  pending_release_.reset();
  CountEmitted(outbox_, definition_.get(), around_.metrics);
  for (const journey::HeldRung& rung : held_) {
    around_.metrics->RungHeld(rung.rule, journey::SuppressorName(rung.by));
  }
  TellTally();
  CountCacheLooks();
  DropSaid();
  staged_entries_ = 0;
}

void JourneyTask::TellTally() {
  using metrics::Stimulus;
  metrics::JourneyMetrics& metrics = *around_.metrics;
  metrics.StimuliApplied(Stimulus::kEvent, tally_.events);
  metrics.StimuliApplied(Stimulus::kClock, tally_.clock_moves);
  metrics.StimuliApplied(Stimulus::kControl, tally_.controls);
  metrics.StimuliApplied(Stimulus::kTimer, tally_.user_timers + tally_.account_timers);
  metrics.TimersFired("user", tally_.user_timers);
  metrics.TimersFired("account", tally_.account_timers);
  metrics.Repeats(tally_.repeats);
  metrics.Conflicts(tally_.conflicts);
  metrics.OfErased(tally_.of_erased);
}

void JourneyTask::CountCacheLooks() {
  const SubjectTable& table = state_.subjects();
  around_.metrics->CacheLooked(metrics::CacheLook::kHit, table.hits() - counted_hits_);
  around_.metrics->CacheLooked(metrics::CacheLook::kMiss, table.misses() - counted_misses_);
  counted_hits_ = table.hits();
  counted_misses_ = table.misses();
}

Status JourneyTask::Rewind() {
  const CommitNote committed = committed_;
  DropAll();
  FOOTHOLD_TRY(desk_.Drop());
  FOOTHOLD_TRY(Load());
  FoldAgain(committed);
  return Status();
}

void JourneyTask::DropSaid() {
  outbox_.Clear();
  held_.clear();
  tally_ = Tally{};
}

void JourneyTask::DropAll() {
  state_.Drop();
  DropSaid();
  pending_release_.reset();
  staged_entries_ = 0;
  queue_.Clear();
}

}  // namespace foothold::stream
