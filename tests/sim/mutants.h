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

// One bug: what it puts around the ports and stages of every process. The defaults put nothing.
//
// An object holds what the bug remembers while a process lives: one for each process.
class Mutation {
 public:
  virtual ~Mutation() = default;
  virtual std::unique_ptr<log::Log> Wrap(log::Log* /*log*/, const Spot& /*spot*/) {
    return nullptr;
  }
  virtual std::unique_ptr<stream::Stage> Wrap(std::unique_ptr<stream::Stage> stage,
                                              StageId /*id*/) {
    return stage;
  }
  // Null: as it is.
  virtual std::unique_ptr<stream::StoreShelf> Wrap(stream::StoreShelf* /*shelf*/, StageId /*id*/) {
    return nullptr;
  }
};

struct Mutant {
  std::string_view name;
  // `log` outlives the mutation.
  std::unique_ptr<Mutation> (*make)(log::MemoryLog* log);
};

const std::vector<Mutant>& AllMutants();
const Mutant* FindMutant(std::string_view name);

}  // namespace foothold::sim
