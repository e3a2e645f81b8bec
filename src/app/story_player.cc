#include "src/app/story_player.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "src/app/control_desk.h"
#include "src/app/settings.h"
#include "src/app/stage_options.h"
#include "src/base/check.h"

namespace foothold::app {
namespace {

constexpr int kTurnsMax = 100'000;
constexpr std::size_t kReadMax = 1'000;

std::string TopicOf(const std::string& source) { return "in." + source; }

config::Config ConfigOf(const StoryHeader& header) {
  config::Config config;
  config.instance = "story";
  config.journal.partitions = 1;
  config.people.partitions = 1;
  config.outputs.partitions = 1;
  config.clock = header.is_live ? journey::ClockMode::kWall : journey::ClockMode::kEvent;
  config.record_bytes_max = header.record_bytes_max.value_or(config.record_bytes_max);
  for (const StorySource& source : header.sources) {
    config::Source configured;
    configured.name = source.name;
    configured.topics = {TopicOf(source.name)};
    configured.preset = source.preset;
    configured.is_required = source.is_required;
    configured.is_product = source.is_product;
    config.sources.push_back(std::move(configured));
  }
  return config;
}

std::string HeartbeatAt(Instant at, const std::string& source, std::int32_t partition) {
  return fmt::format(R"({{"type":"track","event":"heartbeat","messageId":"beat-{}-{}-{}",)"
                     R"("timestamp":"{}","context":{{"groupId":"nobody"}}}})",
                     source, partition, ToMs(at), FormatRfc3339(at));
}

// `name{why="x"} 2` of the counters a story tells -> "skipped x" -> 2.
StoryPlayer::Remarks Counted(const std::string& metrics) {
  constexpr std::pair<std::string_view, std::string_view> kCounters[] = {
      {"foothold_intake_skipped_records_total", "skipped"},
      {"foothold_people_skipped_records_total", "skipped"},
      {"foothold_journey_events_of_erased_total", "dropped: erased"},
      {"foothold_journey_repeated_events_total", "a repeat"},
      {"foothold_journey_conflicting_events_total", "a conflict"}};
  StoryPlayer::Remarks counted;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    for (const auto& [name, word] : kCounters) {
      if (!line.starts_with(name)) {
        continue;
      }
      std::string remark(word);
      constexpr std::string_view kWhy = "why=\"";
      if (const std::size_t why = line.find(kWhy); why != std::string::npos) {
        const std::size_t begin = why + kWhy.size();
        remark += " " + line.substr(begin, line.find('"', begin) - begin);
      }
      counted[remark] += std::atoll(line.c_str() + line.rfind(' ') + 1);
    }
  }
  return counted;
}

}  // namespace

StoryPlayer::StoryPlayer(const StoryHeader& header, const journey::Playbook& playbook,
                         Instant begin)
    : header_(header),
      wall_(begin),
      log_wall_(begin),
      logger_({.level = LogLevel::kWarning}, wall_,
              [this](std::string_view line) { log_lines_.emplace_back(line); }),
      log_(log_wall_),
      config_(ConfigOf(header_)),
      playbook_(playbook) {}

StoryPlayer::~StoryPlayer() = default;

Result<std::unique_ptr<StoryPlayer>> StoryPlayer::Open(const StoryHeader& header,
                                                       const journey::Playbook& playbook,
                                                       Instant begin) {
  std::unique_ptr<StoryPlayer> player(new StoryPlayer(header, playbook, begin));
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, player->log_.NewAdmin());
  for (const StorySource& source : header.sources) {
    const log::TopicSpec topic{.name = TopicOf(source.name), .partitions = source.partitions};
    FOOTHOLD_TRY(admin->CreateTopics({&topic, 1}));
  }
  if (header.history.has_value()) {
    FOOTHOLD_TRY(player->Beat(*header.history, *header.history));
  }
  FOOTHOLD_TRY(player->Start());
  FOOTHOLD_ASSIGN(player->reader_,
                  player->log_.ReadCommitted(TopicNamesOf(player->config_).Outputs()));
  return player;
}

Status StoryPlayer::Start() {
  told_.clear();
  service_.reset();
  registry_ = std::make_unique<metrics::Registry>();
  FOOTHOLD_ASSIGN(
      service_,
      Service::Open(
          {.config = config_,
           .playbook = playbook_,
           .is_state_in_memory = true,
           .is_stepped = true},
          {.log = &log_, .clock = &wall_, .logger = &logger_, .registry = registry_.get()}));
  FOOTHOLD_TRY(service_->Start());
  return Run();
}

Status StoryPlayer::Run() {
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    FOOTHOLD_ASSIGN(const bool has_worked, service_->Turn());
    if (!has_worked) {
      return {};
    }
  }
  return Error(Code::kFatal, "the service does not come to rest");
}

