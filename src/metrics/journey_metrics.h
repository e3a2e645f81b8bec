#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/ids.h"
#include "src/base/time.h"
#include "src/metrics/keyed_metrics.h"
#include "src/metrics/registry.h"

namespace foothold::metrics {

enum class Stimulus { kEvent, kClock, kControl, kTimer };
enum class CacheLook { kHit, kMiss };
// What time to value is counted from.
enum class ValueAnchor { kSignup, kFirstAccess };

// What the journey decides, and how far it is. One for all journey workers of a process.
//
// `partition` is always the journal's. Roles are those of the playbook; a contact's role is counted
// as "contact", none as "none". Thread-safe.
class JourneyMetrics final : public KeyedMetrics {
 public:
  // `registry` outlives this.
  explicit JourneyMetrics(Registry* registry);
  ~JourneyMetrics() override;

  void StimuliApplied(Stimulus kind, std::size_t count);
  // Log records: their type ("activation.changed"), the subjects' role, their class ("organic", of
  // risk the level, or "").
  void DecisionsEmitted(std::string_view type, std::string_view role,
                        std::string_view decision_class, std::size_t count);
  // A record of an intervention: its type ("intervention.requested", ...), the rule's name, the
  // channel ("" where the record has none) and what it says: a cause, a suppressor, an outcome, or
  // "".
  void InterventionEmitted(std::string_view type, std::string_view rule, std::string_view channel,
                           std::string_view detail);
  // A due rung of this rule that the gate let wait, and what for: "breaker", "quiet_hours", ...
  void RungHeld(std::string_view rule, std::string_view by);
  // Statuses and tombstones of one commit, of a type ("user_status", ...).
  void StatusesEmitted(std::string_view type, std::size_t count);
  void TimeToValue(ValueAnchor anchor, std::string_view role, std::string_view segment,
                   milliseconds duration);

  // The same event again; one of the same id that says something else.
  void Repeats(std::size_t count);
  void Conflicts(std::size_t count);
  // What events say of somebody who was erased: dropped.
  void OfErased(std::size_t count);
  // A bounded list of a subject was full: its name, a word of a closed set.
  void CapMet(std::string_view cap);

  // The clock of a partition, nullopt while it is held from the start, and who holds it back:
  // "source topic[3]", "" if nobody does.
  void ClockAt(PartitionId partition, std::optional<Instant> clock, std::string_view holder);
  // The required source that is silent, and since when; "": none is.
  void SourceSilent(PartitionId partition, std::string_view source, Instant since);
  // The events that have gone quiet, by name, and since when.
  void EventsQuiet(PartitionId partition, const std::map<std::string, Instant>& events);
  void TimersFired(std::string_view kind, std::size_t count);
  // Timers due and not fired yet; rungs held back by the gate.
  void TimersWaiting(PartitionId partition, std::size_t due, std::size_t held);

  void CacheLooked(CacheLook look, std::uint64_t count);
  // A partition's changed state went into the changelog.
  void Checkpointed();
  // Entries, timers and members of walks that had been committed and were folded again.
  void FoldedAgain(std::size_t steps);
  void CacheBytes(std::size_t objects_bytes, std::size_t store_bytes) override;
  void StateSizeIs(PartitionId partition, StateSize size) override;
  void RestoreProgress(PartitionId partition, const Restore& restore) override;
  void PartitionDropped(PartitionId partition) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace foothold::metrics
