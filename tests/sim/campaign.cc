#include "tests/sim/campaign.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "src/base/mutex.h"

namespace foothold::sim {
namespace {

constexpr std::size_t kFailuresKept = 100;

void TakeLeast(const Shown& shown, Shown* least) {
  least->timers_fired = std::min(least->timers_fired, shown.timers_fired);
  least->corrections = std::min(least->corrections, shown.corrections);
  least->cut_stimuli = std::min(least->cut_stimuli, shown.cut_stimuli);
  least->decisions = std::min(least->decisions, shown.decisions);
  least->requests = std::min(least->requests, shown.requests);
}

void Add(const Shown& shown, Shown* sum) {
  sum->timers_fired += shown.timers_fired;
  sum->corrections += shown.corrections;
  sum->cut_stimuli += shown.cut_stimuli;
  sum->decisions += shown.decisions;
  sum->requests += shown.requests;
  sum->erased += shown.erased;
  sum->dropped += shown.dropped;
}

void Merge(std::uint64_t seed, const ScheduleReport& one, CampaignReport* all) {
  if (all->schedules == 0) {
    all->events_min = one.events;
    all->shown_min = one.shown;
  }
  ++all->schedules;
  all->on_disk += one.was_on_disk ? 1 : 0;
  all->events_min = std::min(all->events_min, one.events);
  TakeLeast(one.shown, &all->shown_min);
  if (one.shown.timers_fired == 0 || one.shown.corrections == 0) {
    all->poor.push_back(seed);
  }
  Add(one.shown, &all->shown);
  std::set<Fault> faults;
  for (const auto& [cell, count] : one.struck) {
    all->cells[cell] += count;
    faults.insert(cell.fault);
  }
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    if (one.world_struck[i] > 0) {
      faults.insert(static_cast<Fault>(i));
    }
  }
  for (auto first = faults.begin(); first != faults.end(); ++first) {
    ++all->faults[static_cast<std::size_t>(*first)];
    for (auto second = std::next(first); second != faults.end(); ++second) {
      ++all->pairs[{*first, *second}];
    }
  }
  if (!one.findings.empty()) {
    ++all->failed;
    all->failures.push_back({seed, one.findings});
    std::ranges::sort(all->failures, {}, &CampaignReport::Failure::seed);
    all->failures.resize(std::min(all->failures.size(), kFailuresKept));
  }
}

}  // namespace

std::string FolderOf(std::uint64_t seed, std::uint64_t on_disk_every) {
  if (on_disk_every == 0 || seed % on_disk_every != 0) {
    return "";
  }
  return std::filesystem::temp_directory_path() /
         fmt::format("foothold-sim-{}-{}", ::getpid(), seed);
}

CampaignReport RunCampaign(const CampaignOptions& options) {
  CampaignReport report;
  Mutex mutex;
  std::atomic<std::uint64_t> next{0};
  std::atomic<bool> is_over{false};
  const auto work = [&] {
    Lab lab;
    while (!is_over.load()) {
      const std::uint64_t number = next.fetch_add(1);
      if (number >= options.schedules) {
        return;
      }
      const std::uint64_t seed = options.first_seed + number;
      if (options.announces) {
        std::fprintf(stderr, "schedule %s\n", std::to_string(seed).c_str());
      }
      const ScheduleReport one = RunSchedule({.seed = seed,
                                              .mutant = options.mutant,
                                              .trace = {},
                                              .folder = FolderOf(seed, options.on_disk_every)},
                                             &lab);
      if (!one.findings.empty() && options.stops_when_found) {
        is_over.store(true);
      }
      const MutexLock lock(mutex);
      Merge(seed, one, &report);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < options.threads; ++i) {
      threads.emplace_back(work);
    }
  }
  return report;
}

int CampaignReport::FewestOfAnyCell() const {
  int fewest = INT32_MAX;
  for (const Cell& cell : AllCells()) {
    const auto found = cells.find(cell);
    fewest = std::min(fewest, found == cells.end() ? 0 : found->second);
  }
  return fewest;
}

std::vector<std::pair<Fault, Fault>> CampaignReport::MissingPairs() const {
  std::vector<std::pair<Fault, Fault>> missing;
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    for (std::size_t j = i + 1; j < kFaultCount; ++j) {
      const std::pair pair{static_cast<Fault>(i), static_cast<Fault>(j)};
      if (!pairs.contains(pair)) {
        missing.push_back(pair);
      }
    }
  }
  return missing;
}

std::string CampaignReport::ToString() const {
  std::string text = fmt::format(
      "{} schedules ({} on disk), {} failed\n"
      "in each at least: {} events, {} timers, {} corrections, {} stimuli cut by a commit\n"
      "in all: {} records, {} timers, {} corrections, {} stimuli cut, {} interventions asked for,\n"
      "{} users erased, {} times something of them dropped\n",
      schedules, on_disk, failed, events_min, shown_min.timers_fired, shown_min.corrections,
      shown_min.cut_stimuli, shown.decisions, shown.timers_fired, shown.corrections,
      shown.cut_stimuli, shown.requests, shown.erased, shown.dropped);
  for (const std::uint64_t seed : poor) {
    text += fmt::format("  too little happened in {}\n", seed);
  }
  text += fmt::format("faults at steps: {} kinds, each at least {} times\n", AllCells().size(),
                      FewestOfAnyCell());
  for (const Cell& cell : AllCells()) {
    const auto found = cells.find(cell);
    text += fmt::format("  {:8} {:10} {:14} {:6}\n", NameOf(cell.stage), NameOf(cell.step),
                        NameOf(cell.fault), found == cells.end() ? 0 : found->second);
  }
  for (std::size_t i = 0; i < kFaultCount; ++i) {
    text += fmt::format("  in {:6} schedules: {}\n", faults[i], NameOf(static_cast<Fault>(i)));
  }
  text += fmt::format("pairs of faults that never met: {}\n", MissingPairs().size());
  for (const auto& [first, second] : MissingPairs()) {
    text += fmt::format("  {} {}\n", NameOf(first), NameOf(second));
  }
  return text;
}

}  // namespace foothold::sim
