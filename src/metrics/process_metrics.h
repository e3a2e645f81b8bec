#pragma once

#include <memory>
#include <string>

#include "src/base/time.h"
#include "src/metrics/registry.h"

namespace foothold::metrics {

// What the machine knows of this process, and of the disk its state lies on. One for a process.
// Thread-safe.
class ProcessMetrics {
 public:
  // `registry` outlives this. `state_folder`: where the state lies; empty: in memory, no disk.
  ProcessMetrics(Registry* registry, std::string state_folder, Instant started_at);
  ~ProcessMetrics();

  // Looks at memory, processor time, open files and the disk. Whenever the page is asked for.
  void Look();

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace foothold::metrics
