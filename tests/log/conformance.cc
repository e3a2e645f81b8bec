#include "tests/log/conformance.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <ostream>

namespace foothold::log {

std::ostream& operator<<(std::ostream& out, const LogForm& form) { return out << form.name; }

std::string LogFormName(const testing::TestParamInfo<LogForm>& info) { return info.param.name; }

ReadRecord CopyOf(const RecordView& record) {
  ReadRecord copy{.source = {.topic = std::string(record.topic), .partition = record.partition},
                  .offset = record.offset,
                  .timestamp = record.timestamp,
                  .key = {},
                  .value = {},
                  .headers = {}};
  if (record.key) {
    copy.key = *record.key;
  }
  if (record.value) {
    copy.value = *record.value;
  }
  for (const Header& header : record.headers) {
    std::optional<std::string> value;
    if (header.value) {
      value = *header.value;
    }
    copy.headers.emplace_back(header.key, std::move(value));
  }
  return copy;
}

std::vector<std::string> ValuesOf(const std::vector<ReadRecord>& records) {
  std::vector<std::string> values;
  std::ranges::transform(records, std::back_inserter(values),
                         [](const ReadRecord& record) { return record.value.value_or("(null)"); });
  return values;
}

bool Eventually(const std::function<bool()>& is_so) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() >= deadline) {
      return false;
    }
  }
  return true;
}

