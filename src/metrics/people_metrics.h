#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "src/base/ids.h"
#include "src/metrics/keyed_metrics.h"
#include "src/metrics/registry.h"

namespace foothold::metrics {

// What became of the records that name a user and no account. One for all people workers of a
// process.
//
// `partition` is always the people topic's. Nothing is counted before it is committed. Thread-safe.
class PeopleMetrics final : public KeyedMetrics {
 public:
  // Why a record no longer waits for an account.
  enum class Expiry { kTime, kFull, kEnd };

  // `registry` outlives this.
  explicit PeopleMetrics(Registry* registry);
  ~PeopleMetrics() override;

  void RecordsTaken(std::uint64_t count);
  // Handed to all accounts of their person.
  void RecordsPlaced(std::uint64_t count);
  // To another id of the same person.
  void RecordsHandedOn(std::uint64_t count);
  void RecordsExpired(Expiry why, std::uint64_t count);
  // What became of those that expired, and of those that were of no use when they were placed.
  void RecordsSkipped(std::uint64_t count);
  // Of somebody who was erased: dropped.
  void RecordsOfErased(std::uint64_t count);
  void RecordsRejected(std::string_view reason, std::uint64_t count);
  // An account that a person's list has no room for.
  void AccountsCapMet(std::uint64_t count);
  void WaitingIs(PartitionId partition, std::uint64_t records, std::uint64_t bytes);

  void CacheBytes(std::size_t objects_bytes, std::size_t store_bytes) override;
  void StateSizeIs(PartitionId partition, StateSize size) override;
  void RestoreProgress(PartitionId partition, const Restore& restore) override;
  void PartitionDropped(PartitionId partition) override;

 private:
  struct Rep;
  std::unique_ptr<Rep> rep_;
};

}  // namespace foothold::metrics
