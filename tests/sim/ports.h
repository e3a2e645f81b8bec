#pragma once

// What stands between the service and the log and stores in memory: here processes die, and the
// storm strikes.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/log/log.h"
#include "src/stream/store_shelf.h"
#include "tests/sim/storm.h"

namespace foothold::sim {

// The log as one stage of one process sees it.
class SimPort final : public log::Log {
 public:
  // Where a partition was first read from.
  using Starts = std::map<log::TopicPartition, NextOffset>;

  // All of it outlives the port.
  SimPort(log::Log* inner, Storm* storm, Spot spot)
      : inner_(inner), storm_(storm), spot_(std::move(spot)) {}

  Result<std::unique_ptr<log::Consumer>> NewConsumer(const log::ConsumerOptions& options) override;
  Result<std::unique_ptr<log::TransactionalProducer>> NewProducer(
      const log::ProducerOptions& options) override;
  Result<std::unique_ptr<log::Admin>> NewAdmin() override { return inner_->NewAdmin(); }

  // The starts that its worker accepted and that no transaction of it has followed yet.
  Starts& accepted_starts() { return accepted_starts_; }
  const Spot& spot() const { return spot_; }

 private:
  log::Log* inner_;
  Storm* storm_;
  Spot spot_;
  Starts accepted_starts_;
};

// The volume of one stage of one process. What was not flushed is gone with the process.
class SimShelf final : public stream::StoreShelf {
 public:
  struct Options {
    std::string root;
    std::shared_ptr<state::SharedMemory> memory;
    bool in_memory = true;
    int flush_every = 0;  // A store comes to its files with every n-th write; 0: never.
  };
  // The keys of a store and their values, without the timer index.
  using Content = std::vector<std::pair<std::string, std::string>>;

  SimShelf(Options options, Storm* storm, Spot spot);

  Result<std::unique_ptr<state::Store>> Open(PartitionId partition) override;
  Status Destroy(PartitionId partition) override;
  std::size_t memory_bytes() const override { return shelf_.memory_bytes(); }

  // What follows is for when the process does not run.
  std::optional<Content> Read(PartitionId partition);
  void Replace(PartitionId partition, const Content& content);
  void Lose(PartitionId partition);
  // Changes some bytes of its files. REQUIRES: on disk. False: there are none.
  bool FlipBits(PartitionId partition, Random* random);

  // Asked after every write, with the store.
  std::function<void(PartitionId, const state::Store&)> on_written;

  Storm* storm() const { return storm_; }
  const Spot& spot() const { return spot_; }
  int flush_every() const { return options_.flush_every; }
  std::set<PartitionId>& damaged() { return damaged_; }

 private:
  Options options_;
  Storm* storm_;
  Spot spot_;
  stream::FolderShelf shelf_;
  std::set<PartitionId> damaged_;
};

}  // namespace foothold::sim
