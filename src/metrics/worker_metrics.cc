#include "src/metrics/worker_metrics.h"

#include <array>
#include <string>

#include "src/metrics/families.h"

namespace foothold::metrics {
namespace {

double Seconds(std::chrono::duration<double> duration) { return duration.count(); }

const Histograms::Buckets kCommitBuckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                            1,     2.5,  5,     10,   30,  60,   90};
const Histograms::Buckets kPartitionBuckets = {1, 2, 4, 8, 12, 16, 24, 32, 48, 64};

constexpr std::array<Code, 6> kCodes = {Code::kInvalid, Code::kRetry,   Code::kAborted,
                                        Code::kFenced,  Code::kCorrupt, Code::kFatal};

}  // namespace

struct WorkerMetrics::Rep {
  Rep(Families& families, std::string_view stage_name, int worker_number);

  std::string stage;
  std::string worker;
  prometheus::Gauge* loop_moved;
  prometheus::Gauge* transaction_open_since;
  prometheus::Gauge* assigned;
  prometheus::Histogram* commit_duration;
  prometheus::Histogram* transaction_partitions;
  std::array<prometheus::Counter*, kCodes.size()> commit_failures;  // By the code's value.
  std::array<prometheus::Counter*, 3> rebalances;                   // By the kind's value.
  std::array<prometheus::Counter*, 3> rebalanced_partitions;
  Gauges& lag_records;
  Gauges& lag_seconds;
};

WorkerMetrics::Rep::Rep(Families& families, std::string_view stage_name, int worker_number)
    : stage(stage_name),
      worker(std::to_string(worker_number)),
      loop_moved(families
                     .gauges({.name = "foothold_worker_loop_moved_timestamp_seconds",
                              .help = "When the worker's loop last made a turn.",
                              .labels = {"stage", "worker"}})
                     .At({stage, worker})),
      transaction_open_since(
          families
              .gauges({.name = "foothold_worker_transaction_open_timestamp_seconds",
                       .help = "Since when the oldest open transaction is open; 0: none is.",
                       .labels = {"stage", "worker"}})
              .At({stage, worker})),
      assigned(families
                   .gauges({.name = "foothold_worker_assigned_partitions",
                            .help = "Partitions the worker owns.",
                            .labels = {"stage", "worker"}})
                   .At({stage, worker})),
      commit_duration(families
                          .histograms({.name = "foothold_worker_commit_duration_seconds",
                                       .help = "How long commits took.",
                                       .labels = {"stage"}},
                                      kCommitBuckets)
                          .At({stage})),
      transaction_partitions(families
                                 .histograms({.name = "foothold_worker_transaction_partitions",
                                              .help = "Partitions written by one transaction.",
                                              .labels = {"stage"}},
                                             kPartitionBuckets)
                                 .At({stage})),
      lag_records(families.gauges({.name = "foothold_worker_lag_records",
                                   .help = "Records not yet read.",
                                   .labels = {"stage", "topic", "partition"},
                                   .label_sets_max = kPartitionSetsMax})),
      lag_seconds(families.gauges({.name = "foothold_worker_lag_seconds",
                                   .help = "Age of the newest record read, 0 if all is read.",
                                   .labels = {"stage", "topic", "partition"},
                                   .label_sets_max = kPartitionSetsMax})) {
  Counters& failures = families.counters({.name = "foothold_worker_commit_failures_total",
                                          .help = "Commits that failed, by what was done then.",
                                          .labels = {"stage", "code"}});
  for (const Code code : kCodes) {
    commit_failures[static_cast<std::size_t>(code)] = failures.At({stage, CodeName(code)});
  }
  Counters& changes = families.counters({.name = "foothold_worker_rebalances_total",
                                         .help = "Changes of assignment.",
                                         .labels = {"stage", "kind"}});
  rebalances = {changes.At({stage, "assigned"}), changes.At({stage, "revoked"}),
                changes.At({stage, "lost"})};
  Counters& moved = families.counters({.name = "foothold_worker_rebalanced_partitions_total",
                                       .help = "Partitions that came or went.",
                                       .labels = {"stage", "kind"}});
  rebalanced_partitions = {moved.At({stage, "assigned"}), moved.At({stage, "revoked"}),
                           moved.At({stage, "lost"})};
}

WorkerMetrics::WorkerMetrics(Registry* registry, std::string_view stage, int worker)
    : rep_(std::make_unique<Rep>(registry->families(), stage, worker)) {}
WorkerMetrics::~WorkerMetrics() = default;

void WorkerMetrics::LoopMoved(Instant now) {
  rep_->loop_moved->Set(Seconds(now.time_since_epoch()));
}

void WorkerMetrics::CommitDone(std::chrono::nanoseconds duration, std::size_t partitions) {
  rep_->commit_duration->Observe(Seconds(duration));
  rep_->transaction_partitions->Observe(static_cast<double>(partitions));
}

void WorkerMetrics::CommitFailed(Code code) {
  rep_->commit_failures[static_cast<std::size_t>(code)]->Increment();
}

void WorkerMetrics::OldestOpenTransaction(std::optional<Instant> since) {
  rep_->transaction_open_since->Set(since ? Seconds(since->time_since_epoch()) : 0);
}

void WorkerMetrics::Rebalanced(RebalanceKind kind, std::size_t partitions) {
  const auto index = static_cast<std::size_t>(kind);
  rep_->rebalances[index]->Increment();
  rep_->rebalanced_partitions[index]->Increment(static_cast<double>(partitions));
}

void WorkerMetrics::AssignedPartitions(std::size_t count) {
  rep_->assigned->Set(static_cast<double>(count));
}

void WorkerMetrics::LagIs(std::string_view topic, PartitionId partition, Lag lag) {
  const std::string number = std::to_string(partition.value);
  rep_->lag_records.Set({rep_->stage, topic, number}, static_cast<double>(lag.records));
  rep_->lag_seconds.Set({rep_->stage, topic, number}, Seconds(lag.time));
}

void WorkerMetrics::PartitionDropped(std::string_view topic, PartitionId partition) {
  const std::string number = std::to_string(partition.value);
  rep_->lag_records.Remove({rep_->stage, topic, number});
  rep_->lag_seconds.Remove({rep_->stage, topic, number});
}

}  // namespace foothold::metrics
