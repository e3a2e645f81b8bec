#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/codec/journal.h"
#include "src/journey/clock.h"
#include "src/journey/gate.h"
#include "src/journey/playbook.h"
#include "src/log/log.h"
#include "src/stream/options.h"
#include "src/stream/transaction.h"

namespace foothold::stream {

// Writes control entries: each in one transaction into the ledger (<app>-control, one partition)
// and into every journal partition; every partition of the people topic gets what then holds. One
// transactional id for the whole app, so that of two writers
// one is fenced, reads the ledger, and tries again on what the other wrote.
//
// Not thread-safe. Blocks.
class ControlWriter {
 public:
  struct Options {
    std::string app;
    std::string instance;  // Whose writer it is: rivals must not all wait equally long.
    TopicNames topics;
    std::int32_t journal_partitions = 8;
    std::int32_t people_partitions = 4;
    milliseconds transaction_timeout{10'000};
    std::int64_t message_bytes_max = 1'100'000;
    RetryPolicy retry;
  };
  // One word of people, as the ledger has it.
  struct Said {
    codec::Control control;
    Instant at;  // The broker's time.
  };
  // What the ledger says.
  struct Ledger {
    std::uint64_t last_number = 0;  // Of the last control entry; 0: there is none.
    std::optional<journey::Playbook> playbook;
    std::optional<journey::Roster> roster;
    journey::RuleControls rules;  // What was said of rules, folded.
    std::vector<Said> history;    // Every control entry, in order.
    // The one that is prepared and not published, as its entry in `history`; no playbook was
    // published since.
    std::optional<std::size_t> prepared;
  };

  // `log` outlives the writer.
  ControlWriter(log::Log* log, Options options);

  // Makes sure, before any event is read, that the journal has a playbook and the roster of today:
  // `playbook` is published only into a journal that never had one; a roster that differs from the
  // last one is written, with the beginnings of history that were fixed before. Returns what holds
  // from now on.
  Result<Ledger> Seed(const journey::Playbook& playbook, const journey::Roster& roster);

  // Writes one word, behind all that was written before. `expects`: the version of the playbook
  // that must hold by then (publishing replaces what its author saw); nullopt: whichever.
  // kInvalid: as Check() says; nothing was written.
  Result<Ledger> Say(const codec::ControlAction& action, std::optional<std::int32_t> expects);

  // The whole ledger, folded.
  Result<Ledger> ReadLedger();

  // Whether the word may follow what `ledger` says: kInvalid if another playbook holds than
  // `expects`, if none does, or if the rule it is about is not in the one that holds.
  static Status Check(const Ledger& ledger, const codec::ControlAction& action,
                      std::optional<std::int32_t> expects);

 private:
  static codec::JournalBatchWriter Complete(const journey::Playbook& playbook,
                                            const journey::Roster& roster, Ledger* ledger);
  using Attempt = std::function<Result<Ledger>()>;

  // Tries again while rivals write; waits between tries.
  Result<Ledger> Insist(const Attempt& attempt);
  Result<std::unique_ptr<log::TransactionalProducer>> OpenProducer();
  Result<Ledger> TrySay(const codec::ControlAction& action, std::optional<std::int32_t> expects);
  Result<Ledger> TrySeed(const journey::Playbook& playbook, const journey::Roster& roster);
  Status CheckJournalIsNew();
  // What one write says to each; empty for nothing.
  struct Batches {
    std::string ledger;
    std::string journal;
    std::string people;
  };
  Status Write(log::TransactionalProducer* producer, const Batches& batches);
  Batches BatchesOf(const codec::Control& control) const;
  static Status CheckReadable(const std::string& batch);

  log::Log* log_;
  Options options_;
};

// What holds of a rule after one more word.
void Apply(const codec::RuleWord& word, journey::RuleControl* control);

// When the history of a source began for us: the earliest timestamp of the broker, or, where
// nothing is retained, or it is not read from the beginning, now or the time it starts at. Fixed by
// the first roster that has it. kRetry: call again.
Result<Instant> HistoryBegin(log::Log* log, const std::vector<log::TopicPartition>& partitions,
                             const StartAt& start, Instant now, const RetryPolicy& retry);

}  // namespace foothold::stream
