#include "src/metrics/journey_metrics.h"

#include <array>
#include <map>
#include <set>
#include <string>

#include "src/base/mutex.h"
#include "src/metrics/families.h"
#include "src/metrics/partition_gauges.h"

namespace foothold::metrics {
namespace {

// An hour to a season: what onboarding is measured in.
const Histograms::Buckets kValueBuckets = {
    3600,      4 * 3600,   12 * 3600,  86400,      2 * 86400,  3 * 86400,  5 * 86400,
    7 * 86400, 10 * 86400, 14 * 86400, 21 * 86400, 30 * 86400, 60 * 86400, 90 * 86400};

prometheus::Counter* Plain(Families& families, std::string_view name, std::string_view help) {
  return families.counters({.name = name, .help = help, .labels = {}}).At({});
}

}  // namespace

struct JourneyMetrics::Rep {
  explicit Rep(Families& families);

  std::array<prometheus::Counter*, 4> stimuli;
  Counters& decisions;
  Counters& interventions;
  Counters& rungs_held;
  Counters& statuses;
  Histograms& time_to_value;
  prometheus::Counter* repeats;
  prometheus::Counter* conflicts;
  prometheus::Counter* of_erased;
  Counters& caps;
  Gauges& clock;
  Gauges& clock_held;
  Gauges& silent;
  Gauges& quiet;
  Counters& timers_fired;
  Gauges& timers_due;
  Gauges& timers_held;
  prometheus::Counter* cache_hits;
  prometheus::Counter* cache_misses;
  prometheus::Counter* checkpoints;
  prometheus::Counter* folded_again;
  Gauges& cache_bytes;
  Gauges& state_bytes;
  Gauges& state_keys;
  Gauges& restored;
  Gauges& restore_total;
  Gauges& restore_remaining;

