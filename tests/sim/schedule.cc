#include "tests/sim/schedule.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "tests/sim/workload.h"

namespace foothold::sim {
namespace {

constexpr int kCellsOfSchedule = 8;
constexpr int kWorldFaultsOfSchedule = 3;
// Of them so many have somebody erased in the middle, and so many when all is at rest.
constexpr double kErasingSchedules = 0.5;
constexpr int kTurnsMax = 20'000;
constexpr int kAftermathTurns = 150;
// Coprime to the number of cells: neighbouring seeds strike far apart.
constexpr std::uint64_t kCellStride = 67;

class Schedule {
 public:
  Schedule(const ScheduleOptions& options, Lab* lab)
      : options_(options),
        random_(options.seed),
        settings_(DrawSettings()),
        workload_(MakeWorkload(random_.Next(), static_cast<int>(random_.Between(210, 260)),
                               settings_.source_partitions)),
        world_(settings_, options.seed, lab, options.mutant, [this](const std::string& line) {
          options_.trace(FormatRfc3339(world_.clock().Now()).substr(11, 12) + "  " + line);
        }) {}

  ScheduleReport Run() {
    world_.clock().Set(settings_.is_live ? workload_.begin : workload_.end + kDay);
    Plan(world_.settings());
    world_.Tell(fmt::format(
        "{}{}, starts {}", settings_.mode == journey::ClockMode::kEvent ? "as files" : "wall",
        settings_.is_live ? ", live" : "",
        settings_.start.kind == stream::StartAt::Kind::kLatest ? "late" : "early"));
    if (settings_.start.kind == stream::StartAt::Kind::kLatest) {
      ProduceSome(static_cast<int>(random_.Between(1, 30)));
      // Where it begins is found out once, whatever becomes of who did.
      for (int process = 0; process < World::kProcesses; ++process) {
        actions_.push_back({next_ + random_.Below(4), [this, process] {
                              if (world_.is_up(process)) {
                                world_.Kill(process);
                              }
                            }});
      }
      std::ranges::stable_sort(actions_, {}, &Action::at);
    }
    world_.Begin();
    for (int turn = 0; next_ < workload_.inputs.size() || turns_left_ > 0; ++turn) {
      if (turn == kTurnsMax) {
        world_.Find("the inputs are never read");
        break;
      }
      Step();
    }
    CalmDown();
    return Report();
  }

 private:
  struct Action {
    std::size_t at = 0;  // Before this input.
    std::function<void()> act;
  };

  Settings DrawSettings() {
    Settings settings = Settings::Draw(&random_);
    if (!options_.folder.empty()) {
      settings.folder = options_.folder;
      settings.flush_every = 1;
    }
    return settings;
  }

  std::size_t SomePlace() { return random_.Below(workload_.inputs.size()); }
  void AddAction(std::function<void()> act) { actions_.push_back({SomePlace(), std::move(act)}); }

  void Plan(const Settings& /*settings*/) {
    const std::vector<Cell>& cells = AllCells();
    for (int i = 0; i < kCellsOfSchedule; ++i) {
      // Half of them one after the other, so that none is left out; half as it falls.
      const std::uint64_t number =
          options_.seed * (kCellsOfSchedule / 2) + static_cast<std::uint64_t>(i);
      const Cell cell = i < kCellsOfSchedule / 2
                            ? cells[number % cells.size() * kCellStride % cells.size()]
                            : cells[random_.Below(cells.size())];
      const bool is_seldom = cell.step == Step::kAbort || cell.step == Step::kRestore;
      const int skip =
          is_seldom ? 0 : static_cast<int>(random_.Below(cell.step == Step::kOutputs ? 12 : 4));
      AddAction([this, cell, skip] { Arm(cell, skip); });
    }
    for (int i = 0; i < kWorldFaultsOfSchedule; ++i) {
      constexpr auto kFirst = static_cast<std::size_t>(kFirstWorldFault);
      const auto fault = static_cast<Fault>(kFirst + random_.Below(kFaultCount - kFirst));
      AddAction([this, fault] { Happen(fault); });
    }
    AddAction([this] { Publish(); });
    for (std::int64_t words = random_.Between(1, 4); words > 0; --words) {
      AddAction([this] { SayOfRule(); });
    }
    AddAction([this] { SayStale(); });
    if (random_.Chance(kErasingSchedules)) {
      for (std::int64_t words = random_.Between(1, 2); words > 0; --words) {
        AddAction([this] { EraseSomebody(); });
      }
    }
    std::ranges::stable_sort(actions_, {}, &Action::at);
  }

  void Arm(const Cell& cell, int skip) {
    world_.storm().Arm(cell, skip);
    if (cell.step == Step::kRestore) {  // Restores do not come by themselves.
      world_.storm().Arm({cell.stage, Step::kRead, Fault::kRebalance}, 0);
    }
    if (cell.step == Step::kAbort) {
      world_.storm().Arm({cell.stage, Step::kCommit, Fault::kVoided}, 0);
    }
  }

