#pragma once

// Bugs built in on purpose, between the product and its ports, to see whether they are found.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/log/memory_log.h"
#include "src/stream/stage.h"
#include "src/stream/store_shelf.h"
#include "tests/sim/storm.h"

namespace foothold::sim {

// One bug: what it puts around the ports and stages of a process. The defaults put nothing. An
// object holds what the bug remembers while its process lives, and outlives what it wraps.
class Mutation {
 public:
  virtual ~Mutation() = default;
  // Null: as it is.
  virtual std::unique_ptr<log::Log> WrapLog(log::Log* /*log*/, const Spot& /*spot*/) {
    return nullptr;
  }
  virtual std::unique_ptr<stream::Stage> WrapStage(std::unique_ptr<stream::Stage> stage,
                                                   StageId /*id*/) {
    return stage;
  }
  // Null: as it is.
  virtual std::unique_ptr<stream::StoreShelf> WrapShelf(stream::StoreShelf* /*shelf*/,
                                                        StageId /*id*/) {
    return nullptr;
  }
};

struct Mutant {
  std::string_view name;
  // `log` outlives the mutation.
  std::unique_ptr<Mutation> (*make)(log::MemoryLog* log);
};

// Of the log's ports, of what is folded again, of stages and stores, and of how people are erased.
std::vector<Mutant> LogMutants();
std::vector<Mutant> FoldMutants();
std::vector<Mutant> StateMutants();
std::vector<Mutant> ErasureMutants();
const std::vector<Mutant>& AllMutants();
const Mutant* FindMutant(std::string_view name);

}  // namespace foothold::sim
