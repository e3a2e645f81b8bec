#include "src/stream/transaction.h"

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

    // 1. The outputs.
    for (const StagedRecord& record : writes.outputs) {
      FOOTHOLD_TRY(Send(record));
    }
    // 2. The changelog.
    for (const StagedRecord& record : writes.changelog) {
      FOOTHOLD_TRY(Send(record));
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
  // 5. The stores.
  return stage->Apply();
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
  std::vector<log::Header> headers;
  headers.reserve(record.headers.size());
  for (const auto& [key, value] : record.headers) {
    headers.push_back({key, value});
  }
  const log::OutgoingRecord outgoing{.topic = record.topic,
                                     .partition = record.partition,
                                     .key = record.key,
                                     .value = record.value,
                                     .headers = headers,
                                     .timestamp = std::nullopt};
  Status sent = AsAborted(retry_.Run([&] { return producer_->Send(outgoing); }), "sending");
  if (!sent.ok() && sent.code() == Code::kInvalid) {
    // Sizes were checked when the record was made: the topic takes less than it was said to.
    return Error(Code::kFatal,
                 fmt::format("{} takes no record of {} bytes: raise its "
                             "max.message.bytes ({})",
                             log::ToString({record.topic, record.partition}),
                             record.value ? record.value->size() : 0, sent.message()));
  }
  return sent;
}

}  // namespace foothold::stream
