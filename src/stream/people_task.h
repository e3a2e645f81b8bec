#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/codec/journal.h"
#include "src/codec/state.h"
#include "src/journey/clock.h"
#include "src/journey/erased_ids.h"
#include "src/log/log.h"
#include "src/metrics/people_metrics.h"
#include "src/stream/dead_letter.h"
#include "src/stream/entry_queue.h"
#include "src/stream/journal_batches.h"
#include "src/stream/keyed_task.h"
#include "src/stream/options.h"
#include "src/stream/partition_state.h"
#include "src/stream/placed_times.h"
#include "src/stream/staged.h"

namespace foothold::stream {

// The fold of one partition of the people topic: it knows the accounts of each person, and hands
// every record without an account to all of them.
//
//   record ---> the person is known in accounts ---> an event in the journal for each
//          |--> ... goes by another id now ---------> on to that person
//          '--> ... is known nowhere ---------------> waits: kWaits of wall time, in files of event
//                  time, at most kWaitingRecordsMax records and bytes for each person and
//                  waiting_bytes_max for the partition, beyond which the oldest gives way
//   an account is learned ---> what waits goes there, and to no other
//   time is up, the file ends --> identify, page, screen, alias: skipped; track: the dead letter
//
// Everything follows from the order of the topic. What was handed on is in the journal before the
// progress that covers it: behind the events that it places, the task tells each journal partition
// which records it has handled, and how far its own clock is; while it has none it tells nothing.
// What waits holds no clock.
//
// Not thread-safe: owned by one Worker.
class PeopleTask final : public KeyedTask {
 public:
  inline static constexpr milliseconds kWaits = kDay;
  inline static constexpr std::uint64_t kWaitingRecordsMax = 256;
  inline static constexpr std::uint64_t kWaitingBytesMax = 1U << 20U;
  // How often something is handed on from id to id.
  inline static constexpr std::uint32_t kHopsMax = 4;

  // All of it outlives the task.
  struct Surroundings {
    const PeopleOptions* options = nullptr;
    metrics::PeopleMetrics* metrics = nullptr;
    PlacedTimes* placed = nullptr;
  };

  PeopleTask(PartitionId partition, std::unique_ptr<state::Store> store,
             std::size_t cache_bytes_max, Surroundings surroundings);
  PeopleTask(const PeopleTask&) = delete;
  PeopleTask& operator=(const PeopleTask&) = delete;

  Status Load() override;
  Status Take(const log::RecordView& record) override { return queue_.Take(record, meta_); }
  // Of entries and persons whose records have waited long enough.
  Result<std::size_t> Run(std::size_t entries_max) override;
  bool has_backlog() const override { return !queue_.is_empty(); }
  std::size_t staged_entries() const override { return staged_entries_; }
  Status Collect(const Checkpoint* checkpoint, StagedWrites* writes) override;
  Status SendOutputs(const StagedWrites::Send& /*send*/) override { return Status(); }
  void Apply() override;
  Status WriteOut() override { return state_.WriteOut(); }
  std::size_t unwritten_bytes() const override { return state_.unwritten_bytes(); }
  Status Rewind() override;
  void DropAll() override;
  NextOffset position() const override { return committed_position_; }
  state::Store& store() const override { return state_.store(); }
  std::size_t cache_bytes() override { return state_.subjects().bytes(); }
  void Measure() override;

  const journey::Clock& clock() const { return clock_; }
  std::uint64_t waiting_records() const;

 private:
  using Expiry = metrics::PeopleMetrics::Expiry;
  // A counter of the partition that lives in its meta.
  inline static constexpr const char* kLatenessMs = "lateness_ms";
  // What is to be counted once it is committed.
  struct Tally {
    std::uint64_t records = 0, placed = 0, handed_on = 0, skipped = 0, of_erased = 0, caps_met = 0;
    std::map<Expiry, std::uint64_t> expired;
    std::map<std::string, std::uint64_t, std::less<>> rejected;
    std::optional<Instant> placed_max;
  };

  Status RunEntry();
  Status TakeRecord(const codec::PersonRecord& record);
  Status TakeFact(const codec::PersonFact& fact);
  Status LearnAccount(const codec::PersonFact& fact, Subject* person);
  Status LearnSuccessor(const codec::PersonFact& fact, Subject* person);
  Status ApplyControl(const codec::Control& control);
  // The person no longer belongs to that account; who belongs to none is forgotten, with what
  // waits.
  Status Erase(const codec::EraseWord& word);
  // Whether the id was erased in an account, and is known in none that is left.
  bool IsErased(std::string_view id, const journey::Person& person) const;
  bool IsOfErased(const codec::PersonFact& fact, const journey::Person& person) const;

  // Lets the next one go whose time is up; false if there is none.
  Result<bool> ExpireNext(Instant until, Expiry why);
  // Lets go what has waited until `until`.
  Status ExpireUntil(Instant until, Expiry why, Subject* person);
  void Report(const journey::Progress& progress);

  void Place(const codec::PersonRecord& record, std::string_view tenant);
  void PlaceInAll(const codec::PersonRecord& record, const journey::Person& person);
  void HandOn(codec::PersonRecord record, std::string_view successor);
  void LetGo(const codec::PersonRecord& record, Expiry why);
  void Reject(const codec::PersonRecord& record, std::string_view reason, std::string_view detail);

  Status Wait(const codec::PersonRecord& record, Subject* person);
  // The bytes of the first record that waits, which no longer does. REQUIRES: one does.
  Result<std::string> PopWaiting(Subject* person);
  Result<std::string> ReadWaiting(const journey::Person& person) const;
  // Lets the first record that waits go.
  Status ExpireFirst(Expiry why, Subject* person);
  // The person's timer, after its waiting records have changed; a person of whom nothing is known
  // is forgotten.
  Status Settle(Subject* person);

  PartitionId partition_;
  Surroundings around_;
  DeadLetterOptions dead_letter_options_;
  PartitionState state_;

  // Facts of the partition, as staged.
  codec::Meta meta_;
  journey::Clock clock_;
  bool is_clock_changed_ = false;
  journey::ErasedIds erased_;
  std::uint64_t erased_seed_ = 0;
  NextOffset committed_position_;

  EntryQueue queue_;
  bool is_firing_ = false;  // The current entry is progress, and applied.
  // What was handled, as `unplaced_next` of progress: told to the journal, and not told yet.
  std::map<journey::SourcePartition, std::int64_t> told_;
  std::map<journey::SourcePartition, std::int64_t> to_tell_;
  std::optional<Instant> told_wall_;
  codec::JournalBatchWriter waiting_writer_;

  // Staged.
  JournalBatches journal_;
  JournalBatches people_;
  std::vector<StagedRecord> dead_letters_;
  Tally tally_;
  std::size_t staged_entries_ = 0;
};

}  // namespace foothold::stream