  Mutex mutex;
  std::map<PartitionId, std::string> holder_by_partition GUARDED_BY(mutex);
  std::map<PartitionId, std::string> silent_by_partition GUARDED_BY(mutex);
  std::map<PartitionId, std::set<std::string>> quiet_by_partition GUARDED_BY(mutex);
};

JourneyMetrics::Rep::Rep(Families& families)
    : decisions(families.counters({.name = "foothold_journey_decisions_total",
                                   .help = "Log records emitted.",
                                   .labels = {"type", "role", "class"}})),
      interventions(families.counters({.name = "foothold_journey_interventions_total",
                                       .help = "Records of interventions emitted.",
                                       .labels = {"type", "rule", "channel", "detail"},
                                       .label_sets_max = kRuleSetsMax})),
      rungs_held(families.counters({.name = "foothold_journey_rungs_held_total",
                                    .help = "Times the gate let a due rung wait.",
                                    .labels = {"rule", "by"},
                                    .label_sets_max = kRuleSetsMax})),
      statuses(families.counters({.name = "foothold_journey_statuses_total",
                                  .help = "Statuses and tombstones emitted.",
                                  .labels = {"type"}})),
      time_to_value(
          families.histograms({.name = "foothold_journey_time_to_value_seconds",
                               .help = "Event time from signup or first access to activation.",
                               .labels = {"since", "role", "segment"}},
                              kValueBuckets)),
      repeats(Plain(families, "foothold_journey_repeated_events_total",
                    "Events that had been counted before.")),
      conflicts(Plain(families, "foothold_journey_conflicting_events_total",
                      "Events under an id that had said something else.")),
      of_erased(Plain(families, "foothold_journey_events_of_erased_total",
                      "What events said of people who were erased, dropped.")),
      caps(families.counters({.name = "foothold_journey_caps_met_total",
                              .help = "Times a bounded list of a subject was full.",
                              .labels = {"cap"}})),
      clock(families.gauges(OfPartition("foothold_journey_clock_timestamp_seconds",
                                        "How far event time is complete."))),
      clock_held(families.gauges({.name = "foothold_journey_clock_held_info",
                                  .help = "1 for the source partition that holds the clock back.",
                                  .labels = {"partition", "holder"},
                                  .label_sets_max = kPartitionSetsMax})),
      silent(families.gauges({.name = "foothold_journey_source_silent_since_timestamp_seconds",
                              .help = "Last sign of life of the source that is silent.",
                              .labels = {"partition", "source"},
                              .label_sets_max = kPartitionSetsMax})),
      quiet(families.gauges({.name = "foothold_journey_event_quiet_since_timestamp_seconds",
                             .help = "Since when an event comes far less often than it did.",
                             .labels = {"partition", "event"},
                             .label_sets_max = kPartitionSetsMax})),
      timers_fired(families.counters({.name = "foothold_journey_timers_fired_total",
                                      .help = "Timers fired.",
                                      .labels = {"kind"}})),
      timers_due(families.gauges(OfPartition("foothold_journey_timers_due",
                                             "Timers due and not fired yet, counted to 1,000."))),
      timers_held(families.gauges(
          OfPartition("foothold_journey_timers_held", "Rungs due and held back by the gate."))),
      cache_hits(Plain(families, "foothold_journey_cache_hits_total",
                       "Subjects found in the decoded-object cache.")),
      cache_misses(Plain(families, "foothold_journey_cache_misses_total",
                         "Subjects that had to be read and decoded.")),
      checkpoints(Plain(families, "foothold_journey_checkpoints_total",
                        "Times a partition's changed state went into the changelog.")),
      folded_again(Plain(families, "foothold_journey_steps_folded_again_total",
                         "Entries and timers folded again after a start or an abort.")),
      cache_bytes(families.gauges({.name = "foothold_journey_cache_bytes",
                                   .help = "Memory held by caches.",
                                   .labels = {"cache"}})),
      state_bytes(families.gauges(
          OfPartition("foothold_journey_state_bytes", "The partition's state on disk."))),
      state_keys(families.gauges(
          OfPartition("foothold_journey_state_keys", "Keys of the partition's state, estimated."))),
      restored(families.gauges(OfPartition("foothold_journey_restored_records",
                                           "Changelog records read by this restore."))),
      restore_total(families.gauges(OfPartition("foothold_journey_restore_records",
                                                "Changelog records this restore has to read."))),
      restore_remaining(families.gauges(OfPartition("foothold_journey_restore_remaining_seconds",
                                                    "How long this restore still takes."))) {
  Counters& by_kind = families.counters({.name = "foothold_journey_stimuli_total",
                                         .help = "Journal entries and timers applied.",
                                         .labels = {"kind"}});
  stimuli = {by_kind.At({"event"}), by_kind.At({"clock"}), by_kind.At({"control"}),
             by_kind.At({"timer"})};
}

JourneyMetrics::JourneyMetrics(Registry* registry)
    : rep_(std::make_unique<Rep>(registry->families())) {}
JourneyMetrics::~JourneyMetrics() = default;

void JourneyMetrics::StimuliApplied(Stimulus kind, std::size_t count) {
  rep_->stimuli[static_cast<std::size_t>(kind)]->Increment(static_cast<double>(count));
}

void JourneyMetrics::DecisionsEmitted(std::string_view type, std::string_view role,
                                      std::string_view decision_class, std::size_t count) {
  rep_->decisions.At({type, role, decision_class})->Increment(static_cast<double>(count));
}

void JourneyMetrics::InterventionEmitted(std::string_view type, std::string_view rule,
                                         std::string_view channel, std::string_view detail) {
  rep_->interventions.At({type, rule, channel, detail})->Increment();
}

void JourneyMetrics::RungHeld(std::string_view rule, std::string_view by) {
  rep_->rungs_held.At({rule, by})->Increment();
}

void JourneyMetrics::StatusesEmitted(std::string_view type, std::size_t count) {
  rep_->statuses.At({type})->Increment(static_cast<double>(count));
}

void JourneyMetrics::TimeToValue(ValueAnchor anchor, std::string_view role,
                                 std::string_view segment, milliseconds duration) {
  const std::string_view since = anchor == ValueAnchor::kSignup ? "signup" : "first_access";
  rep_->time_to_value.At({since, role, segment})->Observe(Seconds(duration));
}

void JourneyMetrics::Checkpointed() { rep_->checkpoints->Increment(); }

void JourneyMetrics::FoldedAgain(std::size_t steps) {
  rep_->folded_again->Increment(static_cast<double>(steps));
}

void JourneyMetrics::Repeats(std::size_t count) {
  rep_->repeats->Increment(static_cast<double>(count));
}
void JourneyMetrics::Conflicts(std::size_t count) {
  rep_->conflicts->Increment(static_cast<double>(count));
}
void JourneyMetrics::OfErased(std::size_t count) {
  rep_->of_erased->Increment(static_cast<double>(count));
}
void JourneyMetrics::CapMet(std::string_view cap) { rep_->caps.At({cap})->Increment(); }

void JourneyMetrics::ClockAt(PartitionId partition, std::optional<Instant> clock,
                             std::string_view holder) {
  const std::string label = Text(partition);
  rep_->clock.Set({label}, clock ? Seconds(clock->time_since_epoch()) : 0);

  const MutexLock lock(rep_->mutex);
  std::string& current = rep_->holder_by_partition[partition];
  if (current == holder) return;
  if (!current.empty()) rep_->clock_held.Remove({label, current});
  current = holder;
  if (!current.empty()) rep_->clock_held.Set({label, current}, 1);
}

void JourneyMetrics::SourceSilent(PartitionId partition, std::string_view source, Instant since) {
  const std::string label = Text(partition);
  const MutexLock lock(rep_->mutex);
  std::string& current = rep_->silent_by_partition[partition];
  if (!current.empty() && current != source) rep_->silent.Remove({label, current});
  current = source;
  if (!current.empty()) rep_->silent.Set({label, current}, Seconds(since.time_since_epoch()));
}

void JourneyMetrics::TimersFired(std::string_view kind, std::size_t count) {
  rep_->timers_fired.At({kind})->Increment(static_cast<double>(count));
}

void JourneyMetrics::TimersWaiting(PartitionId partition, std::size_t due, std::size_t held) {
  const std::string label = Text(partition);
  rep_->timers_due.Set({label}, static_cast<double>(due));
  rep_->timers_held.Set({label}, static_cast<double>(held));
}

void JourneyMetrics::CacheLooked(CacheLook look, std::uint64_t count) {
  (look == CacheLook::kHit ? rep_->cache_hits : rep_->cache_misses)
      ->Increment(static_cast<double>(count));
}

void JourneyMetrics::CacheBytes(std::size_t objects_bytes, std::size_t store_bytes) {
  rep_->cache_bytes.Set({"objects"}, static_cast<double>(objects_bytes));
  rep_->cache_bytes.Set({"store"}, static_cast<double>(store_bytes));
}

void JourneyMetrics::StateSizeIs(PartitionId partition, StateSize size) {
  const std::string label = Text(partition);
  rep_->state_bytes.Set({label}, static_cast<double>(size.bytes));
  rep_->state_keys.Set({label}, static_cast<double>(size.keys));
}

void JourneyMetrics::RestoreProgress(PartitionId partition, const Restore& restore) {
  RestoreGauges{rep_->restored, rep_->restore_total, rep_->restore_remaining}.Set(partition,
                                                                                  restore);
}

void JourneyMetrics::EventsQuiet(PartitionId partition,
                                 const std::map<std::string, Instant>& events) {
  const std::string label = Text(partition);
  const MutexLock lock(rep_->mutex);
  std::set<std::string>& current = rep_->quiet_by_partition[partition];
  std::erase_if(current, [&](const std::string& event) {
    if (events.contains(event)) return false;
    rep_->quiet.Remove({label, event});
    return true;
  });
  for (const auto& [event, since] : events) {
    rep_->quiet.Set({label, event}, Seconds(since.time_since_epoch()));
    current.insert(event);
  }
}

void JourneyMetrics::PartitionDropped(PartitionId partition) {
  const std::string label = Text(partition);
  for (Gauges* const gauges :
       {&rep_->clock, &rep_->timers_due, &rep_->timers_held, &rep_->state_bytes, &rep_->state_keys,
        &rep_->restored, &rep_->restore_total, &rep_->restore_remaining}) {
    gauges->Remove({label});
  }
  const MutexLock lock(rep_->mutex);
  if (const auto silent = rep_->silent_by_partition.find(partition);
      silent != rep_->silent_by_partition.end()) {
    rep_->silent.Remove({label, silent->second});
    rep_->silent_by_partition.erase(silent);
  }
  if (const auto quiet = rep_->quiet_by_partition.find(partition);
      quiet != rep_->quiet_by_partition.end()) {
    for (const std::string& event : quiet->second) rep_->quiet.Remove({label, event});
    rep_->quiet_by_partition.erase(quiet);
  }
  const auto holder = rep_->holder_by_partition.find(partition);
  if (holder == rep_->holder_by_partition.end()) return;
  rep_->clock_held.Remove({label, holder->second});
  rep_->holder_by_partition.erase(holder);
}

}  // namespace foothold::metrics
