#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/sim/checks.h"

namespace foothold::sim {

// Words that erased an id from an account: their revisions in the journal, in order, and until when
// what comes of it is dropped.
struct Erasure {
  std::vector<std::int64_t> revisions;
  Instant until;
};
// By account and id.
std::map<std::pair<std::string, std::string>, Erasure> ErasuresOf(const Evidence& evidence);

// `ce_subject` of a user's records.
std::string SubjectOf(const std::string& tenant, const std::string& user);

// Apart from the models: of who was erased, and may not begin anew yet, nothing stands in the
// stores and in what is compacted, and nothing was decided behind the word.
void CheckErasures(const Evidence& evidence, std::vector<std::string>* findings);

}  // namespace foothold::sim
