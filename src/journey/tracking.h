#pragma once

// The evidence registers: what a subject keeps of its past, in bounded space, whatever the order of
// arrival (PRODUCT.md section 3).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/journey/event.h"
#include "src/journey/playbook.h"
#include "src/journey/user.h"

namespace foothold::journey {

// Adds `occurrence` to the `tracker.keep` earliest (or latest) of `state`. Of a repeat (same id and
// fingerprint; with `distinct`, also of the same value) the earliest time stays. True if what is
// kept changed.
bool Keep(const Tracker& tracker, Occurrence occurrence, std::vector<TrackerState>* states);

// What is kept for the tracker, earliest first; nullptr for nothing.
const TrackerState* Find(const std::vector<TrackerState>& states, std::uint64_t key);
// The time of the `n`-th kept occurrence (from 1); nullopt if there are fewer.
std::optional<Instant> TimeOf(const std::vector<TrackerState>& states, const Tracker& tracker,
                              std::int32_t n);

// Whether the event's properties satisfy the tracker's `where`.
bool Satisfies(const Tracker& tracker, const BagView& properties);
// The distinct value of the event for the tracker; nullopt if the event does not carry it, and then
// it does not count. For "invitee" the id or, failing that, the address of whoever was invited.
std::optional<Hash128> DistinctValue(const Tracker& tracker, const Event& event);

// Whoever a user.invited event names: an id, else a canonical e-mail address, else neither.
struct Invitee {
  std::string id;
  std::string email;
};
Invitee InviteeOf(const Event& event);

// Merges what `from` kept into `*into`, as if its events had been the user's own.
void MergeTrackers(const std::vector<Tracker>& trackers, const std::vector<TrackerState>& from,
                   std::vector<TrackerState>* into);

// Sets the trait unless a newer one is known. True if the value changed. Of names that the product
// does not know, the kUnknownTraitsMax first in the alphabet are kept, values of at most
// kTraitBytesMax bytes; so the outcome does not depend on the order either.
bool LearnTrait(const TraitState& trait, bool is_known_name, std::vector<TraitState>* traits);
const TraitState* FindTrait(const std::vector<TraitState>& traits, std::string_view name);
// The trait as text, number or time; nullopt if it is not there or not of that kind.
std::optional<std::string> TraitText(const std::vector<TraitState>& traits, std::string_view name);
std::optional<double> TraitNumber(const std::vector<TraitState>& traits, std::string_view name);
std::optional<Instant> TraitTime(const std::vector<TraitState>& traits, std::string_view name);

// Notes a time of activity in the user's sessions.
void NoteSession(Instant at, User* user);
// Notes the same page or action again and again. True if the most of the present session grew.
bool NoteStruggle(const Event& event, const std::string& canonical, User* user);
// Notes the use of a core feature.
void NoteFeature(Instant at, const std::string& canonical, User* user);

}  // namespace foothold::journey
