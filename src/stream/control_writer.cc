#include "src/stream/control_writer.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/base/random.h"
#include "src/base/text.h"

namespace foothold::stream {
namespace {

constexpr int kFencedTriesMax = 10;
// Between two tries: longer than a rival's try takes, in the end.
constexpr milliseconds kFencedWaitMax{10'000};
// Polls without progress before a read to a known end gives up: with the poll's wait, about a
// minute.
constexpr int kEmptyPollsMax = 600;
constexpr milliseconds kPollTimeout{100};

// Reads `source` from `from` to `until` (exclusive) and hands each record to `take` until it says
// false.
template <class Take>
Status ReadRange(log::Consumer* reader, const log::TopicPartition& source, std::int64_t from,
                 std::int64_t until, const RetryPolicy& retry, const Take& take) {
  FOOTHOLD_TRY(reader->Assign(std::vector<log::Position>{{source, NextOffset{from}}}));
  int empty_polls = 0;
  while (reader->PositionOf(source).value_or(NextOffset{from}).value < until) {
    log::Batch batch;
    FOOTHOLD_TRY(retry.Run([&]() -> Status {
      FOOTHOLD_ASSIGN(batch, reader->Poll(retry.wait ? kPollTimeout : milliseconds{0}));
      return Status();
    }));
    for (const log::RecordView& record : batch.records) {
      FOOTHOLD_ASSIGN(const bool goes_on, take(record));
      if (!goes_on) {
        return Status();
      }
    }
    empty_polls = batch.records.empty() ? empty_polls + 1 : 0;
    if (empty_polls > kEmptyPollsMax) {
      return Error(Code::kFatal, fmt::format("{} cannot be read to offset {}: a transaction hangs. "
                                             "Find it with kafka-transactions.sh find-hanging",
                                             log::ToString(source), until));
    }
  }
  return Status();
}

// The roster to hold from now on: what was fixed before stays fixed.
journey::Roster Carry(const std::optional<journey::Roster>& before, journey::Roster roster) {
  std::ranges::sort(roster.sources, {}, &journey::RosterSource::name);
  if (!before.has_value()) {
    return roster;
  }
  for (journey::RosterSource& source : roster.sources) {
    const auto known =
        std::ranges::find(before->sources, source.name, &journey::RosterSource::name);
    if (known != before->sources.end() && known->history_begin.has_value()) {
      source.history_begin = known->history_begin;
    }
  }
  return roster;
}

}  // namespace

ControlWriter::ControlWriter(log::Log* log, Options options)
    : log_(log), options_(std::move(options)) {}

Result<ControlWriter::Ledger> ControlWriter::Seed(const journey::Playbook& playbook,
                                                  const journey::Roster& roster) {
  FOOTHOLD_TRY(journey::Validate(playbook));
  return Insist([&]() -> Result<Ledger> {
    // Who has nothing to write fences nobody: of instances that start together one writes, and the
    // others find it done.
    FOOTHOLD_ASSIGN(Ledger written, ReadLedger());
    if (Complete(playbook, roster, &written).is_empty()) return written;
    return TrySeed(playbook, roster);
  });
}

Result<ControlWriter::Ledger> ControlWriter::Say(const codec::ControlAction& action,
                                                 std::optional<std::int32_t> expects) {
  return Insist([&] { return TrySay(action, expects); });
}

Result<ControlWriter::Ledger> ControlWriter::Insist(const Attempt& attempt) {
  Random random(Hash64(options_.instance));
  Status last;
  for (int tried = 0; tried < kFencedTriesMax; ++tried) {
    Result<Ledger> ledger = attempt();
    const bool may_try_again = !ledger.has_value() && (ledger.error().code() == Code::kFenced ||
                                                       ledger.error().code() == Code::kAborted);
    if (!may_try_again) return ledger;
    last = ledger.error();
    // Not all after the same time: they would fence each other for ever.
    const milliseconds longest =
        std::min(kFencedWaitMax, options_.retry.backoff * (std::int64_t{4} << tried));
    const milliseconds pause{random.Between(options_.retry.backoff.count(),
                                            std::max(options_.retry.backoff, longest).count())};
    if (options_.retry.wait) options_.retry.wait(pause);
  }
  return Error(Code::kFatal,
               fmt::format("the ledger {} could not be written: others write to it all "
                           "the time ({})",
                           options_.topics.control, last.message()));
}

// What the ledger lacks, as the batch to write; `ledger` is then as if it were written.
codec::JournalBatchWriter ControlWriter::Complete(const journey::Playbook& playbook,
                                                  const journey::Roster& roster, Ledger* ledger) {
  codec::JournalBatchWriter batch;
  if (!ledger->playbook.has_value()) {
    batch.Append(codec::Control{.number = ledger->last_number + 1,
                                .follows = ledger->last_number,
                                .action = codec::PublishPlaybook{playbook}});
    ++ledger->last_number;
    ledger->playbook = playbook;
  }
  journey::Roster carried = Carry(ledger->roster, roster);
  if (ledger->roster != carried) {
    batch.Append(carried);
    ledger->roster = std::move(carried);
  }
  return batch;
}

Result<ControlWriter::Ledger> ControlWriter::TrySeed(const journey::Playbook& playbook,
                                                     const journey::Roster& roster) {
  // The producer comes first: whoever wrote before is fenced, so that what is read is the last
  // word.
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::TransactionalProducer> producer, OpenProducer());
  FOOTHOLD_ASSIGN(Ledger ledger, ReadLedger());
  if (!ledger.playbook.has_value()) {
    const Status is_new = CheckJournalIsNew();
    if (!is_new.ok()) {
      // Another instance may have written both since the ledger was read: it shows that now.
      FOOTHOLD_ASSIGN(ledger, ReadLedger());
      if (!ledger.playbook.has_value()) return Failure(is_new);
    }
  }
  codec::JournalBatchWriter batch = Complete(playbook, roster, &ledger);
  if (batch.is_empty()) return ledger;
  // The people stage may have begun later than the ledger: it gets what holds, whatever is new.
  codec::JournalBatchWriter people;
  people.Append(codec::Control{.number = ledger.last_number,
                               .follows = ledger.last_number - 1,
                               .action = codec::PublishPlaybook{*ledger.playbook}});
  people.Append(*ledger.roster);
  const std::string said = batch.Take();
  FOOTHOLD_TRY(Write(producer.get(), {.ledger = said, .journal = said, .people = people.Take()}));
  return ledger;
}

Result<std::unique_ptr<log::TransactionalProducer>> ControlWriter::OpenProducer() {
  FOOTHOLD_ASSIGN(std::unique_ptr<log::TransactionalProducer> producer,
                  log_->NewProducer({.transactional_id = options_.app + "-control",
                                     .topics = {options_.topics.control, options_.topics.journal,
                                                options_.topics.people},
                                     .transaction_timeout = options_.transaction_timeout,
                                     .message_bytes_max = options_.message_bytes_max}));
  FOOTHOLD_TRY(options_.retry.Run([&] { return producer->Init(options_.retry.call_timeout); }));
  return producer;
}

Status ControlWriter::Check(const Ledger& ledger, const codec::ControlAction& action,
                            std::optional<std::int32_t> expects) {
  if (!ledger.playbook.has_value()) {
    return Status(Code::kInvalid, "the ledger has no playbook yet: start `foothold run` first");
  }
  const std::string name = fmt::format("{}@{}", ledger.playbook->name, ledger.playbook->version);
  if (expects.has_value() && ledger.playbook->version != *expects) {
    return Status(Code::kInvalid,
                  fmt::format("{} holds, not version {}: somebody published meanwhile; look at "
                              "`foothold playbook show` and publish again",
                              name, *expects));
  }
  const auto* const word = std::get_if<codec::RuleWord>(&action);
  const auto* const approval = std::get_if<codec::ApprovalWord>(&action);
  if (word == nullptr && approval == nullptr) {
    return Status();
  }
  const std::string& rule = word != nullptr ? word->rule : approval->rule;
  std::vector<std::string> rules;
  for (const journey::Rule& known : ledger.playbook->rules) {
    rules.push_back(known.name);
  }
  if (std::ranges::find(rules, rule) != rules.end()) {
    return Status();
  }
  const std::string_view nearest = NearestWord(rule, rules);
  return Status(Code::kInvalid,
                fmt::format("{} has no rule '{}'{}", name, rule,
                            nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
}

// A word that nobody can read would stop every reader of the journal for good.
Status ControlWriter::CheckReadable(const std::string& batch) {
  const Result<codec::JournalBatchReader> reader = codec::JournalBatchReader::Open(batch);
  Status status = StatusOf(reader);
  if (status.ok()) {
    status = StatusOf(reader->entry(0));
  }
  return status.ok() ? status
                     : Status(Code::kInvalid,
                              fmt::format("not written, as nobody could read it, which a text that "
                                          "is not UTF-8 can do: {}",
                                          status.message()));
}

Result<ControlWriter::Ledger> ControlWriter::TrySay(const codec::ControlAction& action,
                                                    std::optional<std::int32_t> expects) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::TransactionalProducer> producer, OpenProducer());
  FOOTHOLD_ASSIGN(Ledger ledger, ReadLedger());
  FOOTHOLD_TRY(Check(ledger, action, expects));
  const Batches batches = BatchesOf(
      {.number = ledger.last_number + 1, .follows = ledger.last_number, .action = action});
  FOOTHOLD_TRY(CheckReadable(batches.ledger));
  FOOTHOLD_TRY(CheckReadable(batches.journal));
  FOOTHOLD_TRY(Write(producer.get(), batches));
  return ReadLedger();
}

// What people say of rules is nothing to the people stage. The ledger is kept for ever, so it does
// not name whom an erasure is about.
ControlWriter::Batches ControlWriter::BatchesOf(const codec::Control& control) const {
  codec::JournalBatchWriter writer;
  writer.Append(control);
  const std::string said = writer.Take();
  Batches batches{.ledger = said, .journal = said, .people = {}};
  if (std::holds_alternative<codec::PublishPlaybook>(control.action)) {
    batches.people = said;
  } else if (const auto* erase = std::get_if<codec::EraseWord>(&control.action)) {
    codec::EraseWord nameless = *erase;
    nameless.users.clear();
    for (const std::string& user : erase->users) {
      nameless.hashes.push_back(HashWide(user, Hash64(options_.app)));
    }
    codec::Control kept = control;
    kept.action = std::move(nameless);
    writer.Append(kept);
    batches.ledger = writer.Take();
    batches.people = said;
  }
  return batches;
}

Status ControlWriter::Write(log::TransactionalProducer* producer, const Batches& batches) {
  const RetryPolicy& retry = options_.retry;
  const auto send = [&](const std::string& topic, std::int32_t partition,
                        const std::string& value) {
    const log::OutgoingRecord record{.topic = topic,
                                     .partition = PartitionId{partition},
                                     .key = std::nullopt,
                                     .value = value,
                                     .headers = {},
                                     .timestamp = std::nullopt};
    return retry.Run([&] { return producer->Send(record); });
  };
  FOOTHOLD_TRY(producer->Begin());
  FOOTHOLD_TRY(send(options_.topics.control, 0, batches.ledger));
  for (std::int32_t partition = 0; partition < options_.journal_partitions; ++partition) {
    FOOTHOLD_TRY(send(options_.topics.journal, partition, batches.journal));
  }
  const std::int32_t people_partitions = batches.people.empty() ? 0 : options_.people_partitions;
  for (std::int32_t partition = 0; partition < people_partitions; ++partition) {
    FOOTHOLD_TRY(send(options_.topics.people, partition, batches.people));
  }
  return retry.Run([&] { return producer->Commit(retry.call_timeout); });
}

Result<ControlWriter::Ledger> ControlWriter::ReadLedger() {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> reader, log_->NewConsumer({}));
  const log::TopicPartition source{options_.topics.control, PartitionId{0}};
  log::Watermarks range;
  FOOTHOLD_TRY(options_.retry.Run([&]() -> Status {
    FOOTHOLD_ASSIGN(range, reader->QueryWatermarks(source, options_.retry.call_timeout));
    return Status();
  }));
  Ledger ledger;
  const auto take = [&](const log::RecordView& record) -> Result<bool> {
    FOOTHOLD_ASSIGN(const codec::JournalBatchReader batch,
                    codec::JournalBatchReader::Open(record.value.value_or("")));
    for (std::size_t i = 0; i < batch.count(); ++i) {
      FOOTHOLD_ASSIGN(codec::JournalEntry entry, batch.entry(i));
      if (auto* control = std::get_if<codec::Control>(&entry)) {
        ledger.last_number = control->number;
        if (const auto* publish = std::get_if<codec::PublishPlaybook>(&control->action)) {
          ledger.playbook = publish->playbook;
          ledger.prepared.reset();
        } else if (std::holds_alternative<codec::PreparePlaybook>(control->action)) {
          ledger.prepared = ledger.history.size();
        } else if (const auto* word = std::get_if<codec::RuleWord>(&control->action)) {
          Apply(*word, &ledger.rules[word->rule]);
        }
        ledger.history.push_back({.control = std::move(*control), .at = record.timestamp});
      } else if (auto* roster = std::get_if<journey::Roster>(&entry)) {
        ledger.roster = std::move(*roster);
      }
    }
    return true;
  };
  Status read = ReadRange(reader.get(), source, range.low, range.high, options_.retry, take);
  if (!read.ok() && read.code() == Code::kCorrupt) {
    return Error(Code::kFatal, fmt::format("the ledger {} cannot be read: {}",
                                           options_.topics.control, read.message()));
  }
  FOOTHOLD_TRY(read);
  return ledger;
}

