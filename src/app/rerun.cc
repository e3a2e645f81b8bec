#include "src/app/rerun.h"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/app/settings.h"
#include "src/app/stage_options.h"
#include "src/app/until.h"
#include "src/codec/gate_facts.h"
#include "src/codec/journal.h"
#include "src/codec/state.h"
#include "src/codec/volume_facts.h"
#include "src/intake/mapping.h"
#include "state/schema.h"

namespace foothold::app {
namespace {

constexpr std::size_t kOutputChunk = 1'000;
constexpr std::size_t kIntakeEntries = 1'000;
constexpr std::size_t kCompactAtLeast = 50'000;  // Records of a changelog.

// What --mapping and --set say is the command's to name, not a file's.
Status Named(const std::string& command, Status status) {
  return status.ok() ? status : Status(status.code(), command + ": " + status.message());
}

// The payload of a fact; "" if there is none.
Result<std::string> ReadFact(const state::Store& store, std::string_view name) {
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, store.Get(state::FactKey(name)));
  if (!value.has_value()) {
    return std::string();
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
  return std::string(parsed.payload);
}

}  // namespace

void AddRerunFlags(Flags* flags, RerunFlags* given) {
  flags->AddText("-c,--config", &given->config,
                 "foothold.yaml: names, formats, the source's mapping");
  flags->AddText("--mapping", &given->mapping,
                 "Preset of the records: segment, rudderstack, posthog, mixpanel, foothold");
  flags->AddTexts("--set", &given->overrides,
                  "Override of one field: tenant=const:acme, user=properties.uid");
  flags->AddText("--until", &given->until,
                 "Where the clock goes at the end: a time, or +30d after the last event");
  flags->AddNumber("--cache-bytes", &given->cache_bytes, 0, 1LL << 40U,
                   "Memory of decoded users and accounts");
  flags->AddLogging(&given->logging);
}

Result<config::Config> RerunConfigOf(const std::string& command, const RerunFlags& given) {
  if (!ParseUntil(given.until, kEpoch).has_value()) {
    return Error(Code::kInvalid, UntilMistake(command, given.until));
  }
  config::Config config;
  if (!given.config.empty()) {
    FOOTHOLD_ASSIGN(config, LoadConfig(given.config));
  }
  config.instance = command;
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
  FOOTHOLD_TRY(Named(command, AddOverrides(given.overrides, &source.mapping)));
  FOOTHOLD_TRY(Named(command, StatusOf(intake::MakeMapping(source.preset, source.mapping))));
  config.sources = {std::move(source)};
  return config;
}

Rerun::Rerun(const RerunFlags& given, const config::Config& config, const Logger* logger)
    : given_(given),
      config_(config),
      journal_topic_(TopicNamesOf(config).journal),
      logger_(logger),
      log_(clock_) {}

Rerun::~Rerun() = default;

Result<std::unique_ptr<Rerun>> Rerun::Open(const RerunFlags& given, const config::Config& config,
                                           const journey::Playbook& playbook,
                                           const Logger* logger) {
  std::unique_ptr<Rerun> rerun(new Rerun(given, config, logger));
  if (given.is_of_journal) {
    FOOTHOLD_ASSIGN(rerun->journal_,
                    JournalFeed::Open(config, TopicNamesOf(config).journal, &rerun->log_, logger));
    if (given.has_own_playbook) {
      rerun->edit_ = std::make_unique<JournalEdit>(playbook);
      rerun->journal_->SetEdit(rerun->edit_.get());
    }
  } else {
    FOOTHOLD_ASSIGN(rerun->files_,
                    FileFeed::Open(given.files, config.app + "-intake", &rerun->log_));
  }
  FOOTHOLD_ASSIGN(
      rerun->service_,
      Service::Open({.config = config,
                     .playbook = playbook,
                     .work = given.is_of_journal ? ServiceWork::kFold : ServiceWork::kAll,
                     .is_state_in_memory = true,
                     .is_stepped = true,
                     .intake_entries_max = kIntakeEntries,
                     .journey_entries_max = static_cast<std::size_t>(given.commit_entries)},
                    {.log = &rerun->log_,
                     .clock = &rerun->clock_,
                     .logger = logger,
                     .registry = &rerun->registry_}));
  FOOTHOLD_ASSIGN(rerun->reader_, rerun->log_.ReadCommitted(TopicNamesOf(config).Outputs()));
  return rerun;
}

stream::TopicNames Rerun::topics() const { return TopicNamesOf(config_); }

Status Rerun::Run(const Take& take, const Progress& progress) {
  return files_ != nullptr ? RunFiles(take, progress) : RunJournal(take, progress);
}

Status Rerun::RunOn(const Take& take, const Progress& progress) {
  FOOTHOLD_TRY(journal_->Extend());
  return RunJournal(take, progress);
}

Status Rerun::RunJournal(const Take& take, const Progress& progress) {
  FOOTHOLD_TRY(service_->Start());
  bool is_fed = false;
  while (!is_fed) {
    FOOTHOLD_ASSIGN(is_fed, journal_->Copy());
    FOOTHOLD_TRY(Drain(take));
    progress(journal_->share_read());
  }
  FOOTHOLD_TRY(service_->Stop());
  return HandOn(take);
}

Status Rerun::RunFiles(const Take& take, const Progress& progress) {
  FOOTHOLD_TRY(service_->Start());
  bool is_fed = false;
  while (!is_fed) {
    FOOTHOLD_ASSIGN(is_fed, files_->TopUp());
    FOOTHOLD_TRY(StatusOf(service_->Turn()));
    FOOTHOLD_TRY(Trim());
    FOOTHOLD_TRY(HandOn(take));
    progress(files_->share_read());
  }
  FOOTHOLD_TRY(Drain(take));
  const std::optional<Instant> last = service_->outlook().event_time_max;
  if (!last.has_value()) {
    logger_->Warning(
        "no record was accepted as an event, so nothing was decided: look at the dead "
        "letters, if there are any, and at --mapping");
  }
  // Even so: what waits for an account ends with the input.
  const Instant end = last.value_or(kEpoch);
  service_->RequestFinish(ParseUntil(given_.until, end).value_or(end));
  FOOTHOLD_TRY(Drain(take));
  FOOTHOLD_TRY(service_->Stop());
  return HandOn(take);
}

Status Rerun::Drain(const Take& take) {
  bool has_worked = true;
  while (has_worked) {
    FOOTHOLD_ASSIGN(has_worked, service_->Turn());
    FOOTHOLD_TRY(Trim());
    FOOTHOLD_TRY(HandOn(take));
  }
  return {};
}

Status Rerun::TakeEvents(TakeEvent take) {
  take_event_ = std::move(take);
  FOOTHOLD_ASSIGN(journal_reader_, log_.ReadCommitted({&journal_topic_, 1}));
  return {};
}

Status Rerun::Trim() {
  FOOTHOLD_TRY(HandOnEvents());
  log_.TrimConsumed(config_.app + "-people");
  log_.TrimConsumed(config_.app + "-journey");
  const stream::TopicNames names = topics();
  FOOTHOLD_TRY(CompactIfGrown(names.people_changelog));
  return CompactIfGrown(names.changelog);
}

// Each time it is twice what it need be, so that it costs every record as much, and memory is that
// of the state.
Status Rerun::CompactIfGrown(const std::string& changelog) {
  std::size_t& compacted_count = compacted_counts_[changelog];
  if (log_.CountRecords(changelog) < kCompactAtLeast + 2 * compacted_count) {
    return {};
  }
  FOOTHOLD_TRY(log_.Compact(changelog));
  compacted_count = log_.CountRecords(changelog);
  return {};
}

Status Rerun::HandOnEvents() {
  while (journal_reader_ != nullptr) {
    const std::span<const log::RecordView> records = journal_reader_->Read(kOutputChunk);
    if (records.empty()) {
      return {};
    }
    for (const log::RecordView& record : records) {
      FOOTHOLD_ASSIGN(const codec::JournalBatchReader batch,
                      codec::JournalBatchReader::Open(record.value.value_or("")));
      for (std::size_t i = 0; i < batch.count(); ++i) {
        FOOTHOLD_ASSIGN(const codec::JournalEntry entry, batch.entry(i));
        if (const auto* const event = std::get_if<journey::Event>(&entry)) {
          take_event_(*event);
        }
      }
    }
  }
  return {};
}

Status Rerun::HandOn(const Take& take) {
  while (true) {
    const std::span<const log::RecordView> records = reader_->Read(kOutputChunk);
    if (records.empty()) {
      reader_->DeleteRead();
      return {};
    }
    std::vector<log::RecordView> placed(records.begin(), records.end());
    for (log::RecordView& record : placed) {
      record.offset = next_offsets_[{std::string(record.topic), record.partition}]++;
    }
    FOOTHOLD_TRY(take(placed));
  }
}

Result<std::vector<FinalPartition>> Rerun::ReadState() {
  std::vector<FinalPartition> partitions;
  for (std::int32_t i = 0; i < config_.journal.partitions; ++i) {
    FinalPartition partition;
    partition.is_of_files = files_ != nullptr;
    FOOTHOLD_ASSIGN(partition.store, service_->OpenState(PartitionId{i}));
    FOOTHOLD_ASSIGN(const std::string clock, ReadFact(*partition.store, "clock"));
    if (!clock.empty()) {
      FOOTHOLD_ASSIGN(journey::Clock::Parts parts, codec::DecodeClock(clock));
      partition.clock = journey::Clock::FromParts(std::move(parts));
    }
    FOOTHOLD_ASSIGN(const std::string playbook, ReadFact(*partition.store, "playbook"));
    if (!playbook.empty()) {
      FOOTHOLD_ASSIGN(journey::Playbook decoded, codec::DecodePlaybook(playbook));
      partition.definition = std::make_unique<journey::Definition>(std::move(decoded));
    }
    FOOTHOLD_ASSIGN(const std::string controls, ReadFact(*partition.store, "rule_controls"));
    if (!controls.empty()) {
      FOOTHOLD_ASSIGN(partition.controls, codec::DecodeRuleControls(controls));
    }
    FOOTHOLD_ASSIGN(const std::string volumes, ReadFact(*partition.store, "volumes"));
    if (!volumes.empty() && partition.definition != nullptr) {
      FOOTHOLD_ASSIGN(const journey::EventVolumes decoded, codec::DecodeVolumes(volumes));
      partition.quiet = journey::QuietEvents::Of(decoded, *partition.definition);
    }
    partitions.push_back(std::move(partition));
  }
  return partitions;
}

}  // namespace foothold::app