Status StoryPlayer::Produce(const std::string& source, std::int32_t partition,
                            const std::string& record, Instant arrival) {
  return StatusOf(
      log_.AppendInput({.topic = TopicOf(source.empty() ? header_.sources.front().name : source),
                        .partition = PartitionId{partition},
                        .key = std::nullopt,
                        .value = record,
                        .timestamp = arrival}));
}

Status StoryPlayer::Beat(Instant at, Instant arrival) {
  for (const StorySource& source : header_.sources) {
    for (std::int32_t i = 0; i < source.partitions; ++i) {
      FOOTHOLD_TRY(Produce(source.name, i, HeartbeatAt(at, source.name, i), arrival));
    }
  }
  return {};
}

Status StoryPlayer::MoveWall(Instant at) {
  if (at > wall_.Now()) {
    wall_.Set(at);
  }
  return Run();
}

Status StoryPlayer::Write(const codec::ControlAction& action) {
  stream::ControlWriter writer(&log_, ControlOptionsOf(config_, TopicNamesOf(config_)));
  return StatusOf(writer.Say(action, std::nullopt));
}

Status StoryPlayer::Say(const codec::ControlAction& action) {
  FOOTHOLD_TRY(Write(action));
  return Run();
}

Status StoryPlayer::Happen(const StoryStep& step, std::optional<Instant> at,
                           const std::string& record) {
  if (header_.is_live && at.has_value()) {
    FOOTHOLD_TRY(MoveWall(*at));
  }
  FOOTHOLD_TRY(Produce(step.source, step.partition, record, wall_.Now()));
  return Run();
}

Status StoryPlayer::Play(const StoryStep& step) {
  switch (step.kind) {
    case StoryStep::Kind::kRule: {
      const std::optional<codec::RuleWord::Word> word = RuleWordOf(step.word);
      if (!word.has_value()) {
        return Error(Code::kInvalid, "a rule is not to be told: " + step.word);
      }
      return Say(codec::RuleWord{.rule = step.rule, .word = *word});
    }
    case StoryStep::Kind::kApproval:
      return Say(codec::ApprovalWord{.tenant = step.who.tenant,
                                     .user = step.who.user,
                                     .rule = step.rule,
                                     .rung = 0,
                                     .is_granted = step.word == "approve"});
    case StoryStep::Kind::kErase: {
      const Instant now =
          header_.is_live ? wall_.Now() : service_->outlook().event_time_max.value_or(wall_.Now());
      return Say(codec::EraseWord{
          .tenant = step.who.tenant, .at = now, .users = {step.who.user}, .hashes = {}});
    }
    case StoryStep::Kind::kRecord:
      FOOTHOLD_TRY(Happen(step, step.at, step.record));
      for (const auto& [at, record] : step.more) {
        FOOTHOLD_TRY(Happen(step, at, record));
      }
      return {};
    case StoryStep::Kind::kClock:
      if (header_.is_live) {
        return MoveWall(*step.at);
      }
      FOOTHOLD_TRY(Beat(*step.at + playbook_.lateness, wall_.Now()));
      return Run();
    case StoryStep::Kind::kRestart:
      return Start();
    case StoryStep::Kind::kEnd: {
      const std::optional<Instant> last = service_->outlook().event_time_max;
      service_->RequestFinish(step.at.has_value() ? *step.at : last.value_or(kEpoch));
      return Run();
    }
    case StoryStep::Kind::kStatus:
    case StoryStep::Kind::kText:
      return {};
  }
  FOOTHOLD_CHECK(false, "a step outside its enum");
}

Result<std::vector<StoryOutput>> StoryPlayer::TakeOutputs() {
  std::vector<StoryOutput> outputs;
  while (true) {
    const std::span<const log::RecordView> records = reader_->Read(kReadMax);
    if (records.empty()) {
      return outputs;
    }
    for (const log::RecordView& record : records) {
      StoryOutput output{.topic = std::string(record.topic),
                         .key = std::string(record.key.value_or("")),
                         .value = std::nullopt,
                         .headers = {}};
      if (record.value.has_value()) {
        output.value = std::string(*record.value);
      }
      for (const log::Header& header : record.headers) {
        output.headers[std::string(header.key)] = std::string(header.value.value_or(""));
      }
      outputs.push_back(std::move(output));
    }
  }
}

StoryPlayer::Remarks StoryPlayer::TakeRemarks() {
  const Remarks now = Counted(registry_->Render());
  Remarks moved;
  for (const auto& [remark, count] : now) {
    if (count != told_[remark]) {
      moved[remark] = count - told_[remark];
    }
  }
  told_ = now;
  return moved;
}

}  // namespace foothold::app
