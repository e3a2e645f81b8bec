#include "src/app/replay.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/file_feed.h"
#include "src/app/flags.h"
#include "src/app/journal_feed.h"
#include "src/app/output_line.h"
#include "src/app/service.h"
#include "src/app/settings.h"
#include "src/app/stage_options.h"
#include "src/app/until.h"
#include "src/base/logging.h"
#include "src/config/config_file.h"
#include "src/config/playbook_file.h"

namespace foothold::app {
namespace {

constexpr std::size_t kOutputChunk = 1'000;
constexpr std::size_t kIntakeEntries = 1'000;

struct ReplayFlags {
  std::string config;
  std::string playbook;
  std::string mapping;
  std::vector<std::string> overrides;
  std::string until;
  bool is_of_journal = false;
  std::int64_t commit_entries = 1'000;
  std::int64_t cache_bytes = 64LL << 20U;
  std::vector<std::string> files;
  LogOptions logging{.level = LogLevel::kWarning};
};

std::optional<int> Parse(std::span<const std::string> arguments, const Surroundings& surroundings,
                         ReplayFlags* given) {
  Flags flags("replay", "Runs events of files through the engine; one JSON line an output record.");
  flags.AddText("-c,--config", &given->config,
                "foothold.yaml: names, formats, the source's mapping");
  flags.AddText("--playbook", &given->playbook, "Playbook file; without it the default playbook");
  flags.AddText("--mapping", &given->mapping,
                "Preset of the records: segment, rudderstack, posthog, mixpanel, foothold");
  flags.AddTexts("--set", &given->overrides,
                 "Override of one field: tenant=const:acme, user=properties.uid");
  flags.AddText("--until", &given->until,
                "Where the clock goes at the end: a time, or +30d after the last event");
  flags.AddSwitch("--journal", &given->is_of_journal,
                  "Fold the journal of the running system of --config instead of files");
  flags.AddNumber("--commit-entries", &given->commit_entries, 1, 1'000'000,
                  "Entries a commit of the journey; the decisions are the same for any");
  flags.AddNumber("--cache-bytes", &given->cache_bytes, 0, 1LL << 40U,
                  "Memory of decoded users and accounts");
  flags.AddLogging(&given->logging);
  flags.AddPositionals("FILE", &given->files, 0, "Events, one JSON record a line; .gz; - is stdin");
  return flags.Parse(arguments, surroundings);
}

// What --mapping and --set say is this command's to name, not a file's.
Status Named(Status status) {
  return status.ok() ? status : Status(status.code(), "replay: " + status.message());
}

Result<config::Config> ConfigOf(const ReplayFlags& given) {
  config::Config config;
  if (!given.config.empty()) {
    FOOTHOLD_ASSIGN(config, LoadConfig(given.config));
  }
  config.instance = "replay";
  config.intake_workers = 1;
  config.people.workers = 1;
  config.journey_workers = 1;
  config.state.cache_bytes = given.cache_bytes;
  if (given.is_of_journal) {
    return config;
  }
  config.clock = journey::ClockMode::kEvent;
  config.journal.partitions = 1;
  config.people.partitions = 1;
  config::Source source;
  source.name = "files";
  source.preset = "segment";
  if (!config.sources.empty()) {
    source = config.sources.front();
  }
  source.topics = given.files;
  source.start = {};
  if (!given.mapping.empty() && given.mapping != source.preset) {
    source.preset = given.mapping;
    source.mapping.clear();
  }
  FOOTHOLD_TRY(Named(AddOverrides(given.overrides, &source.mapping)));
  FOOTHOLD_TRY(Named(StatusOf(intake::MakeMapping(source.preset, source.mapping))));
  config.sources = {std::move(source)};
  return config;
}

// Prints what is committed and not printed yet. A record's offset is its place among the committed
// ones of its partition: where commits were cut does not show.
class Printer {
 public:
  Printer(log::MemoryLog* log, const stream::TopicNames& topics, std::ostream* out)
      : log_(log), dead_letter_(topics.dead_letter), topics_(topics.Outputs()), out_(out) {}

