#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"
#include "src/codec/journal.h"
#include "src/intake/outcome.h"
#include "src/journey/event.h"
#include "src/log/log.h"
#include "src/stream/journal_batches.h"
#include "src/stream/recent_pairs.h"
#include "src/stream/staged.h"

namespace foothold::stream {

// What intake tells the people stage: records that name a user and no account, what it learns of
// who belongs to which account, and progress. All of it is staged until Take().
//
// Of what is learned only the new is told, by a bounded memory: of a user who is active in one
// account one entry is written, not one for each event. Not thread-safe.
class PeopleFeed {
 public:
  PeopleFeed(std::string topic, std::int32_t partitions, std::size_t pairs_max);

  // From an event that names an account. `at`: how far time is, the wall or event time. True if
  // something is new.
  bool Learn(const journey::Event& event, intake::NameClass name_class, Instant at);
  // A record without an account, and what it says of who is who. `event`: of `unplaced`.
  void Append(const log::RecordView& record, const journey::Event& event,
              const intake::Unplaced& unplaced, Instant at);
  void AppendToAll(const codec::JournalEntry& entry) { batches_.AppendToAll(entry); }

  // Moves all records to the end of `*records`. What was learned is known from then on.
  void Take(std::vector<StagedRecord>* records) { batches_.Take(records); }
  // Drops what is staged.
  void Clear();

 private:
  bool LearnAccount(std::string_view user, std::string_view tenant, Instant at);
  bool LearnSuccessor(std::string_view user, std::string_view other, Instant at);
  bool LearnWhoIsWho(const journey::Event& event, Instant at);

  JournalBatches batches_;
  RecentPairs known_;
};

}  // namespace foothold::stream
