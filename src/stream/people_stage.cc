#include "src/stream/people_stage.h"

#include <utility>

namespace foothold::stream {
namespace {

class PeopleTasks final : public KeyedTasks {
 public:
  PeopleTasks(PeopleOptions options, metrics::PeopleMetrics* metrics, PlacedTimes* placed)
      : options_(std::move(options)), metrics_(metrics), placed_(placed) {}

  std::unique_ptr<KeyedTask> Make(PartitionId partition,
                                  std::unique_ptr<state::Store> store) override {
    const std::size_t cache_bytes_max =
        options_.cache_bytes_max / static_cast<std::size_t>(options_.people_partitions);
    return std::make_unique<PeopleTask>(
        partition, std::move(store), cache_bytes_max,
        PeopleTask::Surroundings{.options = &options_, .metrics = metrics_, .placed = placed_});
  }

 private:
  PeopleOptions options_;
  metrics::PeopleMetrics* metrics_;
  PlacedTimes* placed_;
};

}  // namespace

std::unique_ptr<KeyedStage> MakePeopleStage(PeopleOptions options,
                                            KeyedStage::Surroundings surroundings,
                                            metrics::PeopleMetrics* metrics, PlacedTimes* placed) {
  surroundings.metrics = metrics;
  KeyedStage::Options keyed{.input = options.topics.people,
                            .changelog = options.topics.people_changelog,
                            .store_write_interval = options.store_write_interval,
                            .store_write_bytes = options.store_write_bytes,
                            .transaction_timeout = options.transaction_timeout,
                            .store_age_max = options.store_age_max};
  return std::make_unique<KeyedStage>(
      std::move(keyed), std::make_unique<PeopleTasks>(std::move(options), metrics, placed),
      std::move(surroundings));
}

}  // namespace foothold::stream
