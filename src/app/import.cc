#include "src/app/import.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/backtest_tally.h"
#include "src/app/control_desk.h"
#include "src/app/demo_words.h"
#include "src/app/journal_import.h"
#include "src/app/look.h"
#include "src/app/progress_bar.h"
#include "src/app/sorted_events.h"
#include "src/journey/import_source.h"
#include "src/journey/occasion.h"

namespace foothold::app {
namespace {

struct ImportFlags {
  RerunFlags rerun;
  bool executes = false;
};

// What the files hold, and what the playbook of the system makes of it.
struct Plan {
  std::int64_t events = 0;
  std::set<std::pair<std::string, std::string>> users;  // By account.
  std::set<std::string> accounts;
  std::optional<Instant> begin, end;
  std::map<std::string, std::int64_t> rejected;  // By reason.
  BacktestTally tally;

  void Count(const journey::Event& event) {
    ++events;
    accounts.emplace(event.tenant);
    if (!event.user.empty()) {
      users.emplace(event.tenant, event.user);
    }
    begin = std::min(begin.value_or(event.occurred_at), event.occurred_at);
    end = std::max(end.value_or(event.occurred_at), event.occurred_at);
  }

  Status Take(std::span<const log::RecordView> records, std::string_view dead_letter) {
    for (const log::RecordView& record : records) {
      if (record.topic != dead_letter) {
        continue;
      }
      const auto reason = std::ranges::find(record.headers, "dlq_reason", &log::Header::key);
      ++rejected[reason == record.headers.end() ? "unknown"
                                                : std::string(reason->value.value_or(""))];
    }
    return tally.Take(records);
  }
};

// Runs the files under the playbook through an engine of our own; nothing leaves it.
Status RunFiles(const RerunFlags& given, const config::Config& config,
                const journey::Playbook& playbook, const Logger& logger,
                const Rerun::TakeEvent& take_event, const Rerun::Progress& progress, Plan* plan) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<Rerun> rerun,
                  Rerun::Open(given, config, playbook, &logger));
  FOOTHOLD_TRY(rerun->TakeEvents(take_event));
  const std::string dead_letter = rerun->topics().dead_letter;
  return rerun->Run(
      [&](std::span<const log::RecordView> records) {
        return plan == nullptr ? Status() : plan->Take(records, dead_letter);
      },
      progress);
}

std::string Describe(const Plan& plan, const ImportFlags& given, const config::Config& config,
                     const journey::Playbook& playbook) {
  std::string text = fmt::format("{} events of {} users in {} accounts", CountText(plan.events),
                                 CountText(static_cast<std::int64_t>(plan.users.size())),
                                 CountText(static_cast<std::int64_t>(plan.accounts.size())));
  if (plan.begin.has_value()) {
    text += fmt::format(", {} to {}", journey::DateOf(*plan.begin), journey::DateOf(*plan.end));
  }
  text += '\n';
  for (const auto& [reason, count] : plan.rejected) {
    text += fmt::format("  left out: {} records, {}\n", CountText(count), reason);
  }
  text += fmt::format("under playbook {}@{} that makes:\n", playbook.name, playbook.version);
  for (const auto& [role, outcome] : plan.tally.Roles()) {
    text += fmt::format("  {}: {} activated in time, {} late, {} out of time, {} on the way\n",
                        role, CountText(outcome.in_time), CountText(outcome.late),
                        CountText(outcome.expired), CountText(outcome.on_the_way));
  }
  text += fmt::format(
      "{} the journal of {} ({} partitions) as backfill: what is decided of it says so, and what "
      "lies behind asks nobody for anything\n",
      given.executes ? "written into" : "would be written into", config.app,
      config.journal.partitions);
  return text;
}

