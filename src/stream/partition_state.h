#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/stream/staged.h"
#include "src/stream/subject_table.h"
#include "src/stream/write_behind.h"
#include "state/store.h"

namespace foothold::stream {

// The state of one journal partition, in three layers: what is staged, on what is committed and not
// written yet, on the store. All reads see them in this order, so that where a commit cuts the
// work, and when the store is written, changes nothing that is decided.
//
// Not thread-safe.
class PartitionState {
 public:
  PartitionState(std::unique_ptr<state::Store> store, std::size_t cache_bytes_max);
  PartitionState(const PartitionState&) = delete;
  PartitionState& operator=(const PartitionState&) = delete;

  SubjectTable& subjects() { return subjects_; }
  state::Store& store() const { return committed_.store(); }

  // The payload of a key that is no subject: an e-mail's owner, a fact, meta.
  Result<std::optional<std::string>> Read(const std::string& key) const;
  // All of them whose key starts with `prefix`, by key, with their payloads. Looks at all that
  // waits to be written, too: for what is rare.
  Result<std::map<std::string, std::string>> ReadAll(std::string_view prefix) const;
  void Write(const std::string& key, std::string payload);
  void Erase(const std::string& key);
  // As Write(), but the key is this store's own and is kept out of the changelog.
  void WriteLocal(const std::string& key, std::string payload);

  // The earliest timer with due <= `until` by (due, key), staged ones included. It is gone once its
  // subject's due has changed.
  Result<std::optional<state::DueTimer>> NextTimer(Instant until);
  // The first subject after `after` whose key starts with `prefix`, staged ones included.
  Result<std::optional<std::string>> NextKey(std::string_view prefix, std::string_view after);

  // Appends a changelog record for each key that changed, in key order. What they view lives until
  // Apply() or Drop().
  void Collect(PartitionId partition, std::vector<StagedChange>* changelog);
  // What the last Collect() gave is committed.
  void Apply();
  // Writes what is committed to the store. kFatal: disk; then the store is behind, never ahead.
  Status WriteOut();
  // What is committed and not written yet, in bytes of memory.
  std::size_t unwritten_bytes() const { return committed_.bytes(); }
  // An estimate of the memory of subjects that are staged.
  std::size_t staged_bytes() const { return subjects_.staged_bytes(); }
  // Takes back everything since the last Apply().
  void Drop();

 private:
  void ForgetLookahead();
  void ForgetTimers();
  void ForgetKeys();
  void LookAgainAtTimers();
  Status FetchTimers();
  // Null if there is none; valid until the next call.
  Result<const state::DueTimer*> NextStoredTimer(Instant until);
  Result<std::optional<std::string_view>> NextStoredKey(std::string_view prefix,
                                                        std::string_view after);

  WriteBehind committed_;
  SubjectTable subjects_;
  // Payloads, for the changelog too; nullopt: deleted.
  std::map<std::string, std::optional<std::string>> staged_;
  std::map<std::string, std::string> staged_local_;
  std::vector<WriteBehind::Change> changes_;  // Of the last Collect().

  // Timers of the store that lie ahead, as far as they were fetched.
  std::vector<state::DueTimer> timers_;
  std::size_t timers_used_ = 0;
  bool may_have_more_timers_ = true;  // Behind the last one fetched.
  bool were_timers_dropped_ = false;  // Others lay before those in `timers_`.

  // Keys of the store that lie ahead of a walk.
  std::vector<std::string> keys_;
  std::size_t keys_used_ = 0;
  std::string keys_prefix_;
  std::string keys_after_;  // Of the last call.
};

}  // namespace foothold::stream
