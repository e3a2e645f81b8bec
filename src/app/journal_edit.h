#pragma once

#include <map>
#include <string>
#include <string_view>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/codec/journal.h"
#include "src/journey/playbook.h"

namespace foothold::app {

// Rewrites a journal as if another playbook had held from its beginning: each playbook that was
// published, or prepared, becomes that one. Words of people on rules stay as they are.
//
// The releases of a system stand in its journal where something of its own waited. What waits under
// another playbook needs some too: one is added wherever the journal shows that all was read, a
// minute apart at least.
//
// Not thread-safe.
class JournalEdit {
 public:
  explicit JournalEdit(journey::Playbook playbook) : playbook_(std::move(playbook)) {}

  // The next record of a partition. kCorrupt, kFatal as of a JournalBatchReader.
  Result<std::string> Rewrite(PartitionId partition, std::string_view batch);

 private:
  journey::Playbook playbook_;
  codec::JournalBatchWriter writer_;
  std::map<PartitionId, Instant> released_at_;  // The last release.
};

}  // namespace foothold::app
