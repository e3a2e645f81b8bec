#include "tests/kafka/chaos/verdict.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/app/output_line.h"
#include "src/base/check.h"
#include "src/codec/journal.h"
#include "src/intake/decoder.h"
#include "src/intake/mapping.h"
#include "tests/app/outputs.h"
#include "tests/kafka/chaos/segments.h"
#include "tests/kafka/harness.h"

namespace foothold::chaos {
namespace {

using app::ForEachRecord;
using app::Reading;
using kafka::Must;

std::string HeaderOf(const log::RecordView& record, std::string_view name) {
  for (const log::Header& header : record.headers) {
    if (header.key == name) {
      return std::string(header.value.value_or(""));
    }
  }
  return "";
}

Fate FateOf(intake::Decoder* decoder, std::string_view value) {
  const intake::Outcome outcome = decoder->Decode(
      {.value = value, .schema_header = {}, .broker_time = {}, .event_time_max = {}});
  if (std::holds_alternative<intake::Accepted>(outcome)) {
    return Fate::kJournal;
  }
  if (std::holds_alternative<intake::Unplaced>(outcome)) {
    return Fate::kPeople;
  }
  return std::holds_alternative<intake::Rejected>(outcome) ? Fate::kDeadLetter : Fate::kSkipped;
}

// Takes lines as `replay` prints them.
class LineCollector {
 public:
  explicit LineCollector(const stream::TopicNames& topics)
      : logs_(topics.Logs()), statuses_(topics.Statuses()) {}

  void Add(std::string_view topic, std::string_view line) {
    const bool is_log = std::ranges::find(logs_, topic) != logs_.end();
    const bool is_status = std::ranges::find(statuses_, topic) != statuses_.end();
    if (!is_log && !is_status) {
      return;
    }
    // From the key on: what stands before it is topic, partition and offset.
    const std::string_view record = line.substr(line.find(",\"key"));
    const std::string subject(record.substr(0, record.find(",\"headers")));
    const std::string name = fmt::format("{} {}", topic, subject);
    if (is_log) {
      lines_.decisions[name].emplace_back(record);
    } else {
      last_.insert_or_assign(name, line);
    }
  }
  Lines Take() {
    for (const auto& [name, line] : last_) {
      lines_.last_statuses[name] = app::ComparableStatus(line).value_or(app::Fields{});
    }
    return std::move(lines_);
  }

 private:
  const std::vector<std::string> logs_;
  const std::vector<std::string> statuses_;
  std::map<std::string, std::string> last_;
  Lines lines_;
};

// Collects what is left in the topics.
class Historian {
 public:
  Historian(log::Log* log, const app::RunSetup& setup)
      : log_(log),
        topics_(TopicsOf(setup)),
        log_topics_(topics_.Logs()),
        outputs_(topics_.Outputs()),
        setup_(setup),
        lines_(topics_),
        collector_(setup) {}

  Remains Write(const std::filesystem::path& data, const Feed& feed, const Observer& observer) {
    for (const auto& [partition, hash] : feed.acked()) {
      history_.sent.push_back({partition, hash});
    }
    ReadSource();
    const std::map<std::string, std::int32_t> topics = PartitionsOf(setup_);
    ReadRecords(topics);
    const Coordinators coordinators = Must(ReadCoordinators(data));
    for (const auto& [topic, partitions] : topics) {
      for (std::int32_t i = 0; i < partitions; ++i) {
        ReadWriters(topic, i, data, coordinators);
      }
    }
    ReadDecided(coordinators);
    for (History::Polled polled : observer.polled()) {
      polled.lane.topic =
          history_.NumberOf(observer.topics().at(static_cast<std::size_t>(polled.lane.topic)));
      history_.polled.push_back(polled);
    }
    return {.history = std::move(history_), .lines = lines_.Take(), .outputs = collector_.Finish()};
  }

 private:
  void ReadSource() {
    intake::Decoder decoder({.mapping = intake::MakeMapping("segment", {}).value()});
    ForEachRecord(log_, setup_.source, kSourcePartitions, Reading::kCommitted,
                  [&](const log::RecordView& record) {
                    history_.inputs.push_back(
                        {.partition = record.partition.value,
                         .offset = record.offset,
                         .hash = HashOfRecord(record.key, record.value, HeadersOf(record)),
                         .fate = FateOf(&decoder, *record.value)});
                  });
    std::ranges::sort(history_.inputs, {}, [](const History::Input& input) {
      return std::pair(input.partition, input.offset);
    });
  }

