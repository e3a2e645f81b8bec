#include "src/app/playbook_command.h"

#include <algorithm>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/app/text_diff.h"
#include "src/config/playbook_file.h"
#include "src/stream/publishing.h"

namespace foothold::app {
namespace {

struct PlaybookFlags {
  std::string config;
  bool executes = false;
  bool is_from_now = false;
  std::vector<std::string> words;
  LogOptions logging{.level = LogLevel::kWarning};
};

Result<journey::Playbook> LoadFile(const std::string& path) {
  const config::Checked<config::CompiledPlaybook> compiled = config::LoadPlaybook(path);
  if (!compiled.has_value()) {
    return Error(Code::kInvalid, config::ToString(compiled.error()));
  }
  return compiled->playbook;
}

int Publish(const PlaybookFlags& given, ControlDesk* desk, const journey::Playbook& current,
            const Surroundings& surroundings) {
  Result<journey::Playbook> next = LoadFile(given.words[1]);
  if (!next.has_value()) {
    return Refuse("playbook", next.error(), surroundings);
  }
  next->version = current.version + 1;
  if (next->yaml == current.yaml) {
    surroundings.out << fmt::format("{}@{} holds already, word for word; nothing to publish\n",
                                    current.name, current.version);
    return kExitOk;
  }
  const stream::PublishPlan plan = stream::PlanPublish(current, *next);
  surroundings.out << fmt::format("{}@{} replaces {}@{}: {}\n", next->name, next->version,
                                  current.name, current.version, plan.verdict);
  for (const std::string& line : plan.lines) {
    surroundings.out << "  " << line << '\n';
  }
  if (plan.kind == stream::PublishPlan::Kind::kNeedsHistory && !given.is_from_now) {
    return Refuse("playbook",
                  Status(Code::kInvalid,
                         "the state has not kept what this playbook asks for; --from-now publishes "
                         "it all the same, and what lies before counts as not done"),
                  surroundings);
  }
  if (!given.executes) {
    surroundings.out << "nothing was written; --execute publishes\n";
    return kExitOk;
  }
  const Result<stream::ControlWriter::Ledger> said =
      desk->Say(codec::PublishPlaybook{.playbook = *next}, current.version);
  if (!said.has_value()) {
    return Refuse("playbook", said.error(), surroundings);
  }
  surroundings.out << Describe(said->history.back()) << '\n';
  return kExitOk;
}

int Act(const PlaybookFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  const std::string& verb = given.words.front();
  const Result<stream::ControlWriter::Ledger> ledger = desk->Read();
  if (!ledger.has_value()) {
    return Refuse("playbook", ledger.error(), surroundings);
  }
  if (!ledger->playbook.has_value()) {
    return Refuse("playbook", Status(Code::kInvalid, "no playbook was published yet"),
                  surroundings);
  }
  const journey::Playbook& current = *ledger->playbook;
  if (verb == "show") {
    surroundings.out << fmt::format("# {}@{}\n", current.name, current.version) << current.yaml;
    return kExitOk;
  }
  if (verb == "history") {
    for (const stream::ControlWriter::Said& said : ledger->history) {
      surroundings.out << Describe(said) << '\n';
    }
    return kExitOk;
  }
  if (verb == "publish") {
    return Publish(given, desk, current, surroundings);
  }
  const Result<journey::Playbook> other = LoadFile(given.words[1]);
  if (!other.has_value()) {
    return Refuse("playbook", other.error(), surroundings);
  }
  surroundings.out << DiffOf(current.yaml, other->yaml);
  return kExitOk;
}

}  // namespace

int RunPlaybook(std::span<const std::string> arguments, const Surroundings& surroundings) {
  PlaybookFlags given;
  Flags flags("playbook", "The playbook of a running system: show, history, diff, publish.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml of the system");
  flags.AddSwitch("--execute", &given.executes, "Publish; without this it is only planned");
  flags.AddSwitch("--from-now", &given.is_from_now,
                  "Publish although the state lacks what the playbook asks of the past");
  flags.AddLogging(&given.logging);
  flags.AddPositionals("WORD", &given.words, 1, "show, history, diff FILE, publish FILE");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  const std::string& verb = given.words.front();
  const bool wants_file = verb == "publish" || verb == "diff";
  const bool is_known = wants_file || verb == "show" || verb == "history";
  if (!is_known || given.words.size() != (wants_file ? 2U : 1U)) {
    return Refuse("playbook",
                  Status(Code::kInvalid, "there are: show, history, diff FILE, publish FILE"),
                  surroundings);
  }
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(given.config, &logger);
  if (!desk.has_value()) {
    return Refuse("playbook", desk.error(), surroundings);
  }
  return Act(given, desk->get(), surroundings);
}

}  // namespace foothold::app
