#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/backtest_report.h"
#include "src/app/demo_words.h"
#include "src/base/json.h"
#include "src/journey/occasion.h"

namespace foothold::app {
namespace {

using journey::DateOf;

std::string_view KindName(Sample::Kind kind) {
  switch (kind) {
    case Sample::Kind::kNew:
      return "new";
    case Sample::Kind::kGone:
      return "gone";
    case Sample::Kind::kMoved:
      return "moved";
  }
  return "";
}

std::string MovedText(const RuleChange& change) {
  if (!change.moved_by.has_value()) {
    return "";
  }
  const milliseconds span = *change.moved_by;
  return fmt::format("{} {}", SpanText(span < milliseconds(0) ? -span : span),
                     span < milliseconds(0) ? "earlier" : "later");
}

void AddRoles(const BacktestReport& report, std::string* text) {
  std::set<std::string> roles;
  for (const auto* const side : {&report.roles.before, &report.roles.after}) {
    for (const auto& [role, outcome] : *side) {
      roles.insert(role);
    }
  }
  if (roles.empty()) {
    return;
  }
  *text += fmt::format("\n{:<26}{:>30}   {:>30}\n", "Activation", "before", "after");
  *text += fmt::format("{:<26}{:>8}{:>7}{:>8}{:>7}   {:>8}{:>7}{:>8}{:>7}\n", "", "in time", "late",
                       "expired", "open", "in time", "late", "expired", "open");
  const auto columns = [](const std::map<std::string, RoleOutcome>& side, const std::string& role) {
    const auto found = side.find(role);
    const RoleOutcome outcome = found == side.end() ? RoleOutcome{} : found->second;
    return fmt::format("{:>8}{:>7}{:>8}{:>7}", CountText(outcome.in_time), CountText(outcome.late),
                       CountText(outcome.expired), CountText(outcome.on_the_way));
  };
  for (const std::string& role : roles) {
    *text += fmt::format("  {}{}   {}\n", FitLeft(role, 24), columns(report.roles.before, role),
                         columns(report.roles.after, role));
  }
}

void AddRules(const BacktestReport& report, std::string* text) {
  if (report.rules.empty()) {
    *text += "\nNeither playbook asked anything.\n";
    return;
  }
  *text += fmt::format("\n{:<30}{:<12}{:>7}{:>7}{:>7}{:>7}{:>7}{:>7}\n", "Interventions", "role",
                       "before", "after", "same", "moved", "gone", "new");
  for (const RuleChange& change : report.rules) {
    *text += fmt::format("  {}{}{:>7}{:>7}{:>7}{:>7}{:>7}{:>7}", FitLeft(change.rule, 28),
                         FitLeft(change.role, 12), CountText(change.asked.before),
                         CountText(change.asked.after), CountText(change.same),
                         CountText(change.moved), CountText(change.gone), CountText(change.added));
    *text += change.moved_by.has_value() ? "  " + MovedText(change) + "\n" : "\n";
  }
}

void AddLoad(std::string_view title, const std::map<std::string, Pair<Load>>& loads, double days,
             std::string* text) {
  if (loads.empty()) {
    return;
  }
  *text += fmt::format("\n{:<26}{:>26}   {:>26}\n", title, "before", "after");
  *text += fmt::format("{:<26}{:>9}{:>17}   {:>9}{:>17}\n", "", "a day", "most", "a day", "most");
  const auto columns = [&](const Load& load) {
    return fmt::format("{:>9.2f}{:>17}", static_cast<double>(load.count) / days,
                       load.most == 0 ? "-" : fmt::format("{} {}", load.most, load.most_on));
  };
  for (const auto& [name, pair] : loads) {
    *text +=
        fmt::format("  {}{}   {}\n", FitLeft(name, 24), columns(pair.before), columns(pair.after));
  }
}

std::string ReasonsText(const std::map<std::string, std::int64_t>* reasons) {
  if (reasons == nullptr || reasons->empty()) {
    return "nothing";
  }
  std::vector<std::string> parts;
  for (const auto& [reason, count] : *reasons) {
    std::string words = reason;
    std::ranges::replace(words, '_', ' ');
    parts.push_back(fmt::format("{} {}", CountText(count), words));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

void AddSuppressed(const BacktestReport& report, std::string* text) {
  std::set<std::string> rules;
  for (const auto* const side : {&report.suppressed.before, &report.suppressed.after}) {
    for (const auto& [rule, reasons] : *side) {
      rules.insert(rule);
    }
  }
  if (!rules.empty()) {
    *text += "\nHeld back, and why\n";
  }
  for (const std::string& rule : rules) {
    const auto of = [&](const auto& side) {
      const auto found = side.find(rule);
      return ReasonsText(found == side.end() ? nullptr : &found->second);
    };
    const std::string before = of(report.suppressed.before);
    const std::string after = of(report.suppressed.after);
    *text += before == after ? fmt::format("  {}: {}, as before\n", rule, after)
                             : fmt::format("  {}: before {}; after {}\n", rule, before, after);
  }
}

std::string WhoOf(const AskedOnce& asked) { return asked.user + "@" + asked.tenant; }

void AddSamples(const BacktestReport& report, std::string* text) {
  if (!report.samples.empty()) {
    *text += "\nSamples\n";
  }
  std::string rule;
  for (const Sample& sample : report.samples) {
    const AskedOnce& asked = sample.asked;
    if (std::exchange(rule, asked.rule) != asked.rule) {
      *text += fmt::format("  {}\n", asked.rule);
    }
    *text += fmt::format("    {:<5} {}{}  {}  {} {}\n", KindName(sample.kind),
                         sample.before.has_value() ? DateOf(*sample.before) + " -> " : "",
                         DateOf(asked.at), WhoOf(asked), asked.channel, asked.what);
    *text += fmt::format("          {}\n", asked.reason);
  }
}

void WriteRoles(std::string_view name, const std::map<std::string, RoleOutcome>& roles,
                JsonWriter* json) {
  json->BeginArray(name);
  for (const auto& [role, outcome] : roles) {
    json->BeginItem();
    json->Member("role", role);
    json->Member("inTime", outcome.in_time);
    json->Member("late", outcome.late);
    json->Member("expired", outcome.expired);
    json->Member("open", outcome.on_the_way);
    json->EndObject();
  }
  json->EndArray();
}

void WriteLoad(std::string_view name, const Load& load, double days, JsonWriter* json) {
  json->BeginObject(name);
  json->Member("count", load.count);
  json->Raw("perDay", fmt::format("{:.3f}", static_cast<double>(load.count) / days));
  json->Member("most", load.most);
  load.most == 0 ? json->Null("mostOn") : json->Member("mostOn", load.most_on);
  json->EndObject();
}

void WriteLoads(std::string_view name, const std::map<std::string, Pair<Load>>& loads, double days,
                JsonWriter* json) {
  json->BeginArray(name);
  for (const auto& [key, pair] : loads) {
    json->BeginItem();
    json->Member("name", key);
    WriteLoad("before", pair.before, days, json);
    WriteLoad("after", pair.after, days, json);
    json->EndObject();
  }
  json->EndArray();
}

void WriteSuppressed(std::string_view name,
                     const std::map<std::string, std::map<std::string, std::int64_t>>& suppressed,
                     JsonWriter* json) {
  json->BeginArray(name);
  for (const auto& [rule, reasons] : suppressed) {
    for (const auto& [reason, count] : reasons) {
      json->BeginItem();
      json->Member("rule", rule);
      json->Member("suppressedBy", reason);
      json->Member("count", count);
      json->EndObject();
    }
  }
  json->EndArray();
}

void WriteSamples(const BacktestReport& report, JsonWriter* json) {
  json->BeginArray("samples");
  for (const Sample& sample : report.samples) {
    json->BeginItem();
    json->Member("kind", KindName(sample.kind));
    json->Member("rule", sample.asked.rule);
    json->Member("rung", std::int64_t{std::atoll(sample.asked.rung.c_str())});
    json->Member("tenantId", sample.asked.tenant);
    sample.asked.user.empty() ? json->Null("userId") : json->Member("userId", sample.asked.user);
    json->Member("channel", sample.asked.channel);
    json->Member("what", sample.asked.what);
    json->Member("reason", sample.asked.reason);
    sample.before.has_value() ? json->Member("before", FormatRfc3339(*sample.before))
                              : json->Null("before");
    json->Member("at", FormatRfc3339(sample.asked.at));
    json->Member("shadow", sample.asked.is_shadow);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string TextOf(const BacktestReport& report) {
  std::string text =
      fmt::format("before: {}   after: {}\n", report.playbook.before, report.playbook.after);
  if (report.begin.has_value() && report.end.has_value()) {
    text += fmt::format("{} to {}, {:.0f} days\n", DateOf(*report.begin), DateOf(*report.end),
                        report.days);
  }
  AddRoles(report, &text);
  AddRules(report, &text);
  AddLoad("Load by channel", report.channels, report.days, &text);
  AddLoad("Load by rule", report.loads, report.days, &text);
  AddSuppressed(report, &text);
  AddSamples(report, &text);
  return text;
}

std::string JsonOf(const BacktestReport& report, const std::string& retention_json) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  json.Member("before", report.playbook.before);
  json.Member("after", report.playbook.after);
  report.begin.has_value() ? json.Member("begin", FormatRfc3339(*report.begin))
                           : json.Null("begin");
  report.end.has_value() ? json.Member("end", FormatRfc3339(*report.end)) : json.Null("end");
  WriteRoles("rolesBefore", report.roles.before, &json);
  WriteRoles("rolesAfter", report.roles.after, &json);
  json.BeginArray("rules");
  for (const RuleChange& change : report.rules) {
    json.BeginItem();
    json.Member("rule", change.rule);
    json.Member("role", change.role);
    json.Member("before", change.asked.before);
    json.Member("after", change.asked.after);
    json.Member("same", change.same);
    json.Member("moved", change.moved);
    json.Member("gone", change.gone);
    json.Member("new", change.added);
    change.moved_by.has_value()
        ? json.Member("movedByS", std::int64_t{change.moved_by->count() / 1'000})
        : json.Null("movedByS");
    json.EndObject();
  }
  json.EndArray();
  WriteLoads("channels", report.channels, report.days, &json);
  WriteLoads("loads", report.loads, report.days, &json);
  WriteSuppressed("suppressedBefore", report.suppressed.before, &json);
  WriteSuppressed("suppressedAfter", report.suppressed.after, &json);
  WriteSamples(report, &json);
  json.Raw("retention", retention_json);
  json.EndObject();
  text.push_back('\n');
  return text;
}

}  // namespace foothold::app