// The playbook that holds in the system. kInvalid: it was never started.
Result<journey::Playbook> PlaybookOf(ControlDesk* desk) {
  constexpr const char* kNoJournal = "the system has no journal yet: start `foothold run` once";
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, desk->log()->NewAdmin());
  FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> ledger_topic,
                  admin->DescribeTopic(TopicNamesOf(desk->config()).control));
  if (!ledger_topic.has_value()) {
    return Error(Code::kInvalid, kNoJournal);
  }
  FOOTHOLD_ASSIGN(stream::ControlWriter::Ledger ledger, desk->Read());
  if (!ledger.playbook.has_value()) {
    return Error(Code::kInvalid, kNoJournal);
  }
  for (const config::Source& source : desk->config().sources) {
    if (source.name == journey::kImportSource) {
      return Error(Code::kInvalid, fmt::format("a source is called '{}', as imported history is: "
                                               "give it another name",
                                               source.name));
    }
  }
  return std::move(*ledger.playbook);
}

Result<std::string> Import(ImportFlags* given, ControlDesk* desk, const Logger& logger,
                           const Surroundings& surroundings) {
  FOOTHOLD_ASSIGN(const journey::Playbook playbook, PlaybookOf(desk));
  const std::string name = std::filesystem::path(given->rerun.files.front()).filename().string();
  FOOTHOLD_ASSIGN(config::Config config, LookConfigOf("import", &given->rerun));
  FOOTHOLD_ASSIGN(const std::unique_ptr<SortedEvents> sorted,
                  SortedEvents::Make(given->rerun.files, config));
  given->rerun.files = {sorted->path()};
  config.sources.front().topics = given->rerun.files;
  const double runs = given->executes ? 2 : 1;
  ProgressBar bar("import", surroundings);
  Plan plan;
  FOOTHOLD_TRY(RunFiles(
      given->rerun, config, playbook, logger,
      [&](const journey::Event& event) { plan.Count(event); },
      [&](double share) { bar.Show(share / runs); }, &plan));
  if (plan.events == 0) {
    return Error(Code::kInvalid,
                 "no record could be read as an event: look at --mapping, and at what replay says");
  }
  std::string text = Describe(plan, *given, desk->config(), playbook);
  if (!given->executes) {
    bar.Clear();
    return text + "nothing was written; --execute does\n";
  }
  FOOTHOLD_ASSIGN(const std::unique_ptr<JournalImport> import,
                  JournalImport::Open(desk->log(), desk->config(), name, *plan.begin));
  Status written;
  std::int64_t number = 0;
  FOOTHOLD_TRY(RunFiles(
      given->rerun, config, playbook, logger,
      [&](const journey::Event& event) {
        if (written.ok()) {
          written = import->Add(event, number++);
        }
      },
      [&](double share) { bar.Show((1 + share) / runs); }, nullptr));
  FOOTHOLD_TRY(written);
  FOOTHOLD_TRY(import->Finish());
  bar.Clear();
  return text + fmt::format("{} batches were written\n", CountText(import->batches()));
}

}  // namespace

int RunImport(std::span<const std::string> arguments, const Surroundings& surroundings) {
  ImportFlags given;
  Flags flags("import",
              "History of existing customers into the journal of a running system, as backfill.");
  AddRerunFlags(&flags, &given.rerun);
  flags.AddSwitch("--execute", &given.executes, "Write it; without this it is only planned");
  flags.AddPositionals("FILE", &given.rerun.files, 1, "Events, one JSON record a line; .gz");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  if (std::ranges::find(given.rerun.files, "-") != given.rerun.files.end()) {
    surroundings.error << "import: - can be read once only, and the plan comes first\n";
    return kExitConfig;
  }
  const SystemWallClock clock;
  const Logger logger(given.rerun.logging, clock);
  const Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(given.rerun.config, &logger);
  if (!desk.has_value()) {
    return Refuse("import", desk.error(), surroundings);
  }
  const Result<std::string> done = Import(&given, desk->get(), logger, surroundings);
  if (!done.has_value()) {
    return Refuse("import", done.error(), surroundings);
  }
  surroundings.out << *done;
  return kExitOk;
}

}  // namespace foothold::app
