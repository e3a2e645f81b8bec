#include "src/metrics/process_metrics.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "src/metrics/families.h"

namespace foothold::metrics {
namespace {

prometheus::Gauge* Plain(Families& families, std::string_view name, std::string_view help) {
  return families.gauges({.name = name, .help = help, .labels = {}}).At({});
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Of memory what is resident, in bytes; 0 where it cannot be read.
double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all_pages = 0;
  std::int64_t resident_pages = 0;
  if (!(file >> all_pages >> resident_pages)) {
    return 0;
  }
  return static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double OpenFiles() {
  std::error_code failure;
  const std::filesystem::directory_iterator files("/proc/self/fd", failure);
  if (failure) {
    return 0;
  }
  return static_cast<double>(std::distance(begin(files), end(files)));
}

}  // namespace

struct ProcessMetrics::Rep {
  std::string state_folder;
  prometheus::Gauge* started;
  prometheus::Gauge* resident;
  prometheus::Gauge* open_files;
  prometheus::Counter* cpu;
  Gauges& disk;
  Gauges& disk_free;
  Mutex mutex;
  double cpu_seconds GUARDED_BY(mutex) = 0;  // As counted so far.
};

ProcessMetrics::ProcessMetrics(Registry* registry, std::string state_folder, Instant started_at) {
  Families& families = registry->families();
  rep_.reset(new Rep{
      .state_folder = std::move(state_folder),
      .started =
          Plain(families, "foothold_process_start_timestamp_seconds", "When the process began."),
      .resident = Plain(families, "foothold_process_resident_bytes", "Memory that is resident."),
      .open_files = Plain(families, "foothold_process_open_files", "Files and sockets open."),
      .cpu = families
                 .counters({.name = "foothold_process_cpu_seconds_total",
                            .help = "Processor time, of the user and of the system.",
                            .labels = {}})
                 .At({}),
      .disk = families.gauges({.name = "foothold_state_disk_bytes",
                               .help = "Size of the disk that holds the state.",
                               .labels = {}}),
      .disk_free = families.gauges({.name = "foothold_state_disk_free_bytes",
                                    .help = "What the process may still write there.",
                                    .labels = {}}),
      .mutex = {}});
  rep_->started->Set(std::chrono::duration<double>(started_at.time_since_epoch()).count());
  Look();
}

ProcessMetrics::~ProcessMetrics() = default;

void ProcessMetrics::Look() {
  rep_->resident->Set(ResidentBytes());
  rep_->open_files->Set(OpenFiles());
  rusage used{};
  if (getrusage(RUSAGE_SELF, &used) == 0) {
    const double seconds = Seconds(used.ru_utime) + Seconds(used.ru_stime);
    const MutexLock lock(rep_->mutex);
    rep_->cpu->Increment(std::max(0.0, seconds - rep_->cpu_seconds));
    rep_->cpu_seconds = std::max(seconds, rep_->cpu_seconds);
  }
  if (rep_->state_folder.empty()) {
    return;
  }
  std::error_code failure;
  const std::filesystem::space_info space = std::filesystem::space(rep_->state_folder, failure);
  // A disk that does not answer tells nothing, which is an alert of its own.
  if (failure) {
    rep_->disk.Remove({});
    rep_->disk_free.Remove({});
    return;
  }
  rep_->disk.Set({}, static_cast<double>(space.capacity));
  rep_->disk_free.Set({}, static_cast<double>(space.available));
}

}  // namespace foothold::metrics
