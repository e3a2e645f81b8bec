#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "src/base/ids.h"
#include "src/base/time.h"
#include "src/intake/decoder.h"
#include "src/intake/event_counter.h"
#include "src/intake/source_progress.h"
#include "src/journey/volumes.h"
#include "src/stream/dead_letter.h"
#include "src/stream/journal_batches.h"
#include "src/stream/options.h"
#include "src/stream/people_feed.h"
#include "src/stream/stage.h"

namespace foothold::metrics {
class IntakeMetrics;
}

namespace foothold::stream {

// The intake's side of a worker: reads the sources' partitions that it owns, decodes, and writes
// journal batches, what the people stage needs, dead letters and progress, all in the transaction
// that moves the input's offsets.
//
// Progress goes into every partition of the journal and of the people topic behind the events it
// covers: at once when event time has moved by an hour (files: a minute) since it was told last,
// else once a second if something moved, else every 10 s; live also before a record that comes when
// nothing was told for that long, as after a start. How often each event came goes before it
// when a partition has left a quarter of a day, live once an hour of the wall as well: when the
// clock passes a quarter, all that came in it has been told. Live it also goes into each commit by
// which a partition comes on a quarter of an hour. Not thread-safe, but for outlook() and
// RequestFinish().
class IntakeStage final : public Stage {
 public:
  inline static constexpr milliseconds kAheadMax = 6 * kHour;
  inline static constexpr milliseconds kIdleAtEnd{10'000};

  // All of it outlives the stage.
  struct Surroundings {
    const WallClock* clock = nullptr;
    metrics::IntakeMetrics* metrics = nullptr;
  };
  // How far the stage is, as of its last commit.
  struct Outlook {
    std::size_t partitions = 0;         // Assigned.
    std::size_t partitions_at_end = 0;  // Read to their end.
    bool is_finished = false;           // What RequestFinish() asked for is committed.
    std::optional<Instant> event_time_max;
    friend bool operator==(const Outlook&, const Outlook&) = default;
  };

  // REQUIRES: every topic belongs to one source.
  IntakeStage(IntakeOptions options, Surroundings surroundings);

  void Attach(log::Consumer* consumer) override;
  Result<std::vector<log::Position>> Assign(
      std::span<const log::TopicPartition> partitions) override;
  void Release(std::span<const log::TopicPartition> partitions) override;
  std::vector<log::TopicPartition> assigned() const override;
  std::vector<log::TopicPartition> readable() const override;
  Status Take(const log::RecordView& record) override;
  Status ObserveIdle() override;
  Result<bool> Work(std::size_t entries_max, Instant now) override;
  bool has_backlog() const override { return false; }
  bool is_full() const override { return is_handing_over_; }
  std::size_t staged_entries() const override { return staged_entries_; }
  Status Collect(Instant now, Checkpoints checkpoints, StagedWrites* writes) override;
  void Apply() override;
  Result<std::vector<log::Position>> Rewind() override;
  Result<std::vector<log::Position>> Repair() override;

  // Thread-safe.
  Outlook outlook() const;
  // The input has ended, in all workers (replay, drain): the next turn tells every journal
  // partition that the clock goes to `final_clock`. Thread-safe.
  void RequestFinish(Instant final_clock);

 private:
  struct Input {
    std::size_t source = 0;
    intake::InputPartition place;
    NextOffset next;              // Staged.
    NextOffset committed;         // Of the last commit.
    bool is_start_saved = false;  // `committed` is known to the group.
    std::int64_t high = 0;        // The last high watermark that was asked for.
    Instant moved_at;             // Wall time of the last record, or of the assignment.
    bool is_at_end = false;
    bool is_ahead = false;  // Waits for the others.
    std::optional<Instant> event_time_max;
    std::optional<Instant> event_time_min;
    std::optional<Instant> told_max;         // The largest event time that progress has told.
    std::optional<Instant> told_counts_max;  // Likewise, when counts were told last.
    std::int64_t counted_span = -1;          // Of the event counted last.
  };
  using Inputs = std::map<log::TopicPartition, Input>;
  struct Source {
    Source(std::string source_name, intake::DecoderOptions options)
        : name(std::move(source_name)), decoder(std::move(options)) {}
    std::string name;
    intake::Decoder decoder;
    intake::SourceProgress progress;
    intake::EventCounter counter{journey::EventVolumes::kQuarter};
  };

  Result<Input> OpenInput(const log::TopicPartition& partition,
                          const std::optional<NextOffset>& committed);
  // The input that the record belongs to; nullptr if it is not ours.
  Inputs::value_type* InputOf(const log::RecordView& record);
  Result<NextOffset> ResolveStart(const log::TopicPartition& partition,
                                  const log::Watermarks& range);
  void Accept(const log::RecordView& record, const intake::Accepted& accepted, Input* input);
  void PassOn(const log::RecordView& record, const intake::Unplaced& unplaced, Input* input);
  void NoteTime(Instant at, Input* input);
  void Count(std::string_view name, Input* input);
  void Remark(const intake::Accepted& accepted, std::size_t source);
  // How far time is: the wall, in files what was accepted of the source; `instead` if nothing was.
  Instant TimeOf(const Input& input, Instant instead) const;
  void TellAll(const journey::Progress& progress);
  // How often events came since that was told, if it is due by now.
  void TellCounts(Instant now);
  bool AreManyCountsUntold() const;
  void Reject(const log::RecordView& record, const intake::Rejected& rejected, Input* input);
  void NoteDeadLetterOf(const std::string& tenant, const log::RecordView& record,
                        const Input& input);
  // Tells every journal partition how far the inputs are: those that moved, or all of them.
  enum class Telling { kMoved, kAll };
  void TellProgress(Telling telling, Instant now);
  // Whether `input` has been read to its high watermark.
  Result<bool> IsReadToEnd(const log::TopicPartition& partition, Input* input);
  Status FindEnds(Instant now, milliseconds idle);
  void LookAgainAtEnds(Instant now);
  Status UpdateAhead(Instant now);
  void TakeFinishRequest();
  bool IsLive() const { return options_.mode == journey::ClockMode::kWall; }
  std::size_t SourceOf(const std::string& topic) const;
  void Publish(bool is_finished);

  IntakeOptions options_;
  Surroundings around_;
  DeadLetterOptions dead_letter_options_;
  log::Consumer* consumer_ = nullptr;
  std::vector<std::unique_ptr<Source>> sources_;
  std::map<std::string, std::size_t, std::less<>> source_of_topic_;
  Inputs inputs_;
  Inputs::value_type* last_input_ = nullptr;  // Of the last record taken, while it is ours.

  // Staged.
  JournalBatches batches_;
  PeopleFeed people_;
  std::vector<StagedRecord> dead_letters_;
  std::unordered_map<std::string, Instant> dead_letters_told_;  // By tenant: the last note's time.
  std::size_t staged_entries_ = 0;
  bool has_moved_ = false;  // Since progress was told.
  // A partition left a quarter of a day: what came in it is told before how far the partition is.
  bool are_counts_due_ = false;
  bool is_all_to_be_told_ = false;       // Of all inputs, whether they have moved or not.
  std::optional<Instant> ends_seen_at_;  // The latest event time when ends were looked at again.
  bool is_finish_staged_ = false;
  bool has_passed_on_ = false;    // Something ever went to the people stage.
  bool is_handing_over_ = false;  // Nothing is read before the people stage had its turn.

  // Wall times: of the last progress, the last counts, the last look for ends, the last comparison
  // of the inputs.
  std::optional<Instant> told_at_;
  std::optional<Instant> told_counts_at_;
  std::optional<Instant> looked_at_;
  std::optional<Instant> compared_at_;

  std::atomic<std::size_t> partitions_{0};
  std::atomic<std::size_t> partitions_at_end_{0};
  std::atomic<std::int64_t> event_time_max_ms_{-1};
  std::atomic<std::int64_t> finish_at_ms_{-1};  // Asked for; -1: not.
  std::atomic<bool> is_finished_{false};
};

}  // namespace foothold::stream