  // Once as those see it who read all, and once as those who read what is committed.
  void ReadRecords(const std::map<std::string, std::int32_t>& topics) {
    ForEachRecord(log_, topics, Reading::kAll, [&](const log::RecordView& record) {
      const Lane lane = LaneOf(record);
      places_[{lane, record.offset}] = history_.records.size();
      history_.records.push_back(
          {.lane = lane,
           .offset = record.offset,
           .hash = HashOfRecord(record.key, record.value, HeadersOf(record))});
    });
    ForEachRecord(log_, topics, Reading::kCommitted, [&](const log::RecordView& record) {
      const auto place = places_.find({LaneOf(record), record.offset});
      FOOTHOLD_CHECK(place != places_.end(), "a committed record that readers of all do not see");
      history_.records[place->second].is_seen = true;
      TakeCommitted(record);
    });
  }

  Lane LaneOf(const log::RecordView& record) {
    return {history_.NumberOf(record.topic), record.partition.value};
  }

  void TakeCommitted(const log::RecordView& record) {
    if (record.topic == topics_.journal || record.topic == topics_.people) {
      ReadEntries(record);
      return;
    }
    if (std::ranges::find(outputs_, record.topic) == outputs_.end()) {
      return;
    }
    std::string line;
    app::AppendOutputLine(record, record.topic == topics_.dead_letter, &line);
    lines_.Add(record.topic, line);
    collector_.Add(line);
    if (record.topic == topics_.dead_letter) {
      AddOutcome(record, std::stoi(HeaderOf(record, "dlq_partition")),
                 std::stoll(HeaderOf(record, "dlq_offset")));
    } else if (std::ranges::find(log_topics_, record.topic) != log_topics_.end()) {
      history_.numbers.push_back(
          {fmt::format("{} of {}", HeaderOf(record, "ce_subject"), record.topic),
           std::stoll(HeaderOf(record, "ce_fhseq"))});
    } else if (const std::string revision = HeaderOf(record, "ce_fhrev"); !revision.empty()) {
      history_.revisions.push_back(
          {fmt::format("{} of {}", *record.key, record.topic), std::stoll(revision)});
    }
  }

  void ReadEntries(const log::RecordView& record) {
    const auto batch = Must(codec::JournalBatchReader::Open(*record.value));
    for (std::size_t i = 0; i < batch.count(); ++i) {
      const codec::JournalEntry entry = Must(batch.entry(i));
      if (const auto* event = std::get_if<journey::Event>(&entry)) {
        AddOutcome(record, event->position.partition.value, event->position.offset);
      } else if (const auto* person = std::get_if<codec::PersonRecord>(&entry);
                 person != nullptr && person->hops == 0 && !person->is_for_previous) {
        AddOutcome(record, person->event.position.partition.value, person->event.position.offset);
      }
    }
  }

  void AddOutcome(const log::RecordView& record, std::int32_t partition, std::int64_t offset) {
    history_.outcomes.push_back({.lane = LaneOf(record),
                                 .offset = record.offset,
                                 .input_partition = partition,
                                 .input_offset = offset});
  }

  void ReadWriters(const std::string& topic, std::int32_t partition,
                   const std::filesystem::path& data, const Coordinators& coordinators) {
    const Lane lane{history_.NumberOf(topic), partition};
    const std::vector<LogBatch> batches =
        Must(ReadSegments(data / fmt::format("{}-{}", topic, partition)));
    for (const LogBatch& batch : batches) {
      if (!batch.is_transactional) {
        continue;
      }
      const auto id = coordinators.ids.find(batch.producer);
      FOOTHOLD_CHECK(id != coordinators.ids.end(), "a producer that no coordinator knows");
      if (batch.is_marker) {
        history_.markers.push_back({.lane = lane,
                                    .offset = batch.first,
                                    .writer = id->second,
                                    .end = batch.is_commit ? End::kCommitted : End::kAborted});
        continue;
      }
      for (std::int64_t offset = batch.first; offset <= batch.last; ++offset) {
        if (const auto found = places_.find({lane, offset}); found != places_.end()) {
          history_.records[found->second].writer = id->second;
        }
      }
    }
  }

  void ReadDecided(const Coordinators& coordinators) {
    for (const DecidedTransaction& decided : coordinators.decided) {
      History::Transaction transaction{.writer = decided.id,
                                       .end = decided.is_commit ? End::kCommitted : End::kAborted,
                                       .lanes = {}};
      for (const auto& [topic, partition] : decided.partitions) {
        const auto found = std::ranges::find(history_.topics, topic);
        if (found != history_.topics.end()) {
          transaction.lanes.push_back({history_.NumberOf(topic), partition});
        }
      }
      // Of the input's own transactions there is nothing to be compared.
      if (!transaction.lanes.empty()) {
        history_.transactions.push_back(std::move(transaction));
      }
    }
  }

