#include "src/app/retention.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "src/app/demo_words.h"
#include "src/app/look.h"
#include "src/base/json.h"
#include "src/journey/activation.h"
#include "src/journey/learning.h"

namespace foothold::app {
namespace {

constexpr milliseconds kFirstWeek{7 * kDay};
constexpr std::int64_t kWeekDays = 7;
constexpr std::size_t kBehavioursShown = 15;
constexpr double kNinetyFive = 1.96;

std::int64_t DayOf(Instant at) { return ToMs(at) / kDay.count(); }

bool IsFew(const Behaviour& behaviour) {
  return behaviour.did.is_few() || behaviour.did_not.is_few();
}

double Difference(const Share& a, const Share& b) { return a.value() - b.value(); }

// Half of the 95 % interval of the difference of two shares.
double Margin(const Share& a, const Share& b) {
  const auto variance = [](const Share& share) {
    return share.value() * (1 - share.value()) / static_cast<double>(share.people);
  };
  return kNinetyFive * std::sqrt(variance(a) + variance(b));
}

std::string ShareOf(const Share& share) {
  return fmt::format("{:>5} of {:>5} {:>6}", CountText(share.back), CountText(share.people),
                     ShareText(share.back, share.people));
}

std::string DifferenceText(const Share& a, const Share& b) {
  if (a.is_few() || b.is_few()) {
    return "too few";
  }
  return fmt::format("{:+.0f} points, +-{:.0f}", Difference(a, b) * 100, Margin(a, b) * 100);
}

void AddCameBack(std::string_view title, const std::vector<CameBack>& rules, std::string* text) {
  if (rules.empty()) {
    return;
  }
  *text += fmt::format("  {:<30}{:>21}   {:>21}\n", title, "asked", "kept back");
  for (const CameBack& rule : rules) {
    *text += fmt::format("  {}{:>21}   {:>21}   {}\n", FitLeft(rule.rule, 30), ShareOf(rule.asked),
                         ShareOf(rule.held_back), DifferenceText(rule.asked, rule.held_back));
  }
}

void WriteShare(std::string_view name, const Share& share, JsonWriter* json) {
  json->BeginObject(name);
  json->Member("people", share.people);
  json->Member("back", share.back);
  json->Member("isFew", share.is_few());
  json->EndObject();
}

void WriteCameBack(std::string_view name, const std::vector<CameBack>& rules, JsonWriter* json) {
  json->BeginArray(name);
  for (const CameBack& rule : rules) {
    json->BeginItem();
    json->Member("rule", rule.rule);
    WriteShare("asked", rule.asked, json);
    WriteShare("keptBack", rule.held_back, json);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

void Retention::Take(const journey::Event& event) {
  if (event.user.empty()) {
    return;
  }
  const std::string canonical = definition_.Canonical(event.name);
  if (!IsAccess(event, canonical)) {
    return;
  }
  Person& person = people_[{std::string(event.tenant), std::string(event.user)}];
  person.first_access = std::min(person.first_access, event.occurred_at);
  person.days.insert(DayOf(event.occurred_at));
  const auto [place, is_new] = person.earliest.emplace(canonical, event.occurred_at);
  place->second = std::min(place->second, event.occurred_at);
}

bool Retention::WasActive(const std::string& tenant, const std::string& user, std::int64_t from_day,
                          std::int64_t until_day) const {
  const auto is_active = [&](const Person& person) {
    const auto day = person.days.lower_bound(from_day);
    return day != person.days.end() && *day < until_day;
  };
  if (!user.empty()) {
    const auto found = people_.find({tenant, user});
    return found != people_.end() && is_active(found->second);
  }
  for (auto i = people_.lower_bound({tenant, ""}); i != people_.end() && i->first.first == tenant;
       ++i) {
    if (is_active(i->second)) {
      return true;
    }
  }
  return false;
}

std::vector<CameBack> Retention::CameBackOf(const BacktestTally& tally, Instant end) const {
  std::map<std::string, CameBack> rules;
  const auto add = [&](const AskedOnce& once, Share CameBack::*share) {
    if (once.at + kFirstWeek + kDay > end) {
      return;  // The week after lies partly beyond the data.
    }
    CameBack& rule = rules[once.rule];
    rule.rule = once.rule;
    ++(rule.*share).people;
    const std::int64_t day = DayOf(once.at);
    (rule.*share).back += WasActive(once.tenant, once.user, day + 1, day + 1 + kWeekDays) ? 1 : 0;
  };
  for (const AskedOnce& once : tally.Asked()) {
    add(once, &CameBack::asked);
  }
  for (const AskedOnce& once : tally.held_out()) {
    add(once, &CameBack::held_back);
  }
  std::vector<CameBack> sorted;
  for (const auto& [name, rule] : rules) {
    sorted.push_back(rule);
  }
  return sorted;
}

Result<RetentionReport> Retention::Report(const std::vector<FinalPartition>& partitions,
                                          Instant end, const BacktestTally& before,
                                          const BacktestTally& after) const {
  RetentionReport report;
  report.after = after_;
  std::map<std::string, Share> did;
  Share all;
  for (const auto& [who, person] : people_) {
    bool is_known = false;
    for (const FinalPartition& partition : partitions) {
      FOOTHOLD_ASSIGN(const std::optional<journey::User> user,
                      ReadUser(partition, who.first, who.second));
      is_known = is_known || (user.has_value() && IsHistoryKnown(*user, partition.clock));
    }
    const std::int64_t day = DayOf(person.first_access + after_);
    if (!is_known || InstantFromMs((day + kWeekDays) * kDay.count()) > end) {
      ++report.unjudged;
      continue;
    }
    ++report.judged;
    const bool is_back = WasActive(who.first, who.second, day, day + kWeekDays);
    ++all.people;
    all.back += is_back ? 1 : 0;
    for (const auto& [event, at] : person.earliest) {
      if (at < person.first_access + kFirstWeek) {
        Share& share = did[event];
        ++share.people;
        share.back += is_back ? 1 : 0;
      }
    }
  }
  for (const auto& [event, share] : did) {
    report.behaviours.push_back(
        {.event = definition_.DisplayNameOf(event),
         .did = share,
         .did_not = {.people = all.people - share.people, .back = all.back - share.back}});
  }
  std::ranges::stable_sort(report.behaviours, {}, [](const Behaviour& behaviour) {
    const double difference = Difference(behaviour.did, behaviour.did_not);
    return std::tuple(IsFew(behaviour), -std::abs(difference), behaviour.event);
  });
  report.before = CameBackOf(before, end);
  report.after_rules = CameBackOf(after, end);
  return report;
}

std::string TextOf(const RetentionReport& report) {
  const std::string span = FormatDuration(report.after);
  std::string text = fmt::format(
      "\nStill there after {}: active in the week that begins so long after the first access\n"
      "  {} people are judged; {} are not, being too young or there before our history began\n",
      span, CountText(report.judged), CountText(report.unjudged));
  if (report.judged > 0) {
    text += fmt::format("  {:<30}{:>21}   {:>21}\n", "in their first week", "did it", "did not");
  }
  for (std::size_t i = 0; i < std::min(kBehavioursShown, report.behaviours.size()); ++i) {
    const Behaviour& behaviour = report.behaviours[i];
    text += fmt::format("  {}{:>21}   {:>21}   {}\n", FitLeft(behaviour.event, 30),
                        ShareOf(behaviour.did), ShareOf(behaviour.did_not),
                        DifferenceText(behaviour.did, behaviour.did_not));
  }
  text +=
      "\nCame back within 7 days of the day on which they were asked\n"
      "  (what people did then anyway: running events again sends nothing)\n";
  if (report.before.empty() && report.after_rules.empty()) {
    text += "  nobody was asked whose 7 days lie within the data\n";
  }
  AddCameBack("before", report.before, &text);
  AddCameBack("after", report.after_rules, &text);
  return text;
}

std::string JsonOf(const RetentionReport& report) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  json.Member("after", FormatDuration(report.after));
  json.Member("judged", report.judged);
  json.Member("unjudged", report.unjudged);
  json.BeginArray("behaviours");
  for (const Behaviour& behaviour : report.behaviours) {
    json.BeginItem();
    json.Member("event", behaviour.event);
    WriteShare("did", behaviour.did, &json);
    WriteShare("didNot", behaviour.did_not, &json);
    json.EndObject();
  }
  json.EndArray();
  WriteCameBack("cameBackBefore", report.before, &json);
  WriteCameBack("cameBackAfter", report.after_rules, &json);
  json.EndObject();
  return text;
}

}  // namespace foothold::app
