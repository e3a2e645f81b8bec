#include "tests/kafka/chaos/storm.h"

#include <algorithm>
#include <csignal>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/command.h"
#include "src/base/check.h"
#include "tests/kafka/harness.h"

namespace foothold::chaos {
namespace {

using kafka::Must;

constexpr std::array<std::string_view, kFaultCount> kNames{
    "kill -9",        "kill -9, no volume",  "stopped past its session",
    "rival",          "rolling restart",     "resize",
    "broker kill -9", "network still",       "network slow",
    "network cut",    "network half-closed", "disk full"};

constexpr milliseconds kLookEvery{20};
constexpr milliseconds kRecoveredMax{240'000};
constexpr milliseconds kReadAllMax{300'000};
constexpr milliseconds kGapMax{1'500};  // Between two faults.
constexpr milliseconds kStillMin{2'000};
constexpr milliseconds kStillMax{12'000};
constexpr milliseconds kRivalMax{30'000};
constexpr milliseconds kDiskMax{20'000};
constexpr milliseconds kCallMax{2'000};
constexpr std::int64_t kFileBytesMin = 2'048;
constexpr std::int64_t kFileBytesMax = 300'000;
// A fault strikes while the one before it is still being recovered from.
constexpr double kAtOnceShare = 0.25;

}  // namespace

std::string_view FaultName(Fault fault) { return kNames.at(static_cast<std::size_t>(fault)); }

Plan ShuffledPlan(const std::map<Fault, int>& counts, std::uint64_t seed) {
  Plan plan;
  for (const auto& [fault, count] : counts) {
    plan.insert(plan.end(), static_cast<std::size_t>(count), fault);
  }
  Random random(seed);
  for (std::size_t i = plan.size(); i > 1; --i) {
    std::swap(plan[i - 1], plan[static_cast<std::size_t>(random.Below(i))]);
  }
  return plan;
}

Storm::Storm(World world, std::uint64_t seed)
    : world_(std::move(world)),
      random_(seed),
      asker_(Must(world_.log->NewConsumer({.group = world_.intake_group}))) {}

void Storm::Begin() {
  for (std::size_t i = 0; i + 1 < world_.instances->size(); ++i) {
    if (!(*world_.instances)[i]->is_running()) {
      (*world_.instances)[i]->Start();
    }
  }
  AwaitRecovered("the start");
}

void Storm::Strike(Fault fault) {
  TendFor(milliseconds{random_.Between(0, kGapMax.count())});
  fmt::print("{} {}\n", FormatRfc3339(SystemWallClock().Now()), FaultName(fault));
  std::fflush(stdout);
  ++report_.faults[fault];
  const Clock::time_point since = Clock::now();
  Instance* const victim = PickRunning();
  switch (fault) {
    case Fault::kKillWiped:
    case Fault::kKill:
      victim->Kill9();
      if (fault == Fault::kKillWiped) {
        victim->WipeState();
      }
      victim->Start();
      break;
    case Fault::kStandStill:
      StandStill(victim);
      break;
    case Fault::kRival:
      Rival(victim);
      break;
    case Fault::kRolling:
      Roll();
      break;
    case Fault::kResize:
      Resize();
      break;
    case Fault::kBroker:
      KillBroker();
      break;
    case Fault::kNetworkStill:
    case Fault::kNetworkSlow:
    case Fault::kNetworkCut:
    case Fault::kNetworkHalfClosed:
      SpoilNetwork(fault, victim);
      break;
    case Fault::kDiskFull:
      FillDisk(victim);
      break;
  }
  if (random_.Chance(kAtOnceShare)) {
    return;
  }
  AwaitRecovered(FaultName(fault));
  NotePause(fault, since);
  const bool is_restart = fault == Fault::kKill || fault == Fault::kKillWiped;
  if (is_restart && victim->ready_after().has_value()) {
    report_.ready_after[fault].push_back(*victim->ready_after());
  }
}

void Storm::StandStill(Instance* victim) {
  victim->Signal(SIGSTOP);
  stopped_ = victim;
  const Clock::time_point since = Clock::now();
  TendFor(std::max(world_.session_timeout, world_.transaction_timeout) + milliseconds{1'500});
  // Those who are left do all of the work by now.
  if (!TendUntil(kRecoveredMax, [&] { return HasAllMovedSince(since + world_.session_timeout); })) {
    report_.findings.push_back(victim->name() + " is stopped, and nobody takes its partitions");
  }
  victim->Signal(SIGCONT);
  stopped_ = nullptr;
}

// The younger of two with one name wins, and the older one ends or is ended.
void Storm::Rival(Instance* victim) {
  victim->Signal(SIGSTOP);
  app::Folder folder;
  app::RunSetup setup = victim->setup();
  setup.state_dir = folder.PathOf("state");
  const std::string config = app::WriteConfig(setup, folder);
  stopped_ = victim;
  const auto rival = app::Child::Start({"run", "-c", config});
  bool is_ready = false;
  TendUntil(kRivalMax, [&] {
    rival->IsRunning();
    const int port = app::HttpPortOf(rival->error());
    is_ready = port != 0 && app::HttpGet(port, "/readyz").status == 200;
    return is_ready;
  });
  victim->Signal(SIGCONT);
  stopped_ = nullptr;
  // Both believe to be the one; each fences the other, and at the second time within a
  // transaction's life one of them says so and ends.
  TendUntil(kRivalMax, [&] { return !rival->IsRunning(); });
  if (rival->IsRunning()) {
    rival->Signal(SIGKILL);
  }
  const app::Ending ending = rival->Wait();
  if (ending.code != app::kExitFailure && ending.code != 128 + SIGKILL) {
    report_.findings.push_back(fmt::format("a rival ended with {}: {}", ending.code, ending.error));
  }
}

void Storm::Roll() {
  for (const std::unique_ptr<Instance>& instance : *world_.instances) {
    if (!instance->is_running()) {
      continue;
    }
    const app::Ending ending = instance->Stop();
    if (ending.code != app::kExitOk) {
      ++report_.gave_up["when asked to stop: " + ending.error.substr(0, 300)];
    }
    instance->Start();
    TendUntil(kRecoveredMax, [&] { return instance->IsReady(); });
    if (instance->ready_after().has_value()) {
      report_.ready_after[Fault::kRolling].push_back(*instance->ready_after());
    }
  }
}

void Storm::Resize() {
  Instance* const last = world_.instances->back().get();
  if (last->is_running()) {
    last->Stop();
  } else {
    last->Start();
  }
}

void Storm::KillBroker() {
  kafka::TestBroker& broker =
      *(*world_.brokers)[static_cast<std::size_t>(random_.Below(world_.brokers->size()))];
  broker.Kill9();
  TendFor(milliseconds{random_.Between(0, 2'000)});
  Must(broker.Restart());
}

void Storm::SpoilNetwork(Fault fault, Instance* victim) {
  using Weather = Proxy::Weather;
  if (fault == Fault::kNetworkHalfClosed) {
    victim->proxy().HalfClose();
    return;
  }
  victim->proxy().SetWeather(fault == Fault::kNetworkStill  ? Weather::kStill
                             : fault == Fault::kNetworkSlow ? Weather::kSlow
                                                            : Weather::kCut);
  TendFor(milliseconds{random_.Between(kStillMin.count(), kStillMax.count())});
  victim->proxy().SetWeather(Weather::kClear);
}

// Its files may not grow beyond a size that it meets sooner or later; then it has room again.
void Storm::FillDisk(Instance* victim) {
  victim->Kill9();
  victim->Start(static_cast<std::uint64_t>(random_.Between(kFileBytesMin, kFileBytesMax)));
  const auto deadline = Clock::now() + kDiskMax;
  while (victim->is_running() && Clock::now() < deadline) {
    if (const auto given_up = victim->Tend()) {
      if (given_up->code != app::kExitFailure) {
        report_.findings.push_back(fmt::format("{} ended with {} on a full disk: {}",
                                               victim->name(), given_up->code,
                                               given_up->last_words));
      }
      ++report_.gave_up[given_up->last_words];
    }
    Tend();
    std::this_thread::sleep_for(kLookEvery);
  }
  if (victim->is_running()) {
    victim->Kill9();
  }
  victim->Start();
}

void Storm::Tend() {
  for (const std::unique_ptr<Instance>& instance : *world_.instances) {
    if (instance.get() == stopped_) {
      continue;
    }
    const std::optional<Instance::GivenUp> given_up = instance->Tend();
    if (!given_up.has_value()) {
      continue;
    }
    // A supervisor starts again what says that it cannot go on; all else is a bug.
    ++report_.gave_up[given_up->last_words];
    if (given_up->code != app::kExitFailure) {
      report_.findings.push_back(fmt::format("{} ended with {}: {}", instance->name(),
                                             given_up->code, given_up->last_words));
    }
    instance->Start();
  }
}

bool Storm::TendUntil(milliseconds bound, const std::function<bool()>& is_so) {
  const auto deadline = Clock::now() + bound;
  while (Clock::now() < deadline) {
    Tend();
    if (is_so()) {
      return true;
    }
    std::this_thread::sleep_for(kLookEvery);
  }
  return false;
}

void Storm::TendFor(milliseconds duration) {
  TendUntil(duration, [] { return false; });
}

bool Storm::IsAllReady() {
  bool is_ready = true;
  for (const std::unique_ptr<Instance>& instance : *world_.instances) {
    is_ready = (!instance->is_running() || instance->IsReady()) && is_ready;
  }
  return is_ready;
}

bool Storm::HasAllMovedSince(Clock::time_point since) const { return RestingSince(since).empty(); }

std::vector<std::int32_t> Storm::RestingSince(Clock::time_point since) const {
  const auto last = world_.observer->LastGiven(world_.changelog);
  std::vector<std::int32_t> resting;
  for (std::int32_t i = 0; i < world_.changelog_partitions; ++i) {
    const auto given = last.find(i);
    if (given == last.end() || given->second <= since) {
      resting.push_back(i);
    }
  }
  return resting;
}

std::optional<std::int64_t> Storm::CountUnread() {
  std::vector<log::TopicPartition> partitions;
  for (std::int32_t i = 0; i < world_.source_partitions; ++i) {
    partitions.push_back({world_.source, PartitionId{i}});
  }
  const auto committed = asker_->Committed(partitions, kCallMax);
  if (!committed.has_value()) {
    return std::nullopt;
  }
  std::int64_t unread = 0;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto range = asker_->QueryWatermarks(partitions[i], kCallMax);
    if (!range.has_value()) {
      return std::nullopt;
    }
    // The last record is the marker of the transaction that wrote the others.
    unread +=
        std::max<std::int64_t>(0, range->high - 1 - (*committed)[i].value_or(NextOffset{0}).value);
  }
  return unread;
}

void Storm::AwaitRecovered(std::string_view after_what) {
  const Clock::time_point since = Clock::now();
  bool is_ready = false;
  const bool is_recovered = TendUntil(kRecoveredMax, [&] {
    is_ready = IsAllReady();
    return is_ready && HasAllMovedSince(since);
  });
  if (!is_recovered) {
    report_.findings.push_back(fmt::format("not recovered {} after {}: {}{} rest in {}",
                                           FormatDuration(kRecoveredMax), after_what,
                                           is_ready ? "" : "not all are ready, and ",
                                           fmt::join(RestingSince(since), ", "), world_.changelog));
    for (const std::unique_ptr<Instance>& instance : *world_.instances) {
      report_.findings.back() +=
          fmt::format("\n    {}: {}", instance->name(), instance->Diagnose());
    }
    fmt::print("{} {}\n", FormatRfc3339(SystemWallClock().Now()), report_.findings.back());
    std::fflush(stdout);
  }
}

void Storm::End() {
  const bool is_read = TendUntil(kReadAllMax, [&] { return CountUnread() == 0; });
  if (!is_read) {
    report_.findings.push_back(
        fmt::format("the source is not read to its end: {} left", CountUnread().value_or(-1)));
  }
  for (const std::unique_ptr<Instance>& instance : *world_.instances) {
    if (instance->is_running()) {
      instance->Stop();
    }
  }
}

Instance* Storm::PickRunning() {
  std::vector<Instance*> running;
  for (const std::unique_ptr<Instance>& instance : *world_.instances) {
    if (instance->is_running()) {
      running.push_back(instance.get());
    }
  }
  FOOTHOLD_CHECK(!running.empty(), "some always run");
  return running[static_cast<std::size_t>(random_.Below(running.size()))];
}

void Storm::NotePause(Fault fault, Clock::time_point since) {
  report_.pauses[fault].push_back(world_.observer->LongestGap(world_.changelog, since));
}

}  // namespace foothold::chaos
