#pragma once

// What a rung asks, in full: everything the receiver needs to act without another look-up.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/journey/conditions.h"
#include "src/journey/occasion.h"

namespace foothold::journey {

// What the texts of a rule may name, by name, with what is known of the subject.
using AskParameters = std::vector<std::pair<std::string, std::string>>;
AskParameters ParametersOf(const Facts& facts, Instant at);

// `text` with each {name} replaced; "" for a name that is not known.
std::string FillIn(std::string_view text, const AskParameters& parameters);

// Who is to get it.
Recipient RecipientOf(const Facts& facts, const Ask& ask);
// The zone in which the recipient's quiet hours lie; nullptr: UTC.
const ZoneRules* ZoneOf(const Facts& facts, const Ask& ask);
// Whether the recipient has refused the channel.
bool IsRefused(const Facts& facts, const Ask& ask);

// The ask of a rung in that state. `intervention_id` may be "" for what is not requested.
AskBlock AskBlockOf(const Occasion& occasion, const Facts& facts, const Rule& rule,
                    const RungState& state, std::string_view intervention_id);
// "export_failed#1@2026-03-01T09:00:00.000Z": one passage of the subject through the rung.
std::string EpisodeOf(const Rule& rule, const RungState& state);

}  // namespace foothold::journey
