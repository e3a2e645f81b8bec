#include "src/metrics/people_metrics.h"

#include <array>
#include <chrono>
#include <string>

#include "src/metrics/families.h"
#include "src/metrics/partition_gauges.h"

namespace foothold::metrics {
namespace {

prometheus::Counter* Plain(Families& families, std::string_view name, std::string_view help) {
  return families.counters({.name = name, .help = help, .labels = {}}).At({});
}

prometheus::Counter* SkippedFor(std::string_view why, Families& families) {
  return families
      .counters({.name = "foothold_people_skipped_records_total",
                 .help = "Records whose person was found in no account, or was erased: dropped.",
                 .labels = {"why"}})
      .At({why});
}

void Add(prometheus::Counter* counter, std::uint64_t count) {
  counter->Increment(static_cast<double>(count));
}

}  // namespace

struct PeopleMetrics::Rep {
  explicit Rep(Families& families);

  prometheus::Counter* taken;
  prometheus::Counter* placed;
  prometheus::Counter* handed_on;
  std::array<prometheus::Counter*, 3> expired;
  prometheus::Counter* skipped;
  prometheus::Counter* of_erased;
  Counters& rejected;
  prometheus::Counter* accounts_cap;
  Gauges& waiting_records;
  Gauges& waiting_bytes;
  Gauges& cache_bytes;
  Gauges& state_bytes;
  Gauges& state_keys;
  Gauges& restored;
  Gauges& restore_total;
  Gauges& restore_remaining;
};

PeopleMetrics::Rep::Rep(Families& families)
    : taken(Plain(families, "foothold_people_records_total",
                  "Records that name a user and no account.")),
      placed(Plain(families, "foothold_people_placed_records_total",
                   "Of these, records handed to the accounts of their person.")),
      handed_on(Plain(families, "foothold_people_handed_on_records_total",
                      "Times a record was handed to another id of its person.")),
      skipped(SkippedFor("unplaced", families)),
      of_erased(SkippedFor("erased", families)),
      rejected(families.counters({.name = "foothold_people_rejected_records_total",
                                  .help = "Records sent to the dead letter.",
                                  .labels = {"reason"}})),
      accounts_cap(families
                       .counters({.name = "foothold_people_caps_met_total",
                                  .help = "Times a bounded list of a person was full.",
                                  .labels = {"cap"}})
                       .At({"accounts"})),
      waiting_records(families.gauges(
          OfPartition("foothold_people_waiting_records", "Records that wait for an account."))),
      waiting_bytes(families.gauges(OfPartition("foothold_people_waiting_bytes", "Their bytes."))),
      cache_bytes(families.gauges({.name = "foothold_people_cache_bytes",
                                   .help = "Memory held by the cache of decoded persons.",
                                   .labels = {}})),
      state_bytes(families.gauges(
          OfPartition("foothold_people_state_bytes", "The partition's state on disk."))),
      state_keys(families.gauges(
          OfPartition("foothold_people_state_keys", "Keys of the partition's state, estimated."))),
      restored(families.gauges(OfPartition("foothold_people_restored_records",
                                           "Changelog records read by this restore."))),
      restore_total(families.gauges(OfPartition("foothold_people_restore_records",
                                                "Changelog records this restore has to read."))),
      restore_remaining(families.gauges(OfPartition("foothold_people_restore_remaining_seconds",
                                                    "How long this restore still takes."))) {
  Counters& by_cause = families.counters({.name = "foothold_people_expired_records_total",
                                          .help = "Records that no longer wait for an account.",
                                          .labels = {"cause"}});
  expired = {by_cause.At({"time"}), by_cause.At({"full"}), by_cause.At({"end"})};
}

PeopleMetrics::PeopleMetrics(Registry* registry)
    : rep_(std::make_unique<Rep>(registry->families())) {}
PeopleMetrics::~PeopleMetrics() = default;

void PeopleMetrics::RecordsTaken(std::uint64_t count) { Add(rep_->taken, count); }
void PeopleMetrics::RecordsPlaced(std::uint64_t count) { Add(rep_->placed, count); }
void PeopleMetrics::RecordsHandedOn(std::uint64_t count) { Add(rep_->handed_on, count); }
void PeopleMetrics::RecordsSkipped(std::uint64_t count) { Add(rep_->skipped, count); }
void PeopleMetrics::RecordsOfErased(std::uint64_t count) { Add(rep_->of_erased, count); }
void PeopleMetrics::AccountsCapMet(std::uint64_t count) { Add(rep_->accounts_cap, count); }

void PeopleMetrics::RecordsExpired(Expiry why, std::uint64_t count) {
  Add(rep_->expired[static_cast<std::size_t>(why)], count);
}

void PeopleMetrics::RecordsRejected(std::string_view reason, std::uint64_t count) {
  Add(rep_->rejected.At({reason}), count);
}

void PeopleMetrics::WaitingIs(PartitionId partition, std::uint64_t records, std::uint64_t bytes) {
  rep_->waiting_records.Set({Text(partition)}, static_cast<double>(records));
  rep_->waiting_bytes.Set({Text(partition)}, static_cast<double>(bytes));
}

// The stores' memory is told by the journey, whose stores share it.
void PeopleMetrics::CacheBytes(std::size_t objects_bytes, std::size_t /*store_bytes*/) {
  rep_->cache_bytes.Set({}, static_cast<double>(objects_bytes));
}

void PeopleMetrics::StateSizeIs(PartitionId partition, StateSize size) {
  rep_->state_bytes.Set({Text(partition)}, static_cast<double>(size.bytes));
  rep_->state_keys.Set({Text(partition)}, static_cast<double>(size.keys));
}

void PeopleMetrics::RestoreProgress(PartitionId partition, const Restore& restore) {
  RestoreGauges{rep_->restored, rep_->restore_total, rep_->restore_remaining}.Set(partition,
                                                                                  restore);
}

void PeopleMetrics::PartitionDropped(PartitionId partition) {
  for (Gauges* const gauges :
       {&rep_->waiting_records, &rep_->waiting_bytes, &rep_->state_bytes, &rep_->state_keys,
        &rep_->restored, &rep_->restore_total, &rep_->restore_remaining}) {
    gauges->Remove({Text(partition)});
  }
}

}  // namespace foothold::metrics
