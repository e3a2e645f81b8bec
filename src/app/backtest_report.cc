#include "src/app/backtest_report.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace foothold::app {
namespace {

// One rung for one subject; it may go out again in a later episode.
using Slot = std::tuple<std::string, std::string, std::string, std::string>;

Slot SlotOf(const AskedOnce& asked) { return {asked.rule, asked.tenant, asked.user, asked.rung}; }

using BySlot = std::map<Slot, std::vector<const AskedOnce*>>;

BySlot SlotsOf(const std::vector<AskedOnce>& asked) {
  BySlot slots;
  for (const AskedOnce& once : asked) {
    slots[SlotOf(once)].push_back(&once);
  }
  return slots;
}

void AddTo(std::map<std::string, std::map<std::string, std::int64_t>>* days,
           const std::string& name, const AskedOnce& once) {
  ++(*days)[name][FormatRfc3339(once.at).substr(0, 10)];
}

std::map<std::string, Load> LoadsOf(
    const std::map<std::string, std::map<std::string, std::int64_t>>& days) {
  std::map<std::string, Load> loads;
  for (const auto& [name, counts] : days) {
    Load& load = loads[name];
    for (const auto& [day, count] : counts) {
      load.count += count;
      if (count > load.most) {
        load.most = count;
        load.most_on = day;
      }
    }
  }
  return loads;
}

void AddLoads(const std::vector<AskedOnce>& asked, Load Pair<Load>::*side, BacktestReport* report) {
  std::map<std::string, std::map<std::string, std::int64_t>> channels;
  std::map<std::string, std::map<std::string, std::int64_t>> rules;
  for (const AskedOnce& once : asked) {
    if (!once.is_shadow) {
      AddTo(&channels, once.channel, once);
      AddTo(&channels, "all", once);
      AddTo(&rules, once.rule, once);
    }
  }
  for (const auto& [name, load] : LoadsOf(channels)) {
    report->channels[name].*side = load;
  }
  for (const auto& [name, load] : LoadsOf(rules)) {
    report->loads[name].*side = load;
  }
}

// Pairs what both asked, in order of time, and counts the rest.
class Comparison {
 public:
  Comparison(const BacktestSide& before, const BacktestSide& after, BacktestReport* report)
      : before_(before), after_(after), report_(*report) {}

  void Take(const std::vector<const AskedOnce*>& before,
            const std::vector<const AskedOnce*>& after) {
    const std::size_t paired = std::min(before.size(), after.size());
    for (std::size_t i = 0; i < paired; ++i) {
      RuleChange& change = ChangeOf(*after[i]);
      ++change.asked.before;
      ++change.asked.after;
      if (before[i]->at == after[i]->at) {
        ++change.same;
        continue;
      }
      ++change.moved;
      moves_[{change.rule, change.role}].push_back(after[i]->at - before[i]->at);
      samples_.push_back(
          {.kind = Sample::Kind::kMoved, .asked = *after[i], .before = before[i]->at});
    }
    for (std::size_t i = paired; i < before.size(); ++i) {
      RuleChange& change = ChangeOf(*before[i]);
      ++change.asked.before;
      ++change.gone;
      samples_.push_back(
          {.kind = Sample::Kind::kGone, .asked = *before[i], .before = std::nullopt});
    }
    for (std::size_t i = paired; i < after.size(); ++i) {
      RuleChange& change = ChangeOf(*after[i]);
      ++change.asked.after;
      ++change.added;
      samples_.push_back({.kind = Sample::Kind::kNew, .asked = *after[i], .before = std::nullopt});
    }
  }

  void Finish(std::size_t samples_max) {
    for (auto& [key, change] : changes_) {
      const auto moved = moves_.find(key);
      if (moved != moves_.end()) {
        std::vector<milliseconds>& spans = moved->second;
        std::ranges::sort(spans);
        change.moved_by = spans[spans.size() / 2];
      }
      report_.rules.push_back(change);
    }
    std::ranges::stable_sort(samples_, {}, [](const Sample& sample) {
      return std::tie(sample.asked.rule, sample.kind, sample.asked.at, sample.asked.tenant,
                      sample.asked.user, sample.asked.rung);
    });
    std::erase_if(samples_, [&](const Sample& sample) {
      return before_.tally.IsErased(sample.asked) || after_.tally.IsErased(sample.asked);
    });
    std::map<std::pair<std::string, Sample::Kind>, std::size_t> taken;
    for (Sample& sample : samples_) {
      if (++taken[{sample.asked.rule, sample.kind}] <= samples_max) {
        report_.samples.push_back(std::move(sample));
      }
    }
  }

 private:
  RuleChange& ChangeOf(const AskedOnce& asked) {
    RuleChange& change = changes_[{asked.rule, asked.role}];
    change.rule = asked.rule;
    change.role = asked.role;
    return change;
  }

  const BacktestSide& before_;
  const BacktestSide& after_;
  BacktestReport& report_;
  std::map<std::pair<std::string, std::string>, RuleChange> changes_;
  std::map<std::pair<std::string, std::string>, std::vector<milliseconds>> moves_;
  std::vector<Sample> samples_;
};

}  // namespace

BacktestReport Compare(const BacktestSide& before, const BacktestSide& after, std::size_t samples) {
  BacktestReport report;
  report.playbook = {.before = before.playbook, .after = after.playbook};
  report.begin = after.begin;
  report.end = after.end;
  if (report.begin.has_value() && report.end.has_value()) {
    report.days = std::max(1.0, static_cast<double>((*report.end - *report.begin).count()) /
                                    static_cast<double>(kDay.count()));
  }
  report.roles = {.before = before.tally.Roles(), .after = after.tally.Roles()};
  report.suppressed = {.before = before.tally.suppressed(), .after = after.tally.suppressed()};
  const std::vector<AskedOnce> old_asked = before.tally.Asked();
  const std::vector<AskedOnce> new_asked = after.tally.Asked();
  AddLoads(old_asked, &Pair<Load>::before, &report);
  AddLoads(new_asked, &Pair<Load>::after, &report);
  const BySlot old_slots = SlotsOf(old_asked);
  BySlot new_slots = SlotsOf(new_asked);
  Comparison comparison(before, after, &report);
  for (const auto& [slot, asked] : old_slots) {
    const auto match = new_slots.find(slot);
    comparison.Take(asked,
                    match == new_slots.end() ? std::vector<const AskedOnce*>() : match->second);
    if (match != new_slots.end()) {
      new_slots.erase(match);
    }
  }
  for (const auto& [slot, asked] : new_slots) {
    comparison.Take({}, asked);
  }
  comparison.Finish(samples);
  return report;
}

}  // namespace foothold::app
