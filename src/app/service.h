#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "src/base/ids.h"
#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/config/config.h"
#include "src/journey/playbook.h"
#include "src/log/log.h"
#include "src/metrics/registry.h"
#include "state/store.h"

namespace foothold::app {

enum class ServiceWork {
  kAll,   // Intake, people and journey.
  kFold,  // The journey alone, over a journal that is there.
};

struct ServiceOptions {
  config::Config config;       // Checked; `instance` is not empty.
  journey::Playbook playbook;  // Seeds an empty journal, and nothing else.
  ServiceWork work = ServiceWork::kAll;
  bool is_state_in_memory = false;
  // True: what lies in the sources is all there is; RequestFinish() follows when it has been read.
  bool is_draining = false;
  // True: nothing waits, for one thread drives all (Turn()).
  bool is_stepped = false;
  // See stream::WorkerOptions.
  std::size_t intake_entries_max = 20'000;
  std::size_t journey_entries_max = 20'000;
};

// The whole service on some log: workers of all stages, their stores, what they share. `run`
// puts it on Kafka, `replay` and `demo` on a log in memory; what runs is the same.
//
// Not thread-safe, but for the accessors that say so.
class Service {
 public:
  // All of it outlives the service.
  struct Surroundings {
    log::Log* log = nullptr;
    const WallClock* clock = nullptr;
    const Logger* logger = nullptr;
    metrics::Registry* registry = nullptr;
  };
  // Where the work stands, over all workers.
  struct Outlook {
    bool is_input_at_end = false;  // Every source partition is assigned here and read to its end.
    bool is_finished = false;      // What RequestFinish() asked for is in the journal.
    std::optional<Instant> event_time_max;  // Of what was accepted.
  };

  // Makes or checks the topics, seeds the journal. kFatal and kInvalid name what stands in the way.
  static Result<std::unique_ptr<Service>> Open(ServiceOptions options, Surroundings surroundings);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Opens the workers for Turn(). Once.
  Status Start();
  // One turn of every worker by the calling thread. False: none had anything to do.
  Result<bool> Turn();
  // Ends what Start() began: commits, leaves the groups.
  Status Stop();

  // After Stop(), of a service that keeps its state in memory: what a partition of the journey
  // left.
  Result<std::unique_ptr<state::Store>> OpenState(PartitionId partition);

  // Runs every worker on a thread of its own until `stop`, or until one fails: then that failure.
  Status Run(const std::stop_token& stop);

  // Thread-safe.
  Outlook outlook() const;
  // Thread-safe. The input has ended: the clock of every journal partition goes to `final_clock`.
  void RequestFinish(Instant final_clock);
  // By the thread that runs nothing else. True once the people stage has done all that was handed
  // to it, and no more comes of it.
  Result<bool> IsSettled();
  // Likewise. True once every journal partition has been folded as far
  // as it was written when `is_finished` was seen, and all of that is committed.
  Result<bool> IsFolded();
  // Thread-safe. Why no decisions can be expected yet, a sentence: partitions are not assigned or
  // not restored, or what is read lies too far back. nullopt: all is well.
  std::optional<std::string> WhyNotReady() const;
  // Thread-safe. Which worker is past its deadline, doing what; nullopt: none is.
  std::optional<std::string> WhyNotAlive() const;

  // "name@version" of the playbook that holds in the journal.
  const std::string& playbook() const;
  // One line: what it reads, writes and keeps.
  std::string Describe() const;

 private:
  struct Parts;
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace foothold::app
