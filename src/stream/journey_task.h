#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/codec/state.h"
#include "src/journey/clock.h"
#include "src/journey/definition.h"
#include "src/journey/engine.h"
#include "src/journey/erased_ids.h"
#include "src/journey/volumes.h"
#include "src/log/log.h"
#include "src/stream/entry_queue.h"
#include "src/stream/fold_place.h"
#include "src/stream/keyed_task.h"
#include "src/stream/options.h"
#include "src/stream/outbox.h"
#include "src/stream/output_sender.h"
#include "src/stream/partition_state.h"
#include "src/stream/release_desk.h"
#include "src/stream/staged.h"

namespace foothold::metrics {
class JourneyMetrics;
}

namespace foothold::stream {

// The fold of one journal partition: takes its records, runs their entries and the timers that fall
// due through the engine, and stages what follows.
//
//   an entry:   kFresh ---> visits and follow-ups ---> kWalking ---> done: the next entry
//                  |                                    ^   |
//                  `---> (progress) kFiring: timers ----'   |  kFresh again, if a timer asked for
//                               ^---------------------------'  the walk
//
// A commit may fall between any two visits that begin at this level: the position stays at the
// entry until all of it is done, walks keep a cursor in meta, and timers that fired are gone from
// the index, so that after a checkpoint there the rest of the entry follows and nothing twice. A
// commit without a checkpoint tells how many steps of the entry were done, and whoever starts from
// the checkpoint before it makes as many.
//
// Not thread-safe: owned by one Worker.
class JourneyTask final : public KeyedTask {
 public:
  // All but the values outlive the task.
  struct Surroundings {
    const JourneyOptions* options = nullptr;
    OutputSender* sender = nullptr;
    metrics::JourneyMetrics* metrics = nullptr;
  };

  JourneyTask(PartitionId partition, std::unique_ptr<state::Store> store,
              std::size_t cache_bytes_max, Surroundings surroundings);
  JourneyTask(const JourneyTask&) = delete;
  JourneyTask& operator=(const JourneyTask&) = delete;

  Status Load() override;
  void FoldAgain(const CommitNote& committed) override;
  Status Take(const log::RecordView& record) override;
  // Of entries, timers and members of a walk.
  Result<std::size_t> Run(std::size_t entries_max) override;
  bool has_backlog() const override { return !queue_.is_empty(); }
  std::size_t staged_entries() const override { return staged_entries_; }
  bool can_fold_again() const override;
  std::size_t unsaved_bytes() const override;
  Status Collect(const Checkpoint* checkpoint, StagedWrites* writes) override;
  Status SendOutputs(const StagedWrites::Send& send) override {
    return around_.sender->Send(outbox_, send);
  }
  void Apply() override;
  Status WriteOut() override { return state_.WriteOut(); }
  std::size_t unwritten_bytes() const override { return state_.unwritten_bytes(); }
  Status Rewind() override;
  void DropAll() override;
  NextOffset position() const override { return committed_.checkpoint; }
  state::Store& store() const override { return state_.store(); }
  std::size_t cache_bytes() override { return state_.subjects().bytes(); }
  void Measure() override;

  void ObserveEnd(Instant now) override { StageRelease(now); }
  // Subjects with rungs that wait for a release.
  std::size_t waiting_count() const { return desk_.waiting_count(); }
  const journey::Clock& clock() const { return clock_; }
  // The source partition that holds the clock back; "" if none does.
  std::string ClockHolder() const;
  // Timers that the clock has reached and that have not fired; `count_max` stands for more.
  Result<std::size_t> CountDueTimers(std::size_t count_max) const;

 private:
  // The journal has been read to its end: if rungs wait that may be looked at, writes a release
  // into it with the next commit, once a second at most. In files the clock's moves are releases.
  void StageRelease(Instant now);

  enum class Phase {
    kFresh,   // Nothing of the entry was done, or it is a progress entry, which may be done again.
    kFiring,  // Its progress is applied; due timers fire.
    kReleasing,  // The gate looks at what waits, as of release_stamp_.
    kWalking,    // Its visits are done; meta_.walks are not.
  };

