#include "src/stream/publishing.h"

#include <algorithm>

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

// What of the past `next` asks for and `current` has not kept.
std::vector<std::string> MissingIn(const journey::Playbook& current,
                                   const journey::Playbook& next) {
  std::vector<std::string> missing;
  for (const journey::Tracker& tracker : next.trackers) {
    const auto kept = std::ranges::find(current.trackers, tracker.key, &journey::Tracker::key);
    if (kept == current.trackers.end()) {
      missing.push_back(fmt::format("not kept so far: {}", NameOf(tracker)));
    } else if (kept->keep < tracker.keep) {
      missing.push_back(fmt::format("kept {} times, asked for {} times: {}", kept->keep,
                                    tracker.keep, NameOf(tracker)));
    }
  }
  return missing;
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
  const std::vector<std::string> missing = MissingIn(current, next);
  plan.kind = missing.empty() ? PublishPlan::Kind::kFromState : PublishPlan::Kind::kNeedsHistory;
  plan.verdict = missing.empty() ? "decidable from the state that is kept"
                                 : "it needs history that the state has not kept";
  plan.lines.insert(plan.lines.end(), missing.begin(), missing.end());
  return plan;
}

}  // namespace foothold::stream