  void ProduceSome(int count) {
    for (; count > 0 && next_ < workload_.inputs.size(); --count) {
      const Input& input = workload_.inputs[next_];
      if (settings_.is_live && world_.clock().Now() < input.arrives) {
        world_.clock().Set(input.arrives);
      }
      world_.Produce(input.partition, input.value, input.arrives);
      ++next_;
    }
  }

  // One turn of the world: something is produced, something goes wrong, somebody works.
  void Step() {
    if (next_ < workload_.inputs.size() && random_.Chance(0.12)) {
      ProduceSome(static_cast<int>(random_.Between(1, 12)));
    }
    while (!actions_.empty() && actions_.front().at < next_) {
      const std::function<void()> act = std::move(actions_.front().act);
      actions_.erase(actions_.begin());
      act();
    }
    world_.clock().Advance(milliseconds{random_.Between(0, 400)});
    const int process = static_cast<int>(random_.Below(World::kProcesses));
    if (world_.is_up(process)) {
      world_.Turn(process, static_cast<StageId>(random_.Below(kStageCount)));
    } else {
      ComeBack(process);
    }
    if (next_ == workload_.inputs.size()) {
      if (settings_.mode == journey::ClockMode::kEvent && turns_left_ == kAftermathTurns / 2) {
        world_.RequestFinish(workload_.end + kDay);
      }
      --turns_left_;
    }
  }

  // Who is down comes back after a while; meanwhile its sessions may end.
  void ComeBack(int process) {
    if (random_.Chance(0.05)) {
      world_.ExpireSessions(process);
    } else if (random_.Chance(0.25)) {
      world_.Boot(process);
    }
  }

  void Happen(Fault fault) {
    const int process = static_cast<int>(random_.Below(World::kProcesses));
    const auto down = [&] {
      if (world_.is_up(process)) {
        if (fault == Fault::kStopped) {
          world_.Stop(process);
        } else {
          world_.Kill(process);
        }
      }
    };
    world_.Tell(std::string(NameOf(fault)));
    if (fault == Fault::kKilled) {
      down();
    } else if (fault == Fault::kAwayLong || fault == Fault::kStopped) {
      down();
      world_.ExpireSessions(process);
    } else if (fault == Fault::kStoreOld) {
      down();
      world_.KeepVolumes(process);
      PutBackLater(process);
      return;
    } else if (fault == Fault::kCompacted) {
      world_.Compact();
    } else if (fault == Fault::kStartMoved) {
      world_.MoveStarts();
    } else if (fault == Fault::kClockForward) {
      world_.clock().Advance(milliseconds{random_.Between(kMinute.count(), 30 * kHour.count())});
    } else if (fault == Fault::kClockBack) {
      latest_ = std::max(latest_, world_.clock().Now());
      world_.clock().Advance(-milliseconds{random_.Between(1, 2 * kHour.count())});
    } else {
      down();
      if (!world_.Spoil(process, fault)) {
        return;
      }
    }
    world_.storm().Note(fault);
  }

  void PutBackLater(int process) {
    const auto put_back = [this, process] {
      if (world_.is_up(process)) {
        world_.Kill(process);
      }
      if (world_.Spoil(process, Fault::kStoreOld)) {
        world_.storm().Note(Fault::kStoreOld);
      }
    };
    actions_.push_back({std::min(next_ + 40, workload_.inputs.size() - 1), put_back});
    std::ranges::stable_sort(actions_, {}, &Action::at);
  }

  void Publish() {
    journey::Playbook next = world_.playbook();
    next.version += ++published_;
    next.lateness = milliseconds{random_.Between(0, kHour.count())};
    if (workload_.inputs.size() % 2 == 0) {
      Prepare(&next);
    }
    world_.Tell("a playbook is published");
    world_.Say(codec::PublishPlaybook{next});
  }

  // The playbook asks for more accesses than are kept, and for the account's latest events; of
  // everybody one that was long ago is recalled.
  void Prepare(journey::Playbook* next) {
    journey::Tracker latest;
    latest.kind = journey::TrackerKind::kAnyEvent;
    latest.keep = 3;
    latest.is_latest = true;
    latest.key = journey::TrackerKey(latest);
    const auto access =
        std::ranges::find(next->trackers, journey::TrackerKind::kAccess, &journey::Tracker::kind);
    FOOTHOLD_CHECK(access != next->trackers.end(), "every playbook looks for accesses");
    access->keep += 4;
    const std::uint64_t access_key = access->key;
    if (std::ranges::find(next->trackers, latest.key, &journey::Tracker::key) ==
        next->trackers.end()) {
      next->trackers.push_back(latest);
    }
    world_.Tell("a playbook is prepared");
    world_.Say(codec::PreparePlaybook{*next});
    int recalled = 0;
    journey::Occurrence occurrence;
    occurrence.at = workload_.begin;
    occurrence.event = "signed.in";
    for (const Member& member : workload_.users) {
      occurrence.event_id = fmt::format("recalled-{}", ++recalled);
      world_.Recall({.tenant = member.tenant,
                     .user = member.user,
                     .trackers = {{.key = access_key, .kept = {occurrence}}}});
    }
    world_.Recall({.tenant = workload_.tenants.front(),
                   .user = "",
                   .trackers = {{.key = latest.key, .kept = {occurrence}}}});
  }