Member::Member(Log& log, const ConsumerOptions& options, std::vector<std::string> topics) {
  Result<std::unique_ptr<Consumer>> consumer = log.NewConsumer(options);
  EXPECT_TRUE(consumer.has_value()) << StatusOf(consumer).ToString();
  consumer_ = std::move(*consumer);
  const Status status = consumer_->Subscribe(topics);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

void Member::Step(milliseconds timeout) {
  StepWithoutLettingGo(timeout);
  LetGo();
}

void Member::StepWithoutLettingGo(milliseconds timeout) {
  if (unanswered_ || !failure_.ok()) {
    return;
  }
  const Result<Batch> batch = consumer_->Poll(timeout);
  if (!batch) {
    if (batch.error().code() != Code::kRetry) {
      failure_ = batch.error();
    }
    return;
  }
  std::ranges::transform(batch->records, std::back_inserter(records_), CopyOf);
  if (!batch->change) {
    return;
  }
  EXPECT_TRUE(batch->records.empty()) << "a change comes alone";
  change_count_ += batch->change->partitions.empty() ? 0 : 1;
  if (batch->change->kind == AssignmentChange::Kind::kAssigned) {
    TakeOver(batch->change->partitions);
  } else {
    unanswered_ = batch->change;
  }
}

void Member::LetGo() {
  if (!unanswered_) {
    return;
  }
  for (const TopicPartition& source : unanswered_->partitions) {
    EXPECT_EQ(owned_.erase(source), 1U) << ToString(source) << " was not owned";
  }
  const Status status = consumer_->AcceptRevoked(unanswered_->partitions);
  EXPECT_TRUE(status.ok()) << status.ToString();
  unanswered_.reset();
}

void Member::TakeOver(const std::vector<TopicPartition>& partitions) {
  const auto committed =
      Insist([this, &partitions] { return consumer_->Committed(partitions, kCallTimeout); });
  ASSERT_TRUE(committed.has_value()) << StatusOf(committed).ToString();
  std::vector<Position> starts;
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    EXPECT_TRUE(owned_.insert(partitions[i]).second) << ToString(partitions[i]) << " was owned";
    starts.push_back({.source = partitions[i], .next = (*committed)[i].value_or(NextOffset{0})});
  }
  const Status status = consumer_->AcceptAssigned(starts);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

std::string LogConformance::NewTopic(std::int32_t partitions) {
  TopicSpec spec{.name = UniqueName("topic"), .partitions = partitions};
  spec.configs = {{"retention.ms", "-1"}};
  Result<std::unique_ptr<Admin>> admin = log().NewAdmin();
  EXPECT_TRUE(admin.has_value()) << StatusOf(admin).ToString();
  const Status status = Insist([&] { return (*admin)->CreateTopics(std::array{spec}); });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return spec.name;
}

std::unique_ptr<TransactionalProducer> LogConformance::NewProducer(
    const std::string& transactional_id, std::vector<std::string> topics) {
  Result<std::unique_ptr<TransactionalProducer>> producer =
      log().NewProducer({.transactional_id = transactional_id, .topics = std::move(topics)});
  EXPECT_TRUE(producer.has_value()) << StatusOf(producer).ToString();
  const Status status = Insist([&] { return (*producer)->Init(kCallTimeout); });
  EXPECT_TRUE(status.ok()) << status.ToString();
  return std::move(*producer);
}

std::unique_ptr<Consumer> LogConformance::NewReader(const TopicPartition& source,
                                                    std::int64_t next) {
  Result<std::unique_ptr<Consumer>> consumer = log().NewConsumer({});
  EXPECT_TRUE(consumer.has_value()) << StatusOf(consumer).ToString();
  const Status status =
      (*consumer)->Assign(std::array{Position{.source = source, .next = NextOffset{next}}});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return std::move(*consumer);
}

std::unique_ptr<Consumer> LogConformance::NewUncommittedReader(const TopicPartition& source) {
  Result<std::unique_ptr<Consumer>> consumer = log().NewConsumer({.reads_uncommitted = true});
  EXPECT_TRUE(consumer.has_value()) << StatusOf(consumer).ToString();
  const Status status =
      (*consumer)->Assign(std::array{Position{.source = source, .next = NextOffset{0}}});
  EXPECT_TRUE(status.ok()) << status.ToString();
  return std::move(*consumer);
}

std::unique_ptr<Consumer> LogConformance::NewOnlooker(const std::string& group) {
  Result<std::unique_ptr<Consumer>> consumer = log().NewConsumer({.group = group});
  EXPECT_TRUE(consumer.has_value()) << StatusOf(consumer).ToString();
  return std::move(*consumer);
}

void LogConformance::WriteCommitted(const TopicPartition& source,
                                    const std::vector<std::string>& values) {
  const auto producer = NewProducer(UniqueName("writer"), {source.topic});
  ASSERT_TRUE(producer->Begin().ok());
  for (const std::string& value : values) {
    ASSERT_TRUE(Insist([&] { return producer->Send(RecordOf(source, value)); }).ok());
  }
  const Status status = Insist([&] { return producer->Commit(kCallTimeout); });
  ASSERT_TRUE(status.ok()) << status.ToString();
}

void LogConformance::WriteAborted(const TopicPartition& source,
                                  const std::vector<std::string>& values) {
  const auto producer = NewProducer(UniqueName("writer"), {source.topic});
  ASSERT_TRUE(producer->Begin().ok());
  for (const std::string& value : values) {
    ASSERT_TRUE(Insist([&] { return producer->Send(RecordOf(source, value)); }).ok());
  }
  // An abort may throw away what is still on its way: let it arrive, so that there is what to hide.
  const auto witness = NewUncommittedReader(source);
  ASSERT_TRUE(Eventually([&] {
    const Result<Batch> batch = witness->Poll(kStep);
    return batch && std::ranges::any_of(batch->records, [&](const RecordView& record) {
             return record.value == values.back();
           });
  }));
  const Status status = Insist([&] { return producer->Abort(kCallTimeout); });
  ASSERT_TRUE(status.ok()) << status.ToString();
}

std::vector<ReadRecord> LogConformance::ReadRecords(Consumer& consumer, std::size_t count) {
  std::vector<ReadRecord> records;
  Status failure;
  Eventually([&] {
    const Result<Batch> batch = consumer.Poll(kStep);
    if (batch) {
      std::ranges::transform(batch->records, std::back_inserter(records), CopyOf);
    } else if (batch.error().code() != Code::kRetry) {
      failure = batch.error();
    }
    return records.size() >= count || !failure.ok();
  });
  EXPECT_TRUE(failure.ok()) << failure.ToString();
  return records;
}

std::optional<NextOffset> LogConformance::CommittedOf(const std::string& group,
                                                      const TopicPartition& source) {
  const auto onlooker = NewOnlooker(group);
  const auto committed =
      Insist([&] { return onlooker->Committed(std::array{source}, kCallTimeout); });
  EXPECT_TRUE(committed.has_value()) << StatusOf(committed).ToString();
  return committed ? committed->front() : std::nullopt;
}

bool LogConformance::StepUntil(const std::vector<Member*>& members,
                               const std::function<bool()>& is_so) {
  return Eventually([&] {
    for (Member* const member : members) {
      member->Step();
    }
    return is_so();
  });
}

OutgoingRecord RecordOf(const TopicPartition& source, std::string_view value) {
  return {.topic = source.topic, .partition = source.partition, .key = "k", .value = value};
}

TopicPartition PartitionOf(const std::string& topic, std::int32_t partition) {
  return {.topic = topic, .partition = PartitionId{partition}};
}

std::set<TopicPartition> PartitionsOf(const std::string& topic, std::int32_t count) {
  std::set<TopicPartition> partitions;
  for (std::int32_t i = 0; i < count; ++i) {
    partitions.insert(PartitionOf(topic, i));
  }
  return partitions;
}

}  // namespace foothold::log
