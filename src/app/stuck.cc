#include "src/app/stuck.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/demo_words.h"
#include "src/app/look.h"
#include "src/app/stuck_list.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/codec/outputs.h"
#include "src/journey/occasion.h"

namespace foothold::app {
namespace {

using journey::DateOf;

struct StuckFlags {
  RerunFlags rerun;
  std::string older = "3d";
  std::string younger = "14d";
  std::string sort = "time";
  std::string output = "text";
  std::int64_t limit = 0;
  StuckFilter filter;
};

Status ReadSpans(StuckFlags* given) {
  const std::optional<milliseconds> older = ParseDuration(given->older);
  const std::optional<milliseconds> younger = ParseDuration(given->younger);
  if (!older.has_value()) {
    return Status(Code::kInvalid,
                  fmt::format("--older takes a span such as 3d or 48h, not '{}'", given->older));
  }
  if (!younger.has_value() && given->younger != "any") {
    return Status(
        Code::kInvalid,
        fmt::format("--younger takes a span such as 14d, or any, not '{}'", given->younger));
  }
  if (younger.has_value() && *younger <= *older) {
    return Status(Code::kInvalid, fmt::format("nobody is stuck for {} or longer and less than {}",
                                              given->older, given->younger));
  }
  given->filter.older = *older;
  given->filter.younger = younger;
  return {};
}

// A role or step that the playbook does not have is a slip, not an empty list.
Status CheckWord(std::string_view what, const std::string& word,
                 const std::vector<std::string>& known) {
  if (word.empty() || std::ranges::find(known, word) != known.end()) {
    return {};
  }
  const std::string_view nearest = NearestWord(word, known);
  return Status(Code::kInvalid, nearest.empty()
                                    ? fmt::format("the playbook has no {} '{}'; it has {}", what,
                                                  word, fmt::join(known, ", "))
                                    : fmt::format("the playbook has no {} '{}'; did you mean '{}'?",
                                                  what, word, nearest));
}

std::string NameOf(const journey::UserStatus& status) {
  const std::string name = status.name.value_or(status.user);
  const bool has_other_email =
      status.email.has_value() && name != *status.email && name != "email:" + *status.email;
  return has_other_email ? fmt::format("{} <{}>", name, *status.email) : name;
}

std::string AccountOf(const StuckPerson& person) {
  return person.account.name.value_or(person.status.tenant);
}

// "plan business, 900 a month, owner Kim": what is known.
std::string ValueOf(const journey::AccountBlock& account) {
  std::vector<std::string> parts;
  if (account.plan.has_value()) {
    parts.push_back("plan " + *account.plan);
  }
  if (account.mrr.has_value()) {
    parts.push_back(fmt::format("{:g} a month", *account.mrr));
  }
  if (account.owner.has_value()) {
    parts.push_back("owner " + account.owner_email.value_or(*account.owner));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string WhyOf(const StuckPerson& person) {
  std::string why = person.missing;
  const journey::UserStatus& status = person.status;
  why += status.last_seen_at.has_value() ? "; last seen " + DateOf(*status.last_seen_at)
                                         : std::string("; never seen in the product");
  for (const std::string& open : status.open_interventions) {
    // "rule#1 requested <id>": the id is for machines.
    const std::size_t id = open.find(" requested ");
    why += "; " + (id == std::string::npos ? open : open.substr(0, id) + " was asked");
  }
  if (status.last_outreach_at.has_value()) {
    why += "; last outreach " + DateOf(*status.last_outreach_at);
  }
  return why;
}

std::string SpanOf(const StuckFilter& filter) {
  return filter.younger.has_value() ? fmt::format("for {} to {}", FormatDuration(filter.older),
                                                  FormatDuration(*filter.younger))
                                    : fmt::format("for {} or longer", FormatDuration(filter.older));
}

std::string TextOf(const StuckList& list, const StuckFilter& filter, std::size_t shown) {
  std::string text = fmt::format(
      "{} {} stuck {}, as of {}, playbook {}{}{}\n", list.people.size(),
      list.people.size() == 1 ? "person" : "people", SpanOf(filter), DateOf(list.as_of),
      list.playbook, list.sooner == 0 ? "" : fmt::format("; {} not as long", list.sooner),
      list.longer == 0 ? "" : fmt::format("; {} longer", list.longer));
  if (list.before_history > 0) {
    text += fmt::format("not counted: {} who were there before our history began\n",
                        list.before_history);
  }
  for (std::size_t i = 0; i < shown; ++i) {
    const StuckPerson& person = list.people[i];
    const journey::UserStatus& status = person.status;
    const std::string value = ValueOf(person.account);
    text += fmt::format(
        "\n{:>4.1f} d  {}, {} of {}{}\n",
        static_cast<double>(person.stuck_for.count()) / static_cast<double>(kDay.count()),
        NameOf(status), status.role.value_or("no role"), AccountOf(person),
        value.empty() ? "" : fmt::format(" ({})", value));
    text += fmt::format(
        "        at step {} of {}, {}, since {}; risk {}{}\n", status.current_step.value_or(0),
        status.steps.size(), status.step_name.value_or(""), DateOf(*status.step_entered_at),
        status.dropoff_risk.value_or("not kept"),
        status.risk_score.has_value() ? fmt::format(" ({})", *status.risk_score) : "");
    text += fmt::format("        {}\n", WhyOf(person));
  }
  if (shown < list.people.size()) {
    text += fmt::format("\n... and {} more; --limit 0 shows all\n", list.people.size() - shown);
  }
  return text;
}

std::string JsonOf(const StuckList& list, std::size_t shown) {
  codec::OutputEncoder encoder({.app = "stuck", .encodings = {}});
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  json.Member("asOf", FormatRfc3339(list.as_of));
  json.Member("playbook", list.playbook);
  json.Member("count", static_cast<std::int64_t>(list.people.size()));
  json.Member("sooner", list.sooner);
  json.Member("longer", list.longer);
  json.Member("beforeHistory", list.before_history);
  json.BeginArray("people");
  for (std::size_t i = 0; i < shown; ++i) {
    const StuckPerson& person = list.people[i];
    json.BeginItem();
    json.Member("tenantId", person.status.tenant);
    json.Member("userId", person.status.user);
    json.Member("step", person.status.step_name.value_or(""));
    json.Member("since", FormatRfc3339(*person.status.step_entered_at));
    json.Member("stuckForS",
                static_cast<std::int64_t>(
                    std::chrono::floor<std::chrono::seconds>(person.stuck_for).count()));
    json.Member("missing", person.missing);
    json.BeginArray("blockers");
    for (const std::string& blocker : person.blockers) {
      json.Item(blocker);
    }
    json.EndArray();
    if (person.account.mrr.has_value()) {
      json.Raw("mrr", fmt::format("{}", *person.account.mrr));
    } else {
      json.Null("mrr");
    }
    json.Raw("status", encoder.Encode(person.status).value.value_or("null"));
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  text.push_back('\n');
  return text;
}

std::optional<int> Parse(std::span<const std::string> arguments, const Surroundings& surroundings,
                         StuckFlags* given) {
  Flags flags("stuck",
              "Who has not got past a step of the ladder, since when and why, with what is needed "
              "to call them.");
  flags.AddText("--role", &given->filter.role, "Of this role only");
  flags.AddText("--step", &given->filter.step, "At this step only");
  flags.AddText("--tenant", &given->filter.tenant, "Of this account only");
  flags.AddChoice("--risk", &given->filter.risk, {"low", "medium", "high"}, "Of this risk only");
  flags.AddText("--older", &given->older, "Stuck for at least so long");
  flags.AddText("--younger", &given->younger,
                "Stuck for less than that: later, few are won back; any");
  flags.AddChoice("--sort", &given->sort, {"time", "value"},
                  "Longest first, or by what the account pays");
  flags.AddNumber("--limit", &given->limit, 0, 1'000'000, "Show so many; 0: all");
  flags.AddChoice("-o,--output", &given->output, {"text", "json"}, "Sentences, or one JSON object");
  AddLookFlags(&flags, &given->rerun);
  flags.AddPositionals("FILE", &given->rerun.files, 0,
                       "Events, one JSON record a line; .gz; - is stdin; none: the system of -c");
  return flags.Parse(arguments, surroundings);
}

int Refuse(const Status& status, const Surroundings& surroundings) {
  surroundings.error << "stuck: " << status.message() << '\n';
  return status.code() == Code::kInvalid ? kExitConfig : kExitFailure;
}

}  // namespace

int RunStuck(std::span<const std::string> arguments, const Surroundings& surroundings) {
  StuckFlags given;
  if (const std::optional<int> code = Parse(arguments, surroundings, &given); code.has_value()) {
    return *code;
  }
  if (const Status read = ReadSpans(&given); !read.ok()) {
    return Refuse(read, surroundings);
  }
  Look look;
  const int code = TakeLook(
      "stuck", given.rerun, surroundings,
      [](std::span<const log::RecordView> /*records*/) { return Status(); }, &look);
  if (code != kExitOk) {
    return code;
  }
  const Result<StuckList> list =
      ListStuck(look.partitions, given.filter,
                given.sort == "value" ? StuckOrder::kValue : StuckOrder::kTime);
  if (!list.has_value()) {
    return Refuse(list.error(), surroundings);
  }
  for (const Status& checked : {CheckWord("role", given.filter.role, list->roles),
                                CheckWord("step", given.filter.step, list->steps)}) {
    if (!checked.ok()) {
      return Refuse(checked, surroundings);
    }
  }
  const std::size_t shown =
      given.limit == 0 ? list->people.size()
                       : std::min(list->people.size(), static_cast<std::size_t>(given.limit));
  surroundings.out << (given.output == "json" ? JsonOf(*list, shown)
                                              : TextOf(*list, given.filter, shown));
  return kExitOk;
}

}  // namespace foothold::app
