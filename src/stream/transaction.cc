#include "src/stream/transaction.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::stream {
namespace {

// A call before the commit that never gets through has changed nothing that could be seen.
Status AsAborted(Status status, const char* step) {
  if (status.ok() || status.code() != Code::kRetry) {
    return status;
  }
  return Error(Code::kAborted, fmt::format("{} did not get through: {}", step, status.message()));
}

// Those of one partition lie together.
bool IsFirstOfPartition(const std::vector<StagedChange>& changelog, std::size_t i) {
  return i == 0 || changelog[i - 1].partition != changelog[i].partition;
}

}  // namespace

Status RetryPolicy::Run(const std::function<Status()>& call) const {
  Status status = call();
  for (int retry = 0; retry < retries_max && !status.ok() && status.code() == Code::kRetry;
       ++retry) {
    if (wait) {
      wait(backoff);
    }
    status = call();
  }
  return status;
}

Transaction::Transaction(log::TransactionalProducer* producer, RetryPolicy retry)
    : producer_(producer), retry_(std::move(retry)) {}

Status Transaction::Commit(const StagedWrites& writes, const log::GroupToken& group, Stage* stage) {
  FOOTHOLD_CHECK(!is_open_, "a transaction was left open");
  if (!writes.is_empty()) {
    FOOTHOLD_TRY(AsAborted(retry_.Run([&] { return producer_->Begin(); }), "begin"));
    is_open_ = true;
    partitions_.clear();

    FOOTHOLD_TRY(SendFirstChanges(writes));
    // 1. The outputs.
    for (const StagedRecord& record : writes.outputs) {
      FOOTHOLD_TRY(Send(record));
    }
    if (writes.send_outputs) {
      FOOTHOLD_TRY(
          writes.send_outputs([this](const log::OutgoingRecord& record) { return Send(record); }));
    }
    // 2. The changelog.
    for (std::size_t i = 0; i < writes.changelog.size(); ++i) {
      if (!IsFirstOfPartition(writes.changelog, i)) {
        FOOTHOLD_TRY(SendChange(writes, i));
      }
    }
    // 3. The input positions.
    if (!writes.positions.empty()) {
      FOOTHOLD_TRY(AsAborted(retry_.Run([&] {
        return producer_->SendOffsets(writes.positions, group, retry_.call_timeout);
      }),
                             "sending offsets"));
    }
    // 4. The commit in the log.
    Status committed = retry_.Run([&] { return producer_->Commit(retry_.call_timeout); });
    if (!committed.ok() && committed.code() == Code::kRetry) {
      return Error(Code::kFenced, "the outcome of a commit is unknown: " + committed.message());
    }
    FOOTHOLD_TRY(committed);
    is_open_ = false;
  }
  // 5. The stores, which may lag.
  stage->Apply();
  return Status();
}

// Client and broker settle which partitions belong to a transaction in rounds, and the first round
// begins with the first record: what is ready is told of before the outputs are made.
Status Transaction::SendFirstChanges(const StagedWrites& writes) {
  for (std::size_t i = 0; i < writes.changelog.size(); ++i) {
    if (IsFirstOfPartition(writes.changelog, i)) {
      FOOTHOLD_TRY(SendChange(writes, i));
    }
  }
  return Status();
}

Status Transaction::SendChange(const StagedWrites& writes, std::size_t i) {
  const StagedChange& change = writes.changelog[i];
  return Send({.topic = writes.changelog_topic,
               .partition = change.partition,
               .key = change.key,
               .value = change.value,
               .headers = {},
               .timestamp = std::nullopt});
}

// There are few of them, and records come in runs.
void Transaction::NotePartition(const log::OutgoingRecord& record) {
  const auto is_same = [&](const log::TopicPartition& known) {
    return known.partition == record.partition && known.topic == record.topic;
  };
  if (partitions_.empty() || !is_same(partitions_.back())) {
    const auto known = std::ranges::find_if(partitions_, is_same);
    if (known == partitions_.end()) {
      partitions_.push_back({std::string(record.topic), record.partition});
    } else {
      std::swap(*known, partitions_.back());
    }
  }
}

Status Transaction::Abort() {
  if (!is_open_) {
    return Status();
  }
  FOOTHOLD_TRY(retry_.Run([&] { return producer_->Abort(retry_.call_timeout); }));
  is_open_ = false;
  return Status();
}

Status Transaction::Send(const StagedRecord& record) {
  headers_.clear();
  for (const auto& [key, value] : record.headers) {
    headers_.push_back({key, value});
  }
  return Send({.topic = record.topic,
               .partition = record.partition,
               .key = record.key,
               .value = record.value,
               .headers = headers_,
               .timestamp = std::nullopt});
}

Status Transaction::Send(const log::OutgoingRecord& record) {
  NotePartition(record);
  Status sent = producer_->Send(record);
  if (sent.ok()) {
    return sent;
  }
  if (sent.code() == Code::kRetry) {
    sent = AsAborted(retry_.Run([&] { return producer_->Send(record); }), "sending");
  }
  if (!sent.ok() && sent.code() == Code::kInvalid) {
    // Sizes were checked when the record was made: the topic takes less than it was said to.
    return Error(Code::kFatal,
                 fmt::format("{} takes no record of {} bytes: raise its "
                             "max.message.bytes ({})",
                             log::ToString({std::string(record.topic), record.partition}),
                             record.value ? record.value->size() : 0, sent.message()));
  }
  return sent;
}

}  // namespace foothold::stream