  log::Log* const log_;
  const stream::TopicNames topics_;
  const std::vector<std::string> log_topics_;
  const std::vector<std::string> outputs_;
  const app::RunSetup& setup_;
  LineCollector lines_;
  app::OutputCollector collector_;
  History history_;
  std::map<std::pair<Lane, std::int64_t>, std::size_t> places_;
};

Lines LinesOfReplay(const stream::TopicNames& topics, std::string_view out) {
  LineCollector collector(topics);
  constexpr std::string_view kBegin = "{\"topic\":\"";
  while (!out.empty()) {
    const std::size_t end = out.find('\n') + 1;
    FOOTHOLD_CHECK(end > 0 && out.starts_with(kBegin), "replay prints a record a line");
    const std::string_view line = out.substr(0, end);
    const std::string_view rest = line.substr(kBegin.size());
    collector.Add(rest.substr(0, rest.find('"')), line);
    out.remove_prefix(end);
  }
  return collector.Take();
}

// The run reads what other partitions had before what is late in one, a replay of the file does
// not. What was known at a time decides for good whom somebody was asked to help, and, by the
// hysteresis of its levels, which way a risk came to its score.
std::map<std::string, app::Fields> WithoutThePath(std::map<std::string, app::Fields> statuses) {
  for (auto& [user, fields] : statuses) {
    fields.erase("openInterventions");
    fields.erase("activationClass");
    fields.erase("dropoffRisk");
  }
  return statuses;
}

std::size_t CountOf(const std::map<std::string, std::vector<std::string>>& lines) {
  std::size_t count = 0;
  for (const auto& [name, records] : lines) {
    count += records.size();
  }
  return count;
}

}  // namespace

stream::TopicNames TopicsOf(const app::RunSetup& setup) {
  stream::TopicNames topics = stream::TopicNames::ForApp(setup.app);
  topics.activation_changed = app::ActivationTopic(setup);
  topics.onboarding_progress = app::ProgressTopic(setup);
  topics.user_status = app::UserStatusTopic(setup);
  topics.account_status = setup.app + ".account-status";
  topics.dead_letter = app::DeadLetterTopic(setup);
  return topics;
}

std::map<std::string, std::int32_t> PartitionsOf(const app::RunSetup& setup) {
  const stream::TopicNames topics = TopicsOf(setup);
  std::map<std::string, std::int32_t> partitions{{topics.journal, setup.journal_partitions},
                                                 {topics.changelog, setup.journal_partitions},
                                                 {topics.people, kPeoplePartitions},
                                                 {topics.people_changelog, kPeoplePartitions}};
  for (const std::string& topic : topics.Outputs()) {
    partitions[topic] = app::kOutputPartitions;
  }
  return partitions;
}

Remains ReadRemains(log::Log* log, const app::RunSetup& setup, const std::filesystem::path& data,
                    const Feed& feed, const Observer& observer) {
  return Historian(log, setup).Write(data, feed, observer);
}

Comparison Compare(const Remains& remains, const app::RunSetup& setup, std::string_view of_journal,
                   std::string_view of_input) {
  Comparison comparison;
  const auto say = [&](std::string_view what, const std::string& difference) {
    if (!difference.empty()) {
      comparison.findings.push_back(fmt::format("{}: {}", what, difference));
    }
  };
  const Lines& ran = remains.lines;
  const Lines folded = LinesOfReplay(TopicsOf(setup), of_journal);
  say("decisions of the run and of its journal's replay",
      app::FirstDifference(ran.decisions, folded.decisions));
  say("last statuses of the run and of its journal's replay",
      app::FirstDifference(ran.last_statuses, folded.last_statuses));
  const app::Outputs& outputs = remains.outputs;
  const app::Outputs replayed = app::OutputsOfReplay(setup, of_input);
  say("last user statuses of the run and of the input's replay",
      app::FirstDifference(WithoutThePath(outputs.user_statuses),
                           WithoutThePath(replayed.user_statuses)));
  if (outputs.dead_letters != replayed.dead_letters) {
    say("dead letters", fmt::format("{} in the run, {} or others in the input's replay",
                                    outputs.dead_letters.size(), replayed.dead_letters.size()));
  }
  comparison.decisions = CountOf(ran.decisions);
  comparison.statuses = ran.last_statuses.size();
  comparison.dead_letters = outputs.dead_letters.size();
  return comparison;
}

}  // namespace foothold::chaos
