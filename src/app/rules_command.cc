#include "src/app/rules_command.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/base/text.h"

namespace foothold::app {
namespace {

constexpr std::array<std::string_view, 9> kVerbs = {"list",   "pause", "resume",  "kill",  "live",
                                                    "shadow", "off",   "approve", "reject"};

std::string_view ModeName(journey::RuleMode mode) {
  switch (mode) {
    case journey::RuleMode::kLive:
      return "live";
    case journey::RuleMode::kShadow:
      return "shadow";
    case journey::RuleMode::kOff:
      return "off";
  }
  return "";
}

int List(ControlDesk* desk, const Surroundings& surroundings) {
  const Result<stream::ControlWriter::Ledger> ledger = desk->Read();
  if (!ledger.has_value()) {
    return Refuse("rules", ledger.error(), surroundings);
  }
  if (!ledger->playbook.has_value()) {
    return Refuse("rules", Status(Code::kInvalid, "no playbook was published yet"), surroundings);
  }
  if (ledger->playbook->rules.empty()) {
    surroundings.error << fmt::format("rules: {}@{} has no rules\n", ledger->playbook->name,
                                      ledger->playbook->version);
  }
  std::size_t width = 0;
  for (const journey::Rule& rule : ledger->playbook->rules) {
    width = std::max(width, rule.name.size());
  }
  for (const journey::Rule& rule : ledger->playbook->rules) {
    const auto said = ledger->rules.find(rule.name);
    const journey::RuleControl control =
        said == ledger->rules.end() ? journey::RuleControl{} : said->second;
    std::string state(ModeName(control.mode.value_or(rule.mode)));
    state += control.is_killed ? ", killed" : (control.is_paused ? ", paused" : "");
    surroundings.out << fmt::format("{:<{}}  {:<14}  {} rung{}  {}\n", rule.name, width, state,
                                    rule.rungs.size(), rule.rungs.size() == 1 ? " " : "s",
                                    rule.title);
  }
  return kExitOk;
}

// "TENANT RULE [RUNG]" or "TENANT|USER RULE [RUNG]".
Result<codec::ControlAction> ApprovalOf(std::span<const std::string> words, bool is_granted) {
  if (words.size() < 2 || words.size() > 3) {
    return Error(Code::kInvalid, "which? TENANT or 'TENANT|USER', then RULE, then maybe RUNG");
  }
  codec::ApprovalWord word;
  const std::size_t bar = words[0].find('|');
  word.tenant = words[0].substr(0, bar);
  word.user = bar == std::string::npos ? std::string() : words[0].substr(bar + 1);
  word.rule = words[1];
  word.is_granted = is_granted;
  if (words.size() == 3) {
    const char* const end = words[2].data() + words[2].size();
    const auto parsed = std::from_chars(words[2].data(), end, word.rung);
    if (parsed.ec != std::errc() || parsed.ptr != end || word.rung < 1) {
      return Error(Code::kInvalid, fmt::format("'{}' is no rung; they count from 1", words[2]));
    }
  }
  return codec::ControlAction(word);
}

Result<codec::ControlAction> ActionOf(std::span<const std::string> words) {
  const std::string& verb = words.front();
  if (verb == "approve" || verb == "reject") {
    return ApprovalOf(words.subspan(1), verb == "approve");
  }
  const std::optional<codec::RuleWord::Word> word = RuleWordOf(verb);
  if (!word.has_value()) {
    const std::vector<std::string> verbs(kVerbs.begin(), kVerbs.end());
    const std::string_view nearest = NearestWord(verb, verbs);
    return Error(Code::kInvalid,
                 fmt::format("no '{}'{}; there are {}", verb,
                             nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest),
                             fmt::join(verbs, ", ")));
  }
  if (words.size() != 2) {
    return Error(Code::kInvalid, fmt::format("{} which RULE?", verb));
  }
  return codec::ControlAction(codec::RuleWord{.rule = words[1], .word = *word});
}

int Plan(const stream::ControlWriter::Ledger& ledger, const codec::ControlAction& action,
         Instant now, const Surroundings& surroundings) {
  const stream::ControlWriter::Said planned{.control = {.number = ledger.last_number + 1,
                                                        .follows = ledger.last_number,
                                                        .action = action},
                                            .at = now};
  surroundings.out << "would write: " << Describe(planned)
                   << "\nnothing was written; --execute does\n";
  return kExitOk;
}

}  // namespace

int RunRules(std::span<const std::string> arguments, const Surroundings& surroundings) {
  std::string config_path;
  bool executes = false;
  std::vector<std::string> words;
  LogOptions logging{.level = LogLevel::kWarning};
  Flags flags("rules",
              "The rules of a running system: list, pause, resume, kill, live, shadow, "
              "off, approve, reject.");
  flags.AddText("-c,--config", &config_path, "foothold.yaml of the system");
  flags.AddSwitch("--execute", &executes, "Write it; without this it is only said");
  flags.AddLogging(&logging);
  flags.AddPositionals("WORD", &words, 1, "list, or a verb and what it is for");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  const SystemWallClock clock;
  const Logger logger(logging, clock);
  const bool lists = words.front() == "list" && words.size() == 1;
  const Result<codec::ControlAction> action =
      lists ? Result<codec::ControlAction>(codec::ControlAction()) : ActionOf(words);
  if (!action.has_value()) {
    return Refuse("rules", action.error(), surroundings);
  }
  Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(config_path, &logger);
  if (!desk.has_value()) {
    return Refuse("rules", desk.error(), surroundings);
  }
  if (lists) {
    return List(desk->get(), surroundings);
  }
  const auto* const approval = std::get_if<codec::ApprovalWord>(&*action);
  if (!executes || approval != nullptr) {
    const Result<stream::ControlWriter::Ledger> ledger = (*desk)->Read();
    if (!ledger.has_value()) {
      return Refuse("rules", ledger.error(), surroundings);
    }
    // What would be refused is no plan.
    Status checked = stream::ControlWriter::Check(*ledger, *action, std::nullopt);
    if (checked.ok() && approval != nullptr) {
      checked = CheckApproval(*ledger->playbook, *approval);
    }
    if (!checked.ok()) {
      return Refuse("rules", checked, surroundings);
    }
    if (!executes) {
      return Plan(*ledger, *action, clock.Now(), surroundings);
    }
  }
  const Result<stream::ControlWriter::Ledger> said = (*desk)->Say(*action, std::nullopt);
  if (!said.has_value()) {
    return Refuse("rules", said.error(), surroundings);
  }
  surroundings.out << Describe(said->history.back()) << '\n';
  return kExitOk;
}

}  // namespace foothold::app