// An empty ledger beside a journal with records is not a first start.
Status ControlWriter::CheckJournalIsNew() {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> reader, log_->NewConsumer({}));
  for (std::int32_t partition = 0; partition < options_.journal_partitions; ++partition) {
    const log::TopicPartition source{options_.topics.journal, PartitionId{partition}};
    log::Watermarks range;
    FOOTHOLD_TRY(options_.retry.Run([&]() -> Status {
      FOOTHOLD_ASSIGN(range, reader->QueryWatermarks(source, options_.retry.call_timeout));
      return Status();
    }));
    bool has_record = false;
    const auto take = [&](const log::RecordView&) -> Result<bool> {
      has_record = true;
      return false;
    };
    FOOTHOLD_TRY(ReadRange(reader.get(), source, range.low, range.high, options_.retry, take));
    if (has_record) {
      return Error(Code::kFatal,
                   fmt::format("the ledger {} is empty, but {} is not: the ledger was deleted. "
                               "Restore it, or begin with a new app id",
                               options_.topics.control, log::ToString(source)));
    }
  }
  return Status();
}

void Apply(const codec::RuleWord& word, journey::RuleControl* control) {
  using Word = codec::RuleWord::Word;
  switch (word.word) {
    case Word::kPause:
      control->is_paused = true;
      return;
    case Word::kResume:
      control->is_paused = false;
      return;
    case Word::kKill:
      control->is_killed = true;
      return;
    case Word::kLive:
      control->mode = journey::RuleMode::kLive;
      return;
    case Word::kShadow:
      control->mode = journey::RuleMode::kShadow;
      return;
    case Word::kOff:
      control->mode = journey::RuleMode::kOff;
      return;
  }
}

Result<Instant> HistoryBegin(log::Log* log, const std::vector<log::TopicPartition>& partitions,
                             const StartAt& start, Instant now, const RetryPolicy& retry) {
  if (start.kind == StartAt::Kind::kLatest) {
    return now;
  }
  Instant begin = now;
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Consumer> reader, log->NewConsumer({}));
  for (const log::TopicPartition& source : partitions) {
    log::Watermarks range;
    FOOTHOLD_TRY(retry.Run([&]() -> Status {
      FOOTHOLD_ASSIGN(range, reader->QueryWatermarks(source, retry.call_timeout));
      return Status();
    }));
    const auto take = [&](const log::RecordView& record) -> Result<bool> {
      begin = std::min(begin, record.timestamp);
      return false;
    };
    FOOTHOLD_TRY(ReadRange(reader.get(), source, range.low, range.high, retry, take));
  }
  if (start.kind == StartAt::Kind::kTime) {
    begin = std::max(begin, std::min(start.time, now));
  }
  return begin;
}

}  // namespace foothold::stream
