#include "src/log/transaction_table.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::log {

ProducerIdentity TransactionTable::Initialise(const std::string& transactional_id,
                                              milliseconds timeout, Instant now) {
  Transaction& transaction = transactions_[transactional_id];
  if (transaction.number != 0) {
    Decide(transactional_id, &transaction, Outcome::kAborted, now);
  }
  FinishMarkersOf(transactional_id);
  transaction.timeout = timeout;
  ++transaction.epoch;
  return {.transactional_id = transactional_id, .epoch = transaction.epoch};
}

Status TransactionTable::Append(const ProducerIdentity& producer, const OutgoingRecord& record,
                                Instant now) {
  Result<Transaction*> current = Current(producer);
  if (!current) {
    return {};
  }
  Transaction& transaction = **current;
  OpenUnlessOpen(producer, &transaction, now);
  FOOTHOLD_ASSIGN(const PartitionLog* partition,
                  topics_.PartitionOf(record.topic, record.partition));
  const bool is_first = !partition->IsOpen(transaction.number);
  FOOTHOLD_TRY(StatusOf(topics_.Append(record, transaction.number, now)));
  if (is_first) {
    transaction.partitions.push_back({std::string(record.topic), record.partition});
  }
  return {};
}

Status TransactionTable::AddOffsets(const ProducerIdentity& producer,
                                    std::span<const Position> positions,
                                    const Membership& membership, Instant now) {
  FOOTHOLD_ASSIGN(Transaction * transaction, Current(producer));
  const auto group = groups_.find(membership.group);
  FOOTHOLD_CHECK(group != groups_.end(), "a token names a group of this log");
  if (const auto refusal = group->second.Refusal(membership.member, membership.generation)) {
    return Error(Code::kAborted, *refusal);
  }
  if (positions.empty()) {
    return {};
  }
  OpenUnlessOpen(producer, transaction, now);
  auto& offsets = transaction->offsets[membership.group];
  for (const Position& position : positions) {
    if (offsets.insert_or_assign(position.source, CommittedPlace{position.next, position.note})
            .second) {
      group->second.HoldOffset(position.source);
    }
  }
  return {};
}

Status TransactionTable::End(const ProducerIdentity& producer, Outcome outcome, Instant now) {
  FOOTHOLD_ASSIGN(Transaction * transaction, Current(producer));
  if (transaction->number != 0) {
    Decide(producer.transactional_id, transaction, outcome, now);
  }
  return {};
}

void TransactionTable::Tick(Instant now) {
  for (auto& [transactional_id, transaction] : transactions_) {
    if (transaction.number != 0 && now - transaction.opened_at > transaction.timeout) {
      Decide(transactional_id, &transaction, Outcome::kAborted, now);
      ++transaction.epoch;
    }
  }
  std::erase_if(markers_, [this, now](const Marker& marker) {
    if (marker.due_at > now) {
      return false;
    }
    Write(marker);
    return true;
  });
}

Result<TransactionTable::Transaction*> TransactionTable::Current(const ProducerIdentity& producer) {
  Transaction& transaction = transactions_.at(producer.transactional_id);
  if (transaction.epoch != producer.epoch) {
    return Error(Code::kFenced,
                 fmt::format("transactional id {}: epoch {} was fenced by epoch {}",
                             producer.transactional_id, producer.epoch, transaction.epoch));
  }
  return &transaction;
}

void TransactionTable::OpenUnlessOpen(const ProducerIdentity& producer, Transaction* transaction,
                                      Instant now) {
  if (transaction->number != 0) {
    return;
  }
  FinishMarkersOf(producer.transactional_id);
  transaction->number = ++last_number_;
  transaction->opened_at = now;
}

void TransactionTable::Decide(const std::string& transactional_id, Transaction* transaction,
                              Outcome outcome, Instant now) {
  const TransactionNumber number = std::exchange(transaction->number, 0);
  std::vector<Marker> markers;
  for (TopicPartition& partition : std::exchange(transaction->partitions, {})) {
    markers.push_back({.transactional_id = transactional_id,
                       .number = number,
                       .outcome = outcome,
                       .due_at = now,
                       .partition = std::move(partition)});
  }
  for (auto& [group, offsets] : std::exchange(transaction->offsets, {})) {
    markers.push_back({.transactional_id = transactional_id,
                       .number = number,
                       .outcome = outcome,
                       .due_at = now,
                       .partition = {.topic = group, .partition = PartitionId{0}},
                       .offsets = std::move(offsets)});
  }
  for (Marker& marker : markers) {
    const milliseconds delay =
        faults_ == nullptr ? milliseconds{0} : faults_->MarkerDelay(marker.partition);
    if (delay <= milliseconds{0}) {
      Write(marker);
    } else {
      marker.due_at = now + delay;
      markers_.push_back(std::move(marker));
    }
  }
}

void TransactionTable::Write(const Marker& marker) {
  if (marker.offsets.empty()) {
    const Result<PartitionLog*> partition =
        topics_.PartitionOf(marker.partition.topic, marker.partition.partition);
    FOOTHOLD_CHECK(partition.has_value(), "a transaction's partitions exist");
    (*partition)->Settle(marker.number, marker.outcome);
    return;
  }
  Group& group = groups_.at(marker.partition.topic);
  for (const auto& [source, place] : marker.offsets) {
    group.ReleaseOffset(source);
    if (marker.outcome == Outcome::kCommitted) {
      group.CommitOffset(source, place);
    }
  }
}

void TransactionTable::FinishMarkersOf(const std::string& transactional_id) {
  std::erase_if(markers_, [this, &transactional_id](const Marker& marker) {
    if (marker.transactional_id != transactional_id) {
      return false;
    }
    Write(marker);
    return true;
  });
}

}  // namespace foothold::log
