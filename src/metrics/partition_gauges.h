#pragma once

// What the metrics of every stage with partitions of its own write alike. Inside of this folder
// only.

#include <chrono>
#include <string>
#include <string_view>

#include "src/base/ids.h"
#include "src/base/time.h"
#include "src/metrics/families.h"
#include "src/metrics/keyed_metrics.h"

namespace foothold::metrics {

inline double Seconds(milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

inline std::string Text(PartitionId partition) { return std::to_string(partition.value); }

inline FamilyName OfPartition(std::string_view name, std::string_view help) {
  return {.name = name, .help = help, .labels = {"partition"}, .label_sets_max = kPartitionSetsMax};
}

// The gauges of a restore, of one kind of stage.
struct RestoreGauges {
  Gauges& restored;
  Gauges& total;
  Gauges& remaining;

  void Set(PartitionId partition, const Restore& restore) const {
    const std::string label = Text(partition);
    restored.Set({label}, static_cast<double>(restore.restored));
    total.Set({label}, static_cast<double>(restore.total));
    if (restore.remaining.has_value()) {
      remaining.Set({label}, Seconds(*restore.remaining));
    } else {
      remaining.Remove({label});
    }
  }
};

}  // namespace foothold::metrics
