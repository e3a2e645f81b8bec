#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/journey/engine.h"
#include "src/journey/gate.h"
#include "src/stream/partition_state.h"

namespace foothold::stream {

// What the gate needs to know of a journal partition beside its subjects: which of them have rungs
// that wait for a release, what people have said of rules, how often rules asked. All of it is in
// the partition's state and its changelog; what was changed since the last commit can be taken
// back.
//
// Not thread-safe.
class ReleaseDesk {
 public:
  // `state` outlives the desk.
  explicit ReleaseDesk(PartitionState* state) : state_(state) {}
  ReleaseDesk(const ReleaseDesk&) = delete;
  ReleaseDesk& operator=(const ReleaseDesk&) = delete;

  // Reads everything from the store, which is up to date. Once, before anything below.
  Status Load();

  // The subject of that key waits until then (kEpoch: for the next release), or for nothing.
  void NoteWaiting(const std::string& subject_key, std::optional<Instant> waits);
  struct Waiting {
    std::string key;
    Instant at;
  };
  // A subject that may be looked at at `stamp`, the longest waiting first; nullopt: there is none.
  std::optional<Waiting> NextWaiting(Instant stamp) const;
  // Everything that waits is looked at at the next release: what people said may concern it.
  void WakeAll();
  std::size_t waiting_count() const { return waiting_.size(); }

  // These rules (Hash64() of their names) asked at `at`.
  void Count(std::span<const std::uint64_t> rules, Instant at);
  // Changes what is said of a rule.
  void SetControl(const std::string& rule, const journey::RuleControl& control);
  journey::RuleControl ControlOf(const std::string& rule) const;

  const journey::RuleControls& controls() const { return controls_; }
  const journey::ReleaseCounts& counts() const { return counts_; }

  // Writes the facts that changed to the state. Before each commit.
  void Collect();
  // What was collected is committed.
  void Apply();
  // Takes back everything since the last Apply().
  Status Drop();

 private:
  void Move(const std::string& subject_key, std::optional<Instant> to);
  Status LoadFacts();

  PartitionState* state_;
  std::unordered_map<std::string, Instant> waiting_;  // Subject's key -> when.
  // Likewise, by when; the keys are those of `waiting_`.
  struct Earlier {
    bool operator()(const std::pair<Instant, const std::string*>& a,
                    const std::pair<Instant, const std::string*>& b) const {
      return a.first != b.first ? a.first < b.first : *a.second < *b.second;
    }
  };
  std::set<std::pair<Instant, const std::string*>, Earlier> by_time_;
  // Of keys that changed since the last commit: as they were then.
  std::map<std::string, std::optional<Instant>> before_;
  journey::RuleControls controls_;
  journey::ReleaseCounts counts_;
  bool are_controls_changed_ = false;
  bool are_counts_changed_ = false;
};

}  // namespace foothold::stream
