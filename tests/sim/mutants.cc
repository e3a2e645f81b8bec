#include "tests/sim/mutants.h"

#include <algorithm>

namespace foothold::sim {

const std::vector<Mutant>& AllMutants() {
  static const std::vector<Mutant> kMutants;
  return kMutants;
}

const Mutant* FindMutant(std::string_view name) {
  const auto found = std::ranges::find(AllMutants(), name, &Mutant::name);
  return found == AllMutants().end() ? nullptr : &*found;
}

}  // namespace foothold::sim