  Status Print() {
    if (reader_ == nullptr) {
      FOOTHOLD_ASSIGN(reader_, log_->ReadCommitted(topics_));
    }
    while (true) {
      const std::span<const log::RecordView> records = reader_->Read(kOutputChunk);
      if (records.empty()) {
        reader_->DeleteRead();
        return {};
      }
      lines_.clear();
      for (log::RecordView record : records) {
        std::int64_t& next = next_offsets_[{std::string(record.topic), record.partition}];
        record.offset = next++;
        AppendOutputLine(record, record.topic == dead_letter_, &lines_);
      }
      errno = 0;
      out_->write(lines_.data(), static_cast<std::streamsize>(lines_.size()));
      if (!out_->good()) {
        const int why = errno;
        out_->clear();  // It is said here, once.
        return Error(Code::kFatal, fmt::format("stdout cannot be written{}{}", why == 0 ? "" : ": ",
                                               why == 0 ? "" : std::strerror(why)));
      }
    }
  }

 private:
  log::MemoryLog* log_;
  std::string dead_letter_;
  std::vector<std::string> topics_;
  std::ostream* out_;
  std::unique_ptr<log::CommittedReader> reader_;
  std::map<log::TopicPartition, std::int64_t> next_offsets_;
  std::string lines_;
};

// Turns the service until it has nothing to do, printing as it goes.
Status Drain(Service* service, const config::Config& config, log::MemoryLog* log,
             Printer* printer) {
  bool has_worked = true;
  while (has_worked) {
    FOOTHOLD_ASSIGN(has_worked, service->Turn());
    log->TrimConsumed(config.app + "-people");
    log->TrimConsumed(config.app + "-journey");
    FOOTHOLD_TRY(printer->Print());
  }
  return {};
}

Status ReplayFiles(const ReplayFlags& given, const config::Config& config, Service* service,
                   FileFeed* feed, log::MemoryLog* log, Printer* printer, const Logger& logger) {
  FOOTHOLD_TRY(service->Start());
  bool is_fed = false;
  while (!is_fed) {
    FOOTHOLD_ASSIGN(is_fed, feed->TopUp());
    FOOTHOLD_TRY(StatusOf(service->Turn()));
    log->TrimConsumed(config.app + "-people");
    log->TrimConsumed(config.app + "-journey");
    FOOTHOLD_TRY(printer->Print());
  }
  FOOTHOLD_TRY(Drain(service, config, log, printer));
  const std::optional<Instant> last = service->outlook().event_time_max;
  if (!last.has_value()) {
    logger.Warning(
        "no record was accepted as an event, so nothing was decided: look at the dead "
        "letters, if there are any, and at --mapping");
  }
  // Even so: what waits for an account ends with the input.
  const Instant end = last.value_or(kEpoch);
  service->RequestFinish(ParseUntil(given.until, end).value_or(end));
  FOOTHOLD_TRY(Drain(service, config, log, printer));
  return service->Stop();
}

Status Replay(const ReplayFlags& given, const config::Config& config,
              const journey::Playbook& playbook, const Logger& logger, std::ostream* out) {
  const SystemWallClock clock;
  log::MemoryLog log(clock);
  metrics::Registry registry;
  std::unique_ptr<FileFeed> feed;
  std::unique_ptr<JournalFeed> journal;
  if (given.is_of_journal) {
    FOOTHOLD_ASSIGN(journal,
                    JournalFeed::Open(config, TopicNamesOf(config).journal, &log, &logger));
  } else {
    FOOTHOLD_ASSIGN(feed, FileFeed::Open(given.files, config.app + "-intake", &log));
  }
  FOOTHOLD_ASSIGN(
      const std::unique_ptr<Service> service,
      Service::Open({.config = config,
                     .playbook = playbook,
                     .work = given.is_of_journal ? ServiceWork::kFold : ServiceWork::kAll,
                     .is_state_in_memory = true,
                     .is_stepped = true,
                     .intake_entries_max = kIntakeEntries,
                     .journey_entries_max = static_cast<std::size_t>(given.commit_entries)},
                    {.log = &log, .clock = &clock, .logger = &logger, .registry = &registry}));
  Printer printer(&log, TopicNamesOf(config), out);
  if (!given.is_of_journal) {
    return ReplayFiles(given, config, service.get(), feed.get(), &log, &printer, logger);
  }
  FOOTHOLD_TRY(service->Start());
  bool is_fed = false;
  while (!is_fed) {
    FOOTHOLD_ASSIGN(is_fed, journal->Copy());
    FOOTHOLD_TRY(Drain(service.get(), config, &log, &printer));
  }
  return service->Stop();
}

}  // namespace

int RunReplay(std::span<const std::string> arguments, const Surroundings& surroundings) {
  ReplayFlags given;
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
  if (!ParseUntil(given.until, kEpoch).has_value()) {
    surroundings.error << UntilMistake("replay", given.until) << '\n';
    return kExitConfig;
  }
  Result<config::Config> config = ConfigOf(given);
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
