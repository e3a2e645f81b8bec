#include "src/app/group_places.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/app/kafka_client.h"
#include "src/app/stage_options.h"
#include "src/app/topic_reader.h"
#include "src/codec/journal.h"

namespace foothold::app {
namespace {

// A live intake tells of itself at least every ten seconds.
constexpr milliseconds kAliveSpan{25'000};

Status ReadStage(log::Log* log, const config::Config& config, const std::string& stage,
                 std::vector<GroupPlace>* places) {
  const stream::WorkerOptions worker = WorkerOptionsOf(config, TopicNamesOf(config), stage, 0);
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> asker,
                  log->NewConsumer({.group = worker.consumer.group}));
  const stream::RetryPolicy retry = RetryOf(config);
  for (const std::string& topic : worker.subscription) {
    FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches, StretchesOf(log, topic));
    std::vector<log::TopicPartition> sources;
    for (const Stretch& stretch : stretches) {
      sources.push_back(stretch.source);
    }
    std::vector<std::optional<NextOffset>> committed;
    FOOTHOLD_TRY(retry.Run([&]() -> Status {
      FOOTHOLD_ASSIGN(committed, asker->Committed(sources, kCallTimeout));
      return Status();
    }));
    for (std::size_t i = 0; i < stretches.size(); ++i) {
      GroupPlace place{.stage = stage,
                       .source = stretches[i].source,
                       .committed = std::nullopt,
                       .low = stretches[i].from,
                       .end = stretches[i].until};
      if (committed[i].has_value()) {
        place.committed = committed[i]->value;
      }
      places->push_back(std::move(place));
    }
  }
  return Status();
}

Result<std::int64_t> TargetIn(log::Consumer* asker, const ResetTarget& target,
                              const GroupPlace& place) {
  switch (target.kind) {
    case ResetTarget::Kind::kEarliest:
      return place.low;
    case ResetTarget::Kind::kLatest:
      return place.end;
    case ResetTarget::Kind::kTime: {
      FOOTHOLD_ASSIGN(const NextOffset next,
                      asker->OffsetForTime(place.source, target.time, kCallTimeout));
      return std::max(next.value, place.low);
    }
    case ResetTarget::Kind::kOffset:
      break;
  }
  if (target.offset < place.low || target.offset > place.end) {
    return Error(Code::kInvalid,
                 fmt::format("{} holds offsets {} to {}: {} lies outside",
                             log::ToString(place.source), place.low, place.end, target.offset));
  }
  return target.offset;
}

// Whether an intake has told of itself a moment ago: then its group is left in peace.
Result<bool> IsIntakeAlive(log::Log* log, const config::Config& config) {
  FOOTHOLD_ASSIGN(std::vector<Stretch> stretches, StretchesOf(log, TopicNamesOf(config).journal));
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> asker, log->NewConsumer({}));
  const Instant since = SystemWallClock().Now() - kAliveSpan;
  stretches.resize(1);  // Progress goes into every partition.
  FOOTHOLD_ASSIGN(const NextOffset from,
                  asker->OffsetForTime(stretches[0].source, since, kCallTimeout));
  stretches[0].from = std::max(stretches[0].from, from.value);
  bool is_alive = false;
  FOOTHOLD_TRY(ReadStretches(log, stretches, [&](const log::RecordView& record) -> Result<bool> {
    FOOTHOLD_ASSIGN(const codec::JournalBatchReader batch,
                    codec::JournalBatchReader::Open(record.value.value_or("")));
    for (std::size_t i = 0; i < batch.count() && !is_alive; ++i) {
      FOOTHOLD_ASSIGN(const codec::JournalEntry entry, batch.entry(i));
      const auto* const progress = std::get_if<journey::Progress>(&entry);
      is_alive = progress != nullptr && !progress->people.has_value() &&
                 progress->wall.value_or(kEpoch) > since;
    }
    return !is_alive;
  }));
  return is_alive;
}

Status StillActive(const std::string& group, const std::string& sign) {
  return Status(Code::kInvalid,
                fmt::format("{} has other members: {}. Stop every instance first; one that stopped "
                            "stays a member until its session_timeout is over, so --wait longer",
                            group, sign));
}

// Takes part in the group until all of `wanted` is ours.
Status AwaitAll(log::Consumer* member, const std::string& group,
                const std::set<log::TopicPartition>& wanted, Instant deadline) {
  const SystemWallClock clock;
  std::set<log::TopicPartition> owned;
  while (owned != wanted) {
    if (clock.Now() > deadline) {
      return StillActive(group, fmt::format("they hold {} of {} partitions",
                                            wanted.size() - owned.size(), wanted.size()));
    }
    const Result<log::Batch> batch = member->Poll(kPollTimeout);
    if (!batch.has_value()) {
      if (batch.error().code() != Code::kRetry) {
        return batch.error();
      }
      continue;
    }
    if (!batch->change.has_value()) {
      continue;
    }
    const std::vector<log::TopicPartition> partitions = batch->change->partitions;
    if (batch->change->kind != log::AssignmentChange::Kind::kAssigned) {
      FOOTHOLD_TRY(member->AcceptRevoked(partitions));
      for (const log::TopicPartition& source : partitions) {
        owned.erase(source);
      }
      continue;
    }
    // Nothing is read: where each would begin does not matter, as long as there is such a place.
    std::vector<log::Position> starts;
    for (const log::TopicPartition& source : partitions) {
      FOOTHOLD_ASSIGN(const log::Watermarks range, member->QueryWatermarks(source, kCallTimeout));
      starts.push_back({source, NextOffset{range.high}});
      owned.insert(source);
    }
    FOOTHOLD_TRY(member->AcceptAssigned(starts));
    FOOTHOLD_TRY(member->Pause(partitions));
  }
  return Status();
}

}  // namespace

