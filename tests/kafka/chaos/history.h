#pragma once

// What was done and seen in a run under chaos, as facts that a checker can judge without knowing
// the product (history_checks.h). It can be written to a file and read again, so that tests plant
// in it what must never be.
//
// The file has a fact a line, words apart by a space, names percent-encoded:
//   topic NAME                                  the next number, from 0
//   sent PARTITION HASH                         in the order of the acknowledgements
//   input PARTITION OFFSET HASH FATE            in the order of each partition
//   record TOPIC PARTITION OFFSET HASH SEEN WRITER
//   marker TOPIC PARTITION OFFSET WRITER END    beside the records, in the order of each partition
//   transaction WRITER END TOPIC/PARTITION...   in the order of each writer
//   polled SESSION TOPIC PARTITION OFFSET HASH  in the order of each session
//   outcome TOPIC PARTITION OFFSET INPUT_PARTITION INPUT_OFFSET
//   number SUBJECT NUMBER                       in the order of the records that carry them
//   revision SUBJECT NUMBER                     likewise

#include <cstdint>
#include <istream>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/log/log.h"

namespace foothold::chaos {

// A partition of one of History::topics.
struct Lane {
  int topic = 0;
  std::int32_t partition = 0;
  friend auto operator<=>(const Lane&, const Lane&) = default;
};

// Where an input must end, and nowhere else.
enum class Fate : std::uint8_t { kJournal, kPeople, kDeadLetter, kSkipped };
std::string_view FateName(Fate fate);

enum class End : std::uint8_t { kCommitted, kAborted };

struct History {
  struct Sent {
    std::int32_t partition = 0;
    std::uint64_t hash = 0;
  };
  // A record that readers of committed records find in the source.
  struct Input {
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::uint64_t hash = 0;
    Fate fate = Fate::kJournal;
  };
  // A record that readers of all records find in the end.
  struct Record {
    Lane lane;
    std::int64_t offset = 0;
    std::uint64_t hash = 0;
    bool is_seen = false;     // By readers of committed records, in the end.
    std::string writer = {};  // The transactional id; "": unknown.
  };
  struct Marker {
    Lane lane;
    std::int64_t offset = 0;
    std::string writer;
    End end = End::kCommitted;
  };
  // As the coordinator decided it.
  struct Transaction {
    std::string writer;
    End end = End::kCommitted;
    std::vector<Lane> lanes;
  };
  // What somebody who read committed records all the time was given.
  struct Polled {
    int session = 0;
    Lane lane;
    std::int64_t offset = 0;
    std::uint64_t hash = 0;
  };
  // A record of the journal, the people topic or the dead letter says that it is of this input.
  struct Outcome {
    Lane lane;
    std::int64_t offset = 0;
    std::int32_t input_partition = 0;
    std::int64_t input_offset = 0;
  };
  struct Numbered {
    std::string subject;
    std::int64_t number = 0;
  };

  std::vector<std::string> topics;
  std::vector<Sent> sent;
  std::vector<Input> inputs;
  std::vector<Record> records;
  std::vector<Marker> markers;
  std::vector<Transaction> transactions;
  std::vector<Polled> polled;
  std::vector<Outcome> outcomes;
  std::vector<Numbered> numbers;    // ce_fhseq: from 1, without a hole.
  std::vector<Numbered> revisions;  // ce_fhrev of statuses: they grow.

  // "topic[3]".
  std::string NameOf(const Lane& lane) const;
  int NumberOf(std::string_view topic);  // Adds a topic that is new.
};

// What a record is known by: key, value and headers.
using PlainHeaders = std::vector<std::pair<std::string, std::optional<std::string>>>;
PlainHeaders HeadersOf(const log::RecordView& record);
std::uint64_t HashOfRecord(std::optional<std::string_view> key,
                           std::optional<std::string_view> value, const PlainHeaders& headers);

void WriteHistory(const History& history, std::ostream* out);
// kInvalid names the line.
Result<History> ReadHistory(std::istream* in);

}  // namespace foothold::chaos
