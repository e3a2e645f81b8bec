#include "src/app/replay.h"

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include <fmt/format.h>

#include "src/app/flags.h"
#include "src/app/output_line.h"
#include "src/app/rerun.h"
#include "src/app/settings.h"
#include "src/base/logging.h"

namespace foothold::app {
namespace {

std::optional<int> Parse(std::span<const std::string> arguments, const Surroundings& surroundings,
                         RerunFlags* given) {
  Flags flags("replay", "Runs events of files through the engine; one JSON line an output record.");
  AddRerunFlags(&flags, given);
  flags.AddText("--playbook", &given->playbook, "Playbook file; without it the default playbook");
  flags.AddSwitch("--journal", &given->is_of_journal,
                  "Fold the journal of the running system of --config instead of files");
  flags.AddNumber("--commit-entries", &given->commit_entries, 1, 1'000'000,
                  "Entries a commit of the journey; the decisions are the same for any");
  flags.AddPositionals("FILE", &given->files, 0, "Events, one JSON record a line; .gz; - is stdin");
  return flags.Parse(arguments, surroundings);
}

Status Print(std::span<const log::RecordView> records, std::string_view dead_letter,
             std::ostream* out) {
  std::string lines;
  for (const log::RecordView& record : records) {
    AppendOutputLine(record, record.topic == dead_letter, &lines);
  }
  errno = 0;
  out->write(lines.data(), static_cast<std::streamsize>(lines.size()));
  if (!out->good()) {
    const int why = errno;
    out->clear();  // It is said here, once.
    return Status(Code::kFatal, fmt::format("stdout cannot be written{}{}", why == 0 ? "" : ": ",
                                            why == 0 ? "" : std::strerror(why)));
  }
  return {};
}

Status Replay(const RerunFlags& given, const config::Config& config,
              const journey::Playbook& playbook, const Logger& logger, std::ostream* out) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<Rerun> rerun,
                  Rerun::Open(given, config, playbook, &logger));
  const std::string dead_letter = rerun->topics().dead_letter;
  return rerun->Run(
      [&](std::span<const log::RecordView> records) { return Print(records, dead_letter, out); },
      [](double /*share*/) {});
}

}  // namespace

int RunReplay(std::span<const std::string> arguments, const Surroundings& surroundings) {
  RerunFlags given;
  if (const std::optional<int> code = Parse(arguments, surroundings, &given); code.has_value()) {
    return *code;
  }
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  if (given.is_of_journal ? given.config.empty() : given.files.empty()) {
    surroundings.error << (given.is_of_journal
                               ? "replay: --journal needs --config, which says where it lies\n"
                               : "replay: which FILE? One JSON record a line; - is stdin\n");
    return kExitConfig;
  }
  Result<config::Config> config = RerunConfigOf("replay", given);
  if (!config.has_value()) {
    surroundings.error << config.error().message() << '\n';
    return kExitConfig;
  }
  const Result<journey::Playbook> playbook =
      LoadPlaybook(given.playbook.empty() ? config->playbook : given.playbook, logger);
  if (!playbook.has_value()) {
    surroundings.error << playbook.error().message() << '\n';
    return kExitConfig;
  }
  const Status done = Replay(given, *config, *playbook, logger, &surroundings.out);
  if (!done.ok()) {
    surroundings.error << "replay: " << done.message() << '\n';
    return done.code() == Code::kInvalid ? kExitConfig : kExitFailure;
  }
  return kExitOk;
}

}  // namespace foothold::app
