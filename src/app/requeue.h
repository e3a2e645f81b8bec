#pragma once

// Dead letters back to the topics they came from.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/app/dead_letters.h"
#include "src/base/status.h"
#include "src/config/config.h"
#include "src/log/log.h"

namespace foothold::app {

// What is to go back and what cannot.
struct RequeuePlan {
  std::set<LetterPlace> places;
  std::map<std::string, std::int64_t> by_topic;  // Of these, by source topic.
  std::map<std::string, std::int64_t> left_out;  // Why not -> how many.
};

// Looks at the chosen letters. Whatever went back already is left out.
Result<RequeuePlan> PlanRequeue(log::Log* log, const config::Config& config,
                                const LetterChoice& choice);

// Writes the chosen letters to their topics and partitions, with key, value, headers and time as
// they came, and a mark for each in the dead letter's topic, in the same transaction. What others
// requeue meanwhile is not written twice: of two at once one is fenced. Returns what was done.
Result<RequeuePlan> Requeue(log::Log* log, const config::Config& config,
                            const LetterChoice& choice);

}  // namespace foothold::app