  std::string SomeRule() {
    const std::vector<journey::Rule>& rules = world_.playbook().rules;
    return rules[random_.Below(rules.size())].name;
  }

  void SayOfRule() {
    if (random_.Chance(0.25)) {
      world_.Say(
          codec::ApprovalWord{.tenant = workload_.tenants[random_.Below(workload_.tenants.size())],
                              .user = random_.Chance(0.5) ? SomeMember().user : "",
                              .rule = SomeRule(),
                              .rung = 0,
                              .is_granted = random_.Chance(0.7)});
      return;
    }
    world_.Say(codec::RuleWord{.rule = SomeRule(),
                               .word = static_cast<codec::RuleWord::Word>(random_.Between(1, 6))});
  }

  const Member& SomeMember() { return workload_.users[random_.Below(workload_.users.size())]; }

  // A word that was said long ago, by its own account, lets the id soon begin anew.
  void EraseSomebody() {
    const Member& member = SomeMember();
    const milliseconds ago =
        random_.Chance(0.4)
            ? milliseconds{random_.Between((24 * kDay).count(), (31 * kDay).count())}
            : milliseconds{0};
    world_.Erase(member.tenant, member.user, Today() - ago);
  }

  // In files the time is that of the events.
  Instant Today() {
    const bool is_in_files = settings_.mode == journey::ClockMode::kEvent && next_ > 0;
    return is_in_files ? workload_.inputs[next_ - 1].arrives : world_.clock().Now();
  }

  // All is known of the person, so the word leaves nothing, and what comes late changes nothing.
  void EraseForGood() {
    const Member& member = SomeMember();
    for (const std::string& tenant : workload_.tenants) {  // Who invites may be in others, too.
      world_.Erase(tenant, member.user, world_.clock().Now());
    }
    Rest(1);
    for (const Input& input : WhatComesLate(member, workload_.end)) {
      world_.Produce(input.partition, input.value, input.arrives);
    }
    Rest(2);
    forgotten_ = member.user;
  }

  void SayStale() {
    const codec::RuleWord kill{.rule = SomeRule(), .word = codec::RuleWord::Word::kKill};
    world_.SayOutOfTurn(kill, random_.Chance(0.5) ? 1 : 1'000);
  }

  // Nothing goes wrong any more: everybody comes back, and what was begun is ended.
  void CalmDown() {
    world_.storm().Calm();
    world_.clock().Set(std::max(latest_, world_.clock().Now()));
    Rest(3);
    if (settings_.mode == journey::ClockMode::kEvent && !world_.is_finished()) {
      world_.RequestFinish(workload_.end + kDay);
    }
    Rest(1);
    for (const std::vector<Input>& round : workload_.last) {
      for (const Input& input : round) {
        world_.Produce(input.partition, input.value, input.arrives);
      }
      Rest(2);
    }
    if (random_.Chance(kErasingSchedules)) {
      EraseForGood();
    }
  }

  void Rest(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      world_.clock().Advance(milliseconds{12'000});
      for (int process = 0; process < World::kProcesses; ++process) {
        if (!world_.is_up(process)) {
          world_.Boot(process);
        }
      }
      world_.RunToRest();
    }
  }

  ScheduleReport Report() {
    ScheduleReport report;
    report.events = static_cast<int>(workload_.inputs.size());
    Evidence evidence = world_.End();
    evidence.events_until = workload_.end;
    evidence.wall_until = std::max(world_.clock().Now(), workload_.end + kDay);
    if (!forgotten_.empty()) evidence.forgotten.push_back(forgotten_);
    report.findings = world_.findings();
    const std::vector<std::string> checked = CheckAll(evidence, &report.shown);
    report.findings.insert(report.findings.end(), checked.begin(), checked.end());
    report.struck = world_.storm().struck();
    report.world_struck = world_.storm().world_struck();
    report.was_on_disk = !settings_.folder.empty();
    report.boots = world_.boots();
    return report;
  }

  ScheduleOptions options_;
  Random random_;
  Settings settings_;
  Workload workload_;
  World world_;
  std::vector<Action> actions_;
  std::size_t next_ = 0;  // Of the inputs.
  int turns_left_ = kAftermathTurns;
  std::int32_t published_ = 0;
  std::string forgotten_;  // Whom nothing may name any more.
  Instant latest_;         // The clock was there before it was set back.
};

}  // namespace

ScheduleReport RunSchedule(const ScheduleOptions& options, Lab* lab) {
  ScheduleOptions complete = options;
  if (!complete.trace) {
    complete.trace = [](const std::string&) {};
  }
  if (!complete.folder.empty()) {
    std::filesystem::remove_all(complete.folder);
  }
  ScheduleReport report = Schedule(complete, lab).Run();
  if (!complete.folder.empty()) {
    std::filesystem::remove_all(complete.folder);
  }
  return report;
}

}  // namespace foothold::sim
