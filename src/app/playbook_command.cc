#include "src/app/playbook_command.h"

#include <algorithm>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/app/preparation.h"
#include "src/app/progress_bar.h"
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

// What has to be read first. kInvalid: it cannot be.
Status TellCost(stream::PublishPlan::Kind kind, ControlDesk* desk,
                const Surroundings& surroundings) {
  constexpr std::string_view kChoice =
      "; --from-now publishes it all the same, and what lies before counts as not done";
  if (kind == stream::PublishPlan::Kind::kNeedsOtherNames) {
    return Error(Code::kInvalid,
                 fmt::format("it needs the history of events that it gives another name: publish "
                             "the names first, and then what asks for them{}",
                             kChoice));
  }
  const Result<PreparationCost> cost = CostOfPreparation(desk);
  if (!cost.has_value()) {
    return Error(cost.error().code(), fmt::format("{}{}", cost.error().message(), kChoice));
  }
  surroundings.out << fmt::format(
      "it is looked up first: {} records of the journal in {} partitions are read and run by this "
      "command, beside the service, in the memory that their state takes\n",
      cost->records, cost->partitions);
  return Status();
}

// From the word on what comes is kept; then what came before is looked up.
Status Prepare(const PlaybookFlags& given, ControlDesk* desk, const journey::Playbook& current,
               const journey::Playbook& next, const Surroundings& surroundings) {
  FOOTHOLD_ASSIGN(const stream::ControlWriter::Ledger said,
                  desk->Say(codec::PreparePlaybook{.playbook = next}, current.version));
  surroundings.out << Describe(said.history.back()) << std::endl;
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  ProgressBar bar("playbook", surroundings);
  const auto look_up = [&]() -> Result<std::int64_t> {
    FOOTHOLD_ASSIGN(const std::unique_ptr<Preparation> preparation,
                    Preparation::Open(given.config, desk, current, next, &logger));
    bool is_done = false;
    while (!is_done) {
      FOOTHOLD_TRY(preparation->Read([&](double share) { bar.Show(share); }));
      FOOTHOLD_ASSIGN(is_done, preparation->Write());
    }
    return preparation->subjects();
  };
  const Result<std::int64_t> subjects = look_up();
  bar.Clear();
  if (!subjects.has_value()) {
    return Status(subjects.error().code(),
                  fmt::format("{}; {}@{} is prepared and not published: the same command does it "
                              "again",
                              subjects.error().message(), next.name, next.version));
  }
  surroundings.out << fmt::format("of {} users and accounts the past is known now\n", *subjects);
  return Status();
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
  using Kind = stream::PublishPlan::Kind;
  const bool needs_history = plan.kind != Kind::kFromState && !given.is_from_now;
  if (needs_history) {
    const Status affordable = TellCost(plan.kind, desk, surroundings);
    if (!affordable.ok()) {
      return Refuse("playbook", affordable, surroundings);
    }
  }
  if (!given.executes) {
    surroundings.out << "nothing was written; --execute publishes\n";
    return kExitOk;
  }
  if (needs_history) {
    const Status prepared = Prepare(given, desk, current, *next, surroundings);
    if (!prepared.ok()) {
      return Refuse("playbook", prepared, surroundings);
    }
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
    surroundings.out << fmt::format("# {}@{}\n", current.name, current.version);
    if (ledger->prepared.has_value()) {
      surroundings.out << fmt::format("# {}, not published yet\n",
                                      Describe(ledger->history[*ledger->prepared]));
    }
    surroundings.out << current.yaml;
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
