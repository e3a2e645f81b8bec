#include "src/stream/journey_stage.h"

#include <algorithm>
#include <utility>

#include "src/metrics/journey_metrics.h"
#include "src/stream/journey_task.h"
#include "src/stream/output_sender.h"

namespace foothold::stream {
namespace {

// Of decoded subjects that wait for a checkpoint of their partition: it is one transaction.
constexpr std::size_t kCheckpointBytesMax = 32U << 20U;

class JourneyTasks final : public KeyedTasks {
 public:
  JourneyTasks(JourneyOptions options, metrics::JourneyMetrics* metrics)
      : options_(std::move(options)),
        sender_(options_.topics, options_.output_partitions, options_.outputs),
        metrics_(metrics) {}

  std::unique_ptr<KeyedTask> Make(PartitionId partition,
                                  std::unique_ptr<state::Store> store) override {
    const std::size_t cache_bytes_max =
        options_.cache_bytes_max / static_cast<std::size_t>(options_.journal_partitions);
    return std::make_unique<JourneyTask>(
        partition, std::move(store), cache_bytes_max,
        JourneyTask::Surroundings{.options = &options_, .sender = &sender_, .metrics = metrics_});
  }

 private:
  JourneyOptions options_;
  OutputSender sender_;
  metrics::JourneyMetrics* metrics_;
};

}  // namespace

std::unique_ptr<KeyedStage> MakeJourneyStage(JourneyOptions options,
                                             KeyedStage::Surroundings surroundings,
                                             metrics::JourneyMetrics* metrics) {
  surroundings.metrics = metrics;
  KeyedStage::Options keyed{
      .input = options.topics.journal,
      .changelog = options.topics.changelog,
      .checkpoint_interval = options.checkpoint_interval,
      .checkpoint_bytes =
          std::min(kCheckpointBytesMax,
                   options.cache_bytes_max / static_cast<std::size_t>(options.journal_partitions)),
      .store_write_interval = options.store_write_interval,
      .store_write_bytes = options.store_write_bytes,
      .transaction_timeout = options.transaction_timeout,
      .store_age_max = options.store_age_max};
  return std::make_unique<KeyedStage>(std::move(keyed),
                                      std::make_unique<JourneyTasks>(std::move(options), metrics),
                                      std::move(surroundings));
}

}  // namespace foothold::stream
