#include "tests/sim/collector.h"

#include "src/base/check.h"

namespace foothold::sim {

Collector::Collector(log::MemoryLog* log, const std::vector<Topic>& topics)
    : reader_(log->NewConsumer({.batch_records_max = 2'000}).value()) {
  std::vector<log::Position> positions;
  for (const Topic& topic : topics) {
    for (std::int32_t i = 0; i < topic.partitions; ++i) {
      positions.push_back({{topic.name, PartitionId{i}}, NextOffset{0}});
      kept_[positions.back().source];
    }
  }
  const Status assigned = reader_->Assign(positions);
  FOOTHOLD_CHECK(assigned.ok(), assigned.ToString());
}

void Collector::Collect() {
  while (true) {
    const Result<log::Batch> batch = reader_->Poll(milliseconds{0});
    FOOTHOLD_CHECK(batch.has_value(), batch.error().ToString());
    if (batch->records.empty()) {
      return;
    }
    for (const log::RecordView& record : batch->records) {
      Kept kept{.offset = record.offset, .key = {}, .value = {}, .headers = {}};
      if (record.key.has_value()) kept.key.emplace(*record.key);
      if (record.value.has_value()) kept.value.emplace(*record.value);
      for (const log::Header& header : record.headers) {
        kept.headers.emplace_back(header.key, header.value.value_or(""));
      }
      kept_[{std::string(record.topic), record.partition}].push_back(std::move(kept));
    }
  }
}

const std::vector<Kept>& Collector::of(const std::string& topic, std::int32_t partition) const {
  return kept_.at({topic, PartitionId{partition}});
}

std::string Collector::OpenPartition() {
  Collect();
  for (const auto& [source, kept] : kept_) {
    const log::Watermarks range = reader_->QueryWatermarks(source, milliseconds{0}).value();
    const NextOffset position = reader_->PositionOf(source).value_or(NextOffset{0});
    if (position.value < range.high) {
      return log::ToString(source);
    }
  }
  return "";
}

}  // namespace foothold::sim
