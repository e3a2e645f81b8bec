#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"
#include "state/store.h"

namespace foothold::stream {

// Brings stores up to date from the changelog, several partitions side by side.
//
// A partition is whole when everything that was in the changelog when the restore began has been
// read and decided, and the meta then in the store is of the checkpoint that the group's committed
// position rests on: the end of a partition alone is no proof, for it comes at the last stable
// offset.
//
// It reads with a consumer of its own. Not thread-safe: owned by one Worker.
class Restorer {
 public:
  struct Options {
    std::string input;  // For messages: what the state is a fold of.
    std::string changelog;
    milliseconds hung_after{30'000};  // Waiting longer for a transaction's end: it hangs.
    milliseconds call_timeout{10'000};
    int slice_records_max = 2'000;
  };
  // What a partition's restore begins with.
  struct Request {
    PartitionId partition;
    state::Store* store = nullptr;  // Outlives the restore of its partition.
    NextOffset from;                // The first changelog record that the store may lack.
    bool is_full = false;           // The store was empty: nothing else can be wrong with it.
    // The changelog's end, open transactions included, read after the group's place in the input.
    std::int64_t until = 0;
    // The checkpoint that the group's place rests on: where it stands in the input, and its number;
    // 0: not known.
    std::optional<NextOffset> checkpoint;
    std::uint64_t number = 0;
  };

  // `log` outlives the restorer.
  Restorer(log::Log* log, Options options);

  // The changelog's retained range, open transactions included. kRetry: call again.
  Result<log::Watermarks> Range(PartitionId partition);

  Status Add(const Request& request, Instant now);
  void Remove(PartitionId partition);
  bool is_idle() const { return running_.empty(); }
  // How far each partition is, in changelog offsets.
  struct Progress {
    PartitionId partition;
    std::int64_t done = 0;
    std::int64_t total = 0;
    milliseconds took{0};

    // How long the rest takes at the pace so far; nullopt: nothing shows the pace yet.
    std::optional<milliseconds> remaining() const;
  };
  std::vector<Progress> progress(Instant now) const;

  // Reads a slice without waiting and returns the partitions that have become whole.
  // kCorrupt: a store cannot be trusted; failed_partition() says which. kFatal: a hung transaction,
  // or a changelog that contradicts the committed position.
  Result<std::vector<PartitionId>> RunSlice(Instant now);
  std::optional<PartitionId> failed_partition() const { return failed_partition_; }

 private:
  struct Running {
    state::Store* store = nullptr;
    bool is_full = false;
    std::optional<NextOffset> checkpoint;
    std::uint64_t number = 0;
    NextOffset begin;
    NextOffset next;          // Of the changelog, to be read.
    std::int64_t target = 0;  // Whole once `next` is here.
    Instant begun_at;
    Instant moved_at;  // When `next` moved last.
  };

  // Records of one partition.
  using Records = std::vector<const log::RecordView*>;

  Status ApplyRecords(const log::Batch& batch);
  Status EnsureConsumer();
  Status Reassign();
  Status Apply(const Running& running, Records records) const;
  // kFatal: its key or value is none of ours.
  Status CheckRecord(const log::RecordView& record) const;
  Status Finish(PartitionId partition, const Running& running) const;
  // kCorrupt (of a full restore kFatal) if the store's meta is of another checkpoint.
  Status CheckAgreement(PartitionId partition, const Running& running) const;
  log::TopicPartition Source(PartitionId partition) const {
    return {options_.changelog, partition};
  }

  log::Log* log_;
  Options options_;
  std::unique_ptr<log::Consumer> consumer_;
  std::map<PartitionId, Running> running_;
  std::optional<PartitionId> failed_partition_;
};

}  // namespace foothold::stream
