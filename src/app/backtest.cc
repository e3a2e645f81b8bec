#include "src/app/backtest.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/backtest_report.h"
#include "src/app/look.h"
#include "src/app/progress_bar.h"
#include "src/app/retention.h"
#include "src/app/settings.h"
#include "src/app/sorted_events.h"

namespace foothold::app {
namespace {

struct BacktestFlags {
  RerunFlags rerun;
  std::string output = "text";
  std::int64_t samples = 2;
  bool is_in_order = false;
  bool has_retention = false;
  std::string retention_after = "90d";
  std::vector<std::string> words;  // OLD, NEW, and files.
};

std::optional<int> Parse(std::span<const std::string> arguments, const Surroundings& surroundings,
                         BacktestFlags* given) {
  Flags flags("backtest",
              "What a new playbook would have done with what has happened, against the old one: "
              "what goes out, when, how much, to whom.");
  AddRerunFlags(&flags, &given->rerun);
  flags.AddSwitch("--in-order", &given->is_in_order,
                  "Take the files as they lie; without it their records are sorted by time");
  flags.AddSwitch("--retention", &given->has_retention,
                  "Also: who came back, of first-week behaviours and of those who were asked");
  flags.AddText("--retention-after", &given->retention_after,
                "How long after the first access somebody is to be active still");
  flags.AddNumber("--samples", &given->samples, 0, 1'000,
                  "Messages shown of each rule: new, gone and moved");
  flags.AddChoice("-o,--output", &given->output, {"text", "json"}, "Tables, or one JSON object");
  flags.AddPositionals("ARGUMENT", &given->words, 2,
                       "OLD NEW FILE...: two playbooks (default: the built-in one), and events, "
                       "one JSON record a line; .gz");
  return flags.Parse(arguments, surroundings);
}

Result<journey::Playbook> LoadSide(const std::string& path, const Logger& logger) {
  return LoadPlaybook(path == "default" ? "" : path, logger);
}

// What both runs are of.
struct Input {
  const BacktestFlags& given;
  const config::Config& config;
  const Logger& logger;
};

// The state of the last run, which the retention is judged by.
struct LastRun {
  std::unique_ptr<Rerun> rerun;
  std::vector<FinalPartition> partitions;
};

// One playbook over everything. `show` gets how far this run is; `retention` may be null.
Result<BacktestSide> RunSide(const Input& input, const journey::Playbook& playbook,
                             Retention* retention, const Rerun::Progress& show, LastRun* last) {
  BacktestSide side;
  side.playbook = fmt::format("{}@{}", playbook.name, playbook.version);
  FOOTHOLD_ASSIGN(last->rerun,
                  Rerun::Open(input.given.rerun, input.config, playbook, &input.logger));
  if (retention != nullptr) {
    FOOTHOLD_TRY(last->rerun->TakeEvents(
        [retention](const journey::Event& event) { retention->Take(event); }));
  }
  FOOTHOLD_TRY(last->rerun->Run(
      [&](std::span<const log::RecordView> records) { return side.tally.Take(records); }, show));
  FOOTHOLD_ASSIGN(last->partitions, last->rerun->ReadState());
  for (const FinalPartition& partition : last->partitions) {
    const journey::Clock::Parts parts = partition.clock.parts();
    for (const auto& [key, progress] : parts.partitions) {
      if (progress.event_time_min.has_value()) {
        side.begin =
            std::min(side.begin.value_or(*progress.event_time_min), *progress.event_time_min);
      }
    }
    if (parts.now.has_value()) {
      side.end = std::max(side.end.value_or(*parts.now), *parts.now);
    }
  }
  return side;
}

// Both runs, and what they say: the whole output.
Result<std::string> Backtest(const Input& input, const std::vector<journey::Playbook>& playbooks,
                             ProgressBar* bar) {
  const BacktestFlags& given = input.given;
  const journey::Definition definition(playbooks[1]);
  Retention retention(&definition, ParseDuration(given.retention_after).value_or(90 * kDay));
  std::vector<BacktestSide> sides;
  LastRun last;
  for (std::size_t i = 0; i < playbooks.size(); ++i) {
    last.partitions.clear();
    const bool is_last = i + 1 == playbooks.size();
    FOOTHOLD_ASSIGN(BacktestSide side,
                    RunSide(
                        input, playbooks[i], given.has_retention && is_last ? &retention : nullptr,
                        [&](double share) {
                          bar->Show(share < 0 ? share : (static_cast<double>(i) + share) / 2);
                        },
                        &last));
    sides.push_back(std::move(side));
  }
  const BacktestReport report =
      Compare(sides[0], sides[1], static_cast<std::size_t>(given.samples));
  const bool is_json = given.output == "json";
  if (!given.has_retention) {
    return is_json ? JsonOf(report, "null") : TextOf(report);
  }
  FOOTHOLD_ASSIGN(const RetentionReport back,
                  retention.Report(last.partitions, sides[1].end.value_or(kEpoch), sides[0].tally,
                                   sides[1].tally));
  return is_json ? JsonOf(report, JsonOf(back)) : TextOf(report) + TextOf(back);
}

int Refuse(const Status& status, const Surroundings& surroundings) {
  surroundings.error << "backtest: " << status.message() << '\n';
  return status.code() == Code::kInvalid ? kExitConfig : kExitFailure;
}

}  // namespace

int RunBacktest(std::span<const std::string> arguments, const Surroundings& surroundings) {
  BacktestFlags given;
  if (const std::optional<int> code = Parse(arguments, surroundings, &given); code.has_value()) {
    return *code;
  }
  given.rerun.has_own_playbook = true;
  given.rerun.files.assign(given.words.begin() + 2, given.words.end());
  if (std::ranges::find(given.rerun.files, "-") != given.rerun.files.end()) {
    surroundings.error << "backtest: - can be read once only, and there are two playbooks\n";
    return kExitConfig;
  }
  if (!ParseDuration(given.retention_after).has_value()) {
    return Refuse(Status(Code::kInvalid, fmt::format("--retention-after takes a span such as 90d, "
                                                     "not '{}'",
                                                     given.retention_after)),
                  surroundings);
  }
  const SystemWallClock clock;
  const Logger logger(given.rerun.logging, clock);
  Result<config::Config> config = LookConfigOf("backtest", &given.rerun);
  if (!config.has_value()) {
    surroundings.error << config.error().message() << '\n';
    return kExitConfig;
  }
  std::vector<journey::Playbook> playbooks;
  for (std::size_t i = 0; i < 2; ++i) {
    Result<journey::Playbook> playbook = LoadSide(given.words[i], logger);
    if (!playbook.has_value()) {
      surroundings.error << playbook.error().message() << '\n';
      return kExitConfig;
    }
    playbooks.push_back(std::move(*playbook));
  }
  std::unique_ptr<SortedEvents> sorted;
  if (!given.rerun.is_of_journal && !given.is_in_order) {
    Result<std::unique_ptr<SortedEvents>> made = SortedEvents::Make(given.rerun.files, *config);
    if (!made.has_value()) {
      return Refuse(made.error(), surroundings);
    }
    sorted = std::move(*made);
    given.rerun.files = {sorted->path()};
    config->sources.front().topics = given.rerun.files;
  }
  ProgressBar bar("backtest", surroundings);
  const Result<std::string> done =
      Backtest({.given = given, .config = *config, .logger = logger}, playbooks, &bar);
  bar.Clear();
  if (!done.has_value()) {
    return Refuse(done.error(), surroundings);
  }
  surroundings.out << *done;
  return kExitOk;
}

}  // namespace foothold::app
