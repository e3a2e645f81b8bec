#include "tests/sim/mutants.h"

#include <algorithm>

namespace foothold::sim {
namespace {

std::vector<Mutant> Join() {
  std::vector<Mutant> all = LogMutants();
  for (const std::vector<Mutant>& more : {FoldMutants(), StateMutants(), ErasureMutants()}) {
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace

const std::vector<Mutant>& AllMutants() {
  static const std::vector<Mutant> kMutants = Join();
  return kMutants;
}

const Mutant* FindMutant(std::string_view name) {
  const auto found = std::ranges::find(AllMutants(), name, &Mutant::name);
  return found == AllMutants().end() ? nullptr : &*found;
}

}  // namespace foothold::sim
