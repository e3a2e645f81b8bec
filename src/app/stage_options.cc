#include "src/app/stage_options.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::app {
namespace {

// Room for a record's key and headers, and for what wraps an event in the journal.
constexpr std::int64_t kRecordMargin = 64LL << 10U;
constexpr milliseconds kRejoinSlack{30'000};

std::int64_t MessageBytesMax(const config::Config& config) {
  return config.record_bytes_max + kRecordMargin;
}

// Of an entry of the people topic: the record as it came, and the event that it was read as.
std::int64_t PeopleBytesMax(const config::Config& config) { return 2 * MessageBytesMax(config); }

codec::OutputFormat FormatOf(config::OutputFormat format) {
  switch (format) {
    case config::OutputFormat::kJson:
      return codec::OutputFormat::kJson;
    case config::OutputFormat::kProtobufRaw:
      return codec::OutputFormat::kProtobufRaw;
    case config::OutputFormat::kProtobufFramed:
      return codec::OutputFormat::kProtobufFramed;
  }
  FOOTHOLD_CHECK(false, "a format outside its enum");
}

codec::TopicEncoding EncodingOf(const config::OutputTopic& topic) {
  return {.format = FormatOf(topic.format),
          .schema_id = topic.schema_id,
          .has_person = topic.has_person};
}

}  // namespace

stream::TopicNames TopicNamesOf(const config::Config& config) {
  stream::TopicNames topics = stream::TopicNames::ForApp(config.app);
  topics.activation_changed = config.outputs.activation.topic;
  topics.onboarding_progress = config.outputs.progress.topic;
  topics.user_status = config.outputs.user_status.topic;
  topics.account_status = config.outputs.account_status.topic;
  topics.dropoff_risk_changed = config.outputs.risk.topic;
  topics.interventions_email = config.outputs.interventions_email.topic;
  topics.interventions_in_app = config.outputs.interventions_in_app.topic;
  topics.interventions_cs = config.outputs.interventions_cs.topic;
  topics.interventions_log = config.outputs.interventions_log.topic;
  topics.dead_letter = config.outputs.dead_letter;
  return topics;
}

stream::StartAt StartOf(const config::Source& source) {
  switch (source.start.kind) {
    case config::Start::Kind::kEarliest:
      return {.kind = stream::StartAt::Kind::kEarliest, .time = {}};
    case config::Start::Kind::kLatest:
      return {.kind = stream::StartAt::Kind::kLatest, .time = {}};
    case config::Start::Kind::kTime:
      return {.kind = stream::StartAt::Kind::kTime, .time = source.start.time};
  }
  FOOTHOLD_CHECK(false, "a start outside its enum");
}

stream::RetryPolicy RetryOf(const config::Config& config) {
  const stream::WorkerOptions defaults;
  return {.retries_max = defaults.retries_max,
          .backoff = std::max(config.commit_interval, defaults.retry_backoff),
          .wait = [](milliseconds duration) { std::this_thread::sleep_for(duration); }};
}

stream::TopicOptions TopicOptionsOf(const config::Config& config,
                                    const stream::TopicNames& topics) {
  stream::TopicOptions options;
  options.topics = topics;
  options.journal_partitions = config.journal.partitions;
  options.people_partitions = config.people.partitions;
  options.output_partitions = config.outputs.partitions;
  options.people_bytes_max = static_cast<std::size_t>(PeopleBytesMax(config));
  options.replication = static_cast<std::int16_t>(config.outputs.replication);
  options.message_bytes_max = static_cast<std::size_t>(MessageBytesMax(config));
  options.journal_retention = config.journal.retention;
  return options;
}

stream::ControlWriter::Options ControlOptionsOf(const config::Config& config,
                                                const stream::TopicNames& topics) {
  stream::ControlWriter::Options options;
  options.app = config.app;
  options.instance = config.instance;
  options.topics = topics;
  options.journal_partitions = config.journal.partitions;
  options.people_partitions = config.people.partitions;
  options.message_bytes_max = MessageBytesMax(config);
  options.retry = RetryOf(config);
  return options;
}

stream::IntakeOptions IntakeOptionsOf(const config::Config& config,
                                      const stream::TopicNames& topics) {
  stream::IntakeOptions options;
  options.app = config.app;
  options.topics = topics;
  options.journal_partitions = config.journal.partitions;
  options.people_partitions = config.people.partitions;
  options.dead_letter_partitions = config.outputs.partitions;
  options.mode = config.clock;
  options.progress_step = config.clock == journey::ClockMode::kWall ? kHour : kMinute;
  options.record_bytes_max = static_cast<std::size_t>(config.record_bytes_max);
  options.dead_letter_bytes_max = static_cast<std::size_t>(MessageBytesMax(config) - 512);
  for (const config::Source& source : config.sources) {
    Result<intake::Mapping> mapping = intake::MakeMapping(source.preset, source.mapping);
    FOOTHOLD_CHECK(mapping.has_value(), mapping.error().message());
    options.sources.push_back({.name = source.name,
                               .topics = source.topics,
                               .is_required = source.is_required,
                               .is_product = source.is_product,
                               .mapping = std::move(*mapping),
                               .start = StartOf(source)});
  }
  return options;
}

stream::PeopleOptions PeopleOptionsOf(const config::Config& config,
                                      const stream::TopicNames& topics) {
  stream::PeopleOptions options;
  options.app = config.app;
  options.topics = topics;
  options.people_partitions = config.people.partitions;
  options.journal_partitions = config.journal.partitions;
  options.dead_letter_partitions = config.outputs.partitions;
  options.mode = config.clock;
  options.waiting_bytes_max =
      static_cast<std::size_t>(config.people.waiting_bytes / config.people.partitions);
  options.dead_letter_bytes_max = static_cast<std::size_t>(MessageBytesMax(config) - 512);
  return options;
}

stream::JourneyOptions JourneyOptionsOf(const config::Config& config,
                                        const stream::TopicNames& topics) {
  stream::JourneyOptions options;
  options.app = config.app;
  options.topics = topics;
  options.journal_partitions = config.journal.partitions;
  options.output_partitions = config.outputs.partitions;
  options.cache_bytes_max = static_cast<std::size_t>(config.state.cache_bytes);
  options.checkpoint_interval = config.state.checkpoint_interval;
  options.email_salt = config.email_salt.empty() ? config.app : config.email_salt;
  options.outputs.app = config.app;
  using enum codec::OutputTopic;
  const config::Outputs& outputs = config.outputs;
  for (const auto& [topic, output] : {std::pair(kActivationChanged, &outputs.activation),
                                      std::pair(kDropoffRiskChanged, &outputs.risk),
                                      std::pair(kOnboardingProgress, &outputs.progress),
                                      std::pair(kInterventionsEmail, &outputs.interventions_email),
                                      std::pair(kInterventionsInApp, &outputs.interventions_in_app),
                                      std::pair(kInterventionsCs, &outputs.interventions_cs),
                                      std::pair(kInterventionsLog, &outputs.interventions_log),
                                      std::pair(kUserStatus, &outputs.user_status),
                                      std::pair(kAccountStatus, &outputs.account_status)}) {
    options.outputs.of(topic) = EncodingOf(*output);
  }
  return options;
}

stream::FolderShelf::Options ShelfOptionsOf(const config::Config& config, bool is_in_memory) {
  // A file system in memory has no working directory that a relative path could begin at.
  std::error_code failure;
  const std::filesystem::path absolute = std::filesystem::absolute(config.state.dir, failure);
  return {
      .root = fmt::format("{}/{}", failure ? config.state.dir : absolute.string(), config.app),
      .app = config.app,
      .memory = state::SharedMemory::Create(static_cast<std::size_t>(config.state.memory_bytes)),
      .in_memory = is_in_memory};
}

stream::FolderShelf::Options PeopleShelfOptionsOf(const stream::FolderShelf::Options& journey) {
  stream::FolderShelf::Options options = journey;
  options.root += "/people";
  options.app += "/people";
  return options;
}

stream::WorkerOptions WorkerOptionsOf(const config::Config& config,
                                      const stream::TopicNames& topics, std::string_view stage,
                                      int worker) {
  const bool is_intake = stage == "intake";
  const bool is_people = stage == "people";
  stream::WorkerOptions options;
  options.name = fmt::format("{}-{}", stage, worker);
  if (is_intake) {
    for (const config::Source& source : config.sources) {
      options.subscription.insert(options.subscription.end(), source.topics.begin(),
                                  source.topics.end());
    }
  } else {
    options.subscription = {is_people ? topics.people : topics.journal};
  }
  options.consumer.group = fmt::format("{}-{}", config.app, stage);
  options.consumer.instance_id =
      fmt::format("{}-{}-{}-{}", config.app, stage, config.instance, worker);
  // The watchdog ends a stuck process before the group gives its partitions away. Not much later,
  // for this is also how long a group waits for a member that lives and does not join again.
  options.consumer.max_poll_interval =
      std::max(config.watchdog + kRejoinSlack, config.session_timeout);
  options.consumer.session_timeout = config.session_timeout;
  // A record of the journal holds up to a thousand entries.
  options.consumer.batch_records_max = is_intake ? 500 : 50;
  options.producer.transactional_id = options.consumer.instance_id;
  if (is_intake || is_people) {
    options.producer.topics = is_intake ? topics.OfIntake() : topics.OfPeople();
    options.producer.message_bytes_max = PeopleBytesMax(config);
  } else {
    options.producer.topics = topics.OfJourney();
    options.producer.message_bytes_max = MessageBytesMax(config);
  }
  options.commit_interval = config.commit_interval;
  return options;
}

}  // namespace foothold::app