  void FinishEntry();
  Status RunEntry();
  Status ApplyControl(const codec::Control& control);
  Status Publish(const journey::Playbook& playbook);
  // What `next` asks of the past is kept from now on, and nothing else changes.
  Status Prepare(const journey::Playbook& next);
  // What came before that is known now, too. Of whom is not there any more nothing is.
  Status Recall(const codec::Recollection& recollection);
  Status Say(const codec::RuleWord& word);
  Status Say(const codec::ApprovalWord& word);
  Status Say(const codec::EraseWord& word);
  Status Erase(const std::string& tenant, const std::string& user, Instant until);
  // The addresses that lead to the user are forgotten.
  Status EraseEmails(const std::string& tenant, const std::string& user);
  // Whether what comes of that user is dropped, and counts it if so.
  bool IsErased(std::string_view tenant, std::string_view user);
  void Sweep();
  // Whether a source is silent now. True if a walk begins for it.
  bool NoteSilence();
  // Whether another measurement holds from this entry on, and a walk begins for it.
  bool IsMeasuredAnew(const journey::Progress& progress);
  // Counts what came, and looks which events have gone quiet. True if a walk begins, as what they
  // held may be concluded now.
  bool NoteVolumes(const journey::Progress& progress);
  void LookForQuiet();
  static const std::string& VolumesFactKey();
  Status NoteDeadLetter(const codec::DeadLetterNote& note);
  // Up to where of event time the gate has looked at what waits; kEpoch: at nothing yet.
  Instant ReleasedUntil() const;
  void NoteReleased();
  Status ReleaseSubject(const std::string& key, Instant stamp, std::optional<Instant> clock);
  Status BeginRelease(Instant stamp);
  // Lets the gate look at the next subject that waits. When there is none, the entry ends.
  Status Release();
  // The progress entry is done with, or the final walk begins.
  Status EndProgress();
  void CollectRelease(StagedWrites* writes);
  // The current entry is a playbook: what it changes is decided anew.
  bool IsPublishing() const;
  static const std::string& PlaybookFactKey();
  Status FireTimer(const state::DueTimer& timer);
  Status Fire();
  bool IsEndDue(const journey::Progress& progress);
  Status Walk();
  Result<std::optional<std::string>> NextOfWalk(const codec::PendingWalk& walk);

  // Runs visits and what follows from them until nothing is left but walks.
  Status RunVisits(std::vector<journey::Visit> visits, const journey::Event* event,
                   const journey::Context& context);
  Status RunVisit(journey::Visit visit, const journey::Event* event,
                  const journey::Context& context, std::vector<journey::Visit>* follow_ups);
  // Fills in the user that owns the target's e-mail.
  Status Resolve(journey::VisitTarget* target);
  std::string EmailKeyOf(const std::string& tenant, const std::string& email) const;
  // A visit of a subject by its key; nullopt if it is no subject.
  static Result<journey::Visit> VisitOfKey(const std::string& key, journey::VisitKind kind);
  journey::Context MakeContext(std::optional<Instant> clock) const;
  std::int64_t revision() const;
  static const std::string& ClockFactKey();
  FoldPlace place() const;
  CommitNote NoteOfCheckpoint() const;
  // Of the fold, which may be one that is made again.
  bool is_draining() const;
  void BeginAtCheckpoint();
  // The end of what is folded again, if it is here.
  void LookWhetherReached();
  void DropSaid();
  void TellTally();
  void CountCacheLooks();

  PartitionId partition_;
  Surroundings around_;
  PartitionState state_;
  ReleaseDesk desk_;

  // Facts of the partition, as staged.
  codec::Meta meta_;
  journey::Clock clock_;
  std::unique_ptr<journey::Definition> definition_;  // Null until a playbook is published.
  std::uint64_t email_seed_ = 0;
  journey::ErasedIds erased_;
  bool is_desk_loaded_ = false;
  std::optional<journey::Clock::Silence> silence_;  // As of the clock.
  bool is_clock_changed_ = false;
  journey::EventVolumes volumes_;
  std::unique_ptr<const journey::QuietEvents> quiet_;  // As of the clock; null: no event is.
  bool are_volumes_changed_ = false;
  CommitNote committed_;
  CommitNote collected_;
  bool is_checkpoint_collected_ = false;
  std::optional<FoldPlace> again_until_;  // What lies before it was committed.
  std::uint64_t entry_steps_ = 0;         // See FoldPlace.
  std::uint64_t unsaved_steps_ = 0;       // Since the checkpoint.

  EntryQueue queue_;
  Phase phase_ = Phase::kFresh;
  Instant release_stamp_;  // kReleasing.
  int looks_ = 0;          // kReleasing: in a row, at the subject that comes next again.
  std::optional<Instant> pending_release_;  // To be written with the next commit.
  std::optional<Instant> released_at_;      // The last one written.

  Outbox outbox_;
  std::vector<journey::HeldRung> held_;  // Since the last commit.
  // What is to be counted once it is committed.
  struct Tally {
    std::size_t events = 0, clock_moves = 0, controls = 0, user_timers = 0, account_timers = 0;
    std::size_t repeats = 0, conflicts = 0, of_erased = 0;
  };
  Tally tally_;
  std::size_t staged_entries_ = 0;
  std::uint64_t counted_hits_ = 0;
  std::uint64_t counted_misses_ = 0;
};

}  // namespace foothold::stream
