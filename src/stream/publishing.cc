#include "src/stream/publishing.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace foothold::stream {
namespace {

std::string NameOf(const journey::Tracker& tracker) {
  std::string name = tracker.events.empty() ? std::string("activity")
                                            : fmt::format("{}", fmt::join(tracker.events, " or "));
  if (!tracker.distinct.empty()) {
    name += fmt::format(", distinct {}", tracker.distinct);
  }
  if (!tracker.where.empty()) {
    name += ", with conditions on its properties";
  }
  return name;
}

std::string ShortfallOf(const journey::Playbook& current, const journey::Tracker& tracker) {
  const auto kept = std::ranges::find(current.trackers, tracker.key, &journey::Tracker::key);
  return kept == current.trackers.end() ? fmt::format("not kept so far: {}", NameOf(tracker))
                                        : fmt::format("kept {} times, asked for {} times: {}",
                                                      kept->keep, tracker.keep, NameOf(tracker));
}

std::string_view CanonicalOf(const journey::Playbook& playbook, const std::string& raw) {
  const auto alias =
      std::ranges::find(playbook.aliases, raw, &std::pair<std::string, std::string>::first);
  return alias == playbook.aliases.end() ? std::string_view(raw) : std::string_view(alias->second);
}

// The names whose events count for the tracker under one of the playbooks alone.
std::set<std::string> RenamedFor(const journey::Tracker& tracker, const journey::Playbook& current,
                                 const journey::Playbook& next) {
  std::set<std::string> renamed;
  for (const auto* aliases : {&current.aliases, &next.aliases}) {
    for (const auto& [raw, canonical] : *aliases) {
      const std::string_view before = CanonicalOf(current, raw);
      const std::string_view after = CanonicalOf(next, raw);
      const bool concerns = tracker.events.empty() ||
                            std::ranges::find(tracker.events, before) != tracker.events.end() ||
                            std::ranges::find(tracker.events, after) != tracker.events.end();
      if (before != after && concerns) {
        renamed.insert(fmt::format("another name: {} is {}, and was {}", raw, after, before));
      }
    }
  }
  return renamed;
}

template <class T>
void Compare(std::string_view noun, const std::vector<T>& before, const std::vector<T>& after,
             std::vector<std::string>* lines) {
  for (const T& item : after) {
    const auto known = std::ranges::find(before, item.name, &T::name);
    if (known == before.end()) {
      lines->push_back(fmt::format("{} {}: new", noun, item.name));
    } else if (*known != item) {
      lines->push_back(fmt::format("{} {}: changed", noun, item.name));
    }
  }
  for (const T& item : before) {
    if (std::ranges::find(after, item.name, &T::name) == after.end()) {
      lines->push_back(fmt::format("{} {}: gone", noun, item.name));
    }
  }
}

}  // namespace

PublishPlan PlanPublish(const journey::Playbook& current, const journey::Playbook& next) {
  PublishPlan plan;
  Compare("role", current.roles, next.roles, &plan.lines);
  Compare("model", current.models, next.models, &plan.lines);
  Compare("stage", current.stages, next.stages, &plan.lines);
  Compare("signal", current.signals, next.signals, &plan.lines);
  Compare("blocker", current.blockers, next.blockers, &plan.lines);
  Compare("rule", current.rules, next.rules, &plan.lines);
  plan.verdict = "decidable from the state that is kept";
  std::set<std::string> renamed;
  for (const journey::Tracker& tracker : NotKept(current, next)) {
    plan.kind = PublishPlan::Kind::kNeedsHistory;
    plan.verdict = "it needs history that the state has not kept";
    plan.lines.push_back(ShortfallOf(current, tracker));
    renamed.merge(RenamedFor(tracker, current, next));
  }
  if (!renamed.empty()) {
    plan.kind = PublishPlan::Kind::kNeedsOtherNames;
    plan.lines.insert(plan.lines.end(), renamed.begin(), renamed.end());
  }
  return plan;
}

std::vector<journey::Tracker> NotKept(const journey::Playbook& current,
                                      const journey::Playbook& next) {
  std::vector<journey::Tracker> missing;
  for (const journey::Tracker& tracker : next.trackers) {
    const auto kept = std::ranges::find(current.trackers, tracker.key, &journey::Tracker::key);
    if (kept == current.trackers.end() || kept->keep < tracker.keep) {
      missing.push_back(tracker);
    }
  }
  return missing;
}

// What is new stands at the end: conditions name trackers by their places.
journey::Playbook KeepingFor(journey::Playbook current, const journey::Playbook& next) {
  for (const journey::Tracker& tracker : NotKept(current, next)) {
    const auto kept = std::ranges::find(current.trackers, tracker.key, &journey::Tracker::key);
    if (kept == current.trackers.end()) {
      current.trackers.push_back(tracker);
    } else {
      kept->keep = tracker.keep;
    }
  }
  return current;
}

}  // namespace foothold::stream
