#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/sim/checks.h"

namespace foothold::sim {

// What the people topic comes to, over all its partitions.
struct PeopleOutcome {
  std::multiset<std::string> placed;
  std::multiset<std::string> handed_on;
  std::multiset<std::string> dead_letters;
};

// Every input is in exactly one of journal, people topic, dead letter and nowhere, whole and in
// order; progress stands behind what it covers; what the people stage places is what it must.
void CheckInputs(const Evidence& evidence, const PeopleOutcome& people,
                 std::vector<std::string>* findings);

}  // namespace foothold::sim