Result<std::vector<GroupPlace>> PlacesOf(log::Log* log, const config::Config& config,
                                         std::string_view stage) {
  std::vector<GroupPlace> places;
  for (const char* const name : {"intake", "people", "journey"}) {
    if (stage.empty() || stage == name) {
      FOOTHOLD_TRY(ReadStage(log, config, name, &places));
    }
  }
  return places;
}

std::optional<ResetTarget> ResetTargetOf(std::string_view text) {
  if (text == "earliest" || text == "latest") {
    return ResetTarget{.kind = text == "earliest" ? ResetTarget::Kind::kEarliest
                                                  : ResetTarget::Kind::kLatest};
  }
  ResetTarget target{.kind = ResetTarget::Kind::kOffset};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, target.offset);
  if (error == std::errc() && stop == end && target.offset >= 0) {
    return target;
  }
  const std::optional<ParsedTime> time = ParseRfc3339(text);
  if (!time.has_value()) {
    return std::nullopt;
  }
  return ResetTarget{.kind = ResetTarget::Kind::kTime, .time = time->instant};
}

Result<std::vector<Reset>> PlanReset(log::Log* log, const config::Config& config,
                                     const ResetTarget& target, const std::string& topic,
                                     std::int64_t partition) {
  if (target.kind == ResetTarget::Kind::kOffset && (topic.empty() || partition < 0)) {
    return Error(Code::kInvalid,
                 "an offset is one partition's: name it with --topic and --partition");
  }
  FOOTHOLD_ASSIGN(const std::vector<GroupPlace> places, PlacesOf(log, config, "intake"));
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> asker, log->NewConsumer({}));
  std::vector<Reset> resets;
  for (const GroupPlace& place : places) {
    if ((topic.empty() || place.source.topic == topic) &&
        (partition < 0 || place.source.partition.value == partition)) {
      FOOTHOLD_ASSIGN(const std::int64_t to, TargetIn(asker.get(), target, place));
      resets.push_back({.place = place, .to = to});
    }
  }
  if (resets.empty()) {
    return Error(Code::kInvalid,
                 "no source has such a partition: `foothold offsets show` lists "
                 "them");
  }
  return resets;
}

Status CommitReset(log::Log* log, const config::Config& config, const std::vector<Reset>& resets,
                   milliseconds patience) {
  const SystemWallClock clock;
  const Instant deadline = clock.Now() + patience;
  const stream::WorkerOptions worker = WorkerOptionsOf(config, TopicNamesOf(config), "intake", 0);
  const std::string& group = worker.consumer.group;
  FOOTHOLD_ASSIGN(bool is_alive, IsIntakeAlive(log, config));
  while (is_alive) {
    if (clock.Now() > deadline) {
      return StillActive(group, "one of them wrote into the journal a moment ago");
    }
    stream::Sleep(kPollTimeout);
    FOOTHOLD_ASSIGN(is_alive, IsIntakeAlive(log, config));
  }
  FOOTHOLD_ASSIGN(const std::vector<GroupPlace> places, PlacesOf(log, config, "intake"));
  std::set<log::TopicPartition> all;
  for (const GroupPlace& place : places) {
    all.insert(place.source);
  }
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> member, log->NewConsumer({.group = group}));
  FOOTHOLD_TRY(member->Subscribe(worker.subscription));
  FOOTHOLD_TRY(AwaitAll(member.get(), group, all, deadline));
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::TransactionalProducer> producer,
                  log->NewProducer({.transactional_id = config.app + "-offsets"}));
  const stream::RetryPolicy retry = RetryOf(config);
  std::vector<log::Position> positions;
  for (const Reset& reset : resets) {
    positions.push_back({reset.place.source, NextOffset{reset.to}});
  }
  FOOTHOLD_TRY(retry.Run([&] { return producer->Init(retry.call_timeout); }));
  FOOTHOLD_TRY(producer->Begin());
  FOOTHOLD_TRY(retry.Run(
      [&] { return producer->SendOffsets(positions, member->group(), retry.call_timeout); }));
  FOOTHOLD_TRY(retry.Run([&] { return producer->Commit(retry.call_timeout); }));
  member->Close();
  return Status();
}

}  // namespace foothold::app
