#include "src/journey/learning.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "src/base/names.h"
#include "src/journey/gate.h"
#include "src/journey/interventions.h"
#include "src/journey/roles.h"
#include "src/journey/standard_events.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

constexpr milliseconds kSessionGap = 30 * kMinute;
constexpr milliseconds kCoreGapMax = 5 * kMinute;

Occurrence OccurrenceOf(const Event& event, const std::string& canonical, const Hash128& value) {
  return {.at = event.occurred_at,
          .event_id = std::string(event.id),
          .fingerprint = event.fingerprint,
          .event = std::string(DisplayName(canonical)),
          .value = value,
          .source = std::string(event.position.source),
          .topic = std::string(event.position.topic),
          .partition = event.position.partition.value,
          .offset = event.position.offset};
}

// False if the tracker is full of earlier occurrences (or of later ones, if these are kept): the
// common case, told without building one.
bool MayKeep(const Tracker& tracker, Instant at, const std::vector<TrackerState>& states) {
  const TrackerState* state = Find(states, tracker.key);
  if (state == nullptr || state->kept.size() < static_cast<std::size_t>(tracker.keep)) {
    return true;
  }
  return tracker.is_latest ? at >= state->kept.front().at : at <= state->kept.back().at;
}

bool KeepEvent(const Tracker& tracker, const Event& event, const std::string& canonical,
               std::vector<TrackerState>* states) {
  if (!MayKeep(tracker, event.occurred_at, *states) || !Satisfies(tracker, event.properties)) {
    return false;
  }
  const std::optional<Hash128> value = DistinctValue(tracker, event);
  return value.has_value() && Keep(tracker, OccurrenceOf(event, canonical, *value), states);
}

// True if earliest occurrences changed, on which states and statuses rest; `*has_evidence` also if
// latest ones did.
bool KeepAll(const Definition& definition, const std::vector<std::int32_t>& trackers,
             TrackerKind kind, const Event& event, const std::string& canonical,
             std::vector<TrackerState>* states, bool* has_evidence) {
  bool is_changed = false;
  for (const std::int32_t index : trackers) {
    const Tracker& tracker = definition.playbook().trackers[static_cast<std::size_t>(index)];
    if (tracker.kind == kind && KeepEvent(tracker, event, canonical, states)) {
      *has_evidence = true;
      is_changed = is_changed || !tracker.is_latest;
    }
  }
  return is_changed;
}

// Notes the event in the ring; a repeat or a conflict is told.
void NoteId(const Event& event, std::vector<std::uint64_t>* recent, bool* is_repeat,
            bool* is_conflict) {
  const std::uint64_t id = RecentId(event.id, event.fingerprint);
  for (const std::uint64_t known : *recent) {
    *is_repeat = *is_repeat || known == id;
    *is_conflict = *is_conflict || (known != id && (known >> 32U) == (id >> 32U));
  }
  if (*is_repeat) {
    return;
  }
  if (recent->size() >= kRecentIdsMax) {
    recent->erase(recent->begin());
  }
  recent->push_back(id);
}

TraitState TraitOf(const BagEntry& entry, Instant at, std::uint64_t id_hash) {
  TraitState trait{.name = std::string(entry.name), .bag = {}, .at = at, .id_hash = id_hash};
  BagWriter(&trait.bag).Add(entry.name, entry.value);
  return trait;
}

// Learns one trait; of names the product does not know only the first of the alphabet stay.
bool LearnOne(const TraitState& trait, bool (*is_known)(std::string_view),
              std::vector<TraitState>* traits) {
  if (!LearnTrait(trait, is_known(trait.name), traits)) {
    return false;
  }
  const auto unknown = std::ranges::count_if(
      *traits, [&](const TraitState& other) { return !is_known(other.name); });
  if (static_cast<std::size_t>(unknown) > kUnknownTraitsMax) {
    const auto last = std::find_if(traits->rbegin(), traits->rend(),
                                   [&](const TraitState& other) { return !is_known(other.name); });
    traits->erase(std::next(last).base());
  }
  return true;
}

bool LearnTraits(const BagView& bag, const Event& event, bool (*is_known)(std::string_view),
                 std::vector<TraitState>* traits) {
  bool is_changed = false;
  const std::uint64_t id_hash = Hash64(event.id);
  std::string_view rest = bag.bytes();
  while (const std::optional<BagEntry> entry = BagView::Next(&rest)) {
    is_changed =
        LearnOne(TraitOf(*entry, event.occurred_at, id_hash), is_known, traits) || is_changed;
  }
  return is_changed;
}

// The newest of two stamps stays. True if it moved.
bool Raise(const Stamp& stamp, std::optional<Stamp>* newest) {
  if (newest->has_value() && **newest >= stamp) {
    return false;
  }
  *newest = stamp;
  return true;
}

bool LearnRole(const Event& event, RoleRank rank, User* user) {
  if (event.role.empty()) {
    return false;
  }
  std::string role(event.role);
  std::ranges::transform(role, role.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  // Facts that all say the same give one span of that role, whatever their times and ranks.
  const bool is_known =
      !user->role_facts.empty() &&
      std::ranges::all_of(user->role_facts, [&](const RoleFact& f) { return f.role == role; });
  const bool is_changed = AddRoleFact(
      {.at = event.occurred_at, .id_hash = Hash64(event.id), .rank = rank, .role = std::move(role)},
      &user->role_facts);
  return is_changed && !is_known;
}

// Joined, removed or given another role: by the user or, as kMember, by somebody else.
bool LearnMembership(const Event& event, const std::string& canonical, User* user) {
  const Stamp stamp{.at = event.occurred_at, .id_hash = Hash64(event.id)};
  bool is_changed = false;
  if (canonical == kUserJoined) {
    is_changed = Raise(stamp, &user->joined);
    user->has_birth_fact = true;
  } else if (canonical == kUserRemoved) {
    is_changed = Raise(stamp, &user->removed);
  }
  return LearnRole(event, RoleRank::kExplicit, user) || is_changed;
}

bool IsMembership(const std::string& canonical) {
  return canonical == kUserJoined || canonical == kUserRemoved || canonical == kUserRoleChanged;
}

// Activity in the product: access, sessions, days, core time.
bool LearnActivity(const Definition& definition, const Event& event, const std::string& canonical,
                   User* user, UserLearned* learned) {
  const bool is_repeat = learned->is_repeat;
  const bool is_core = definition.IsCoreFeature(canonical);
  const bool is_changed =
      KeepAll(definition, definition.TrackersOfKind(TrackerKind::kAccess), TrackerKind::kAccess,
              event, canonical, &user->trackers, &learned->has_evidence);
  const Instant at = event.occurred_at;
  const std::size_t sessions_before = user->sessions.size();
  const std::int64_t dropped_before = user->sessions_dropped;
  const std::int32_t day_before = user->active_days.last_day;
  if (!user->last_seen.has_value() || at > *user->last_seen) {
    user->last_seen = at;
  }
  NoteSession(at, user);
  user->active_days.Add(at);
  learned->has_activity = user->sessions.size() != sessions_before ||
                          user->sessions_dropped != dropped_before ||
                          user->active_days.last_day != day_before;
  if (!is_repeat) {
    learned->has_activity = NoteStruggle(event, canonical, user) || learned->has_activity;
    if (is_core) {
      NoteFeature(event.occurred_at, canonical, user);
    }
  }
  if (!is_repeat && (!user->last_event_at.has_value() || at >= *user->last_event_at)) {
    if (user->was_last_event_core && user->last_event_at.has_value() &&
        at - *user->last_event_at <= kSessionGap) {
      user->core_time += std::min(at - *user->last_event_at, kCoreGapMax);
    }
    user->last_event_at = at;
    user->was_last_event_core = is_core;
  }
  return is_changed;
}

bool LearnConsent(const Event& event, User* user) {
  const auto channel = event.properties.FindString("channel");
  const std::optional<Scalar> granted = event.properties.Find("granted");
  if (!channel.has_value() || !granted.has_value()) {
    return false;
  }
  const std::string name = "consent:" + CanonicalPropertyName(*channel);
  return LearnOne(TraitOf({.name = name, .value = *granted}, event.occurred_at, Hash64(event.id)),
                  IsKnownUserTrait, &user->traits);
}

bool LearnOutreach(Instant at, User* user) {
  const auto place = std::ranges::lower_bound(user->outreach, at);
  if (place != user->outreach.end() && *place == at) {
    return false;
  }
  user->outreach.insert(place, at);
  if (user->outreach.size() > kOutreachMax) {
    user->outreach.erase(user->outreach.begin());
  }
  NoteSent(at, Channel::kEmail, &user->care);  // What people send counts against the caps, too.
  return true;
}

bool LearnInvite(const Definition& definition, const Event& event, const std::string& canonical,
                 const Visit& visit, User* user, UserLearned* learned) {
  bool is_changed = !user->was_invited;
  user->was_invited = true;
  is_changed =
      KeepAll(definition, definition.TrackersOfKind(TrackerKind::kInvited), TrackerKind::kInvited,
              event, canonical, &user->trackers, &learned->has_evidence) ||
      is_changed;
  is_changed = LearnRole(event, RoleRank::kInvite, user) || is_changed;
  const std::string email = InviteeOf(event).email;
  if (!email.empty() && FindTrait(user->traits, "email") == nullptr &&
      !visit.target.email.empty()) {
    is_changed = LearnOne(TraitOf({.name = "email", .value = std::string_view(email)},
                                  event.occurred_at, Hash64(event.id)),
                          IsKnownUserTrait, &user->traits) ||
                 is_changed;
  }
  return is_changed;
}

bool LearnOwnAct(const Definition& definition, const Event& event, const std::string& canonical,
                 bool was_known, User* user, UserLearned* learned) {
  bool is_changed = KeepAll(definition, definition.TrackersOf(canonical), TrackerKind::kDid, event,
                            canonical, &user->trackers, &learned->has_evidence);
  if (event.kind == CallKind::kGroup) {
    if (!was_known && !user->is_named_by_group) {
      user->is_named_by_group = true;
      is_changed = true;
    }
  } else {
    learned->has_traits = LearnTraits(event.traits, event, IsKnownUserTrait, &user->traits);
    is_changed = learned->has_traits || is_changed;
  }
  if (canonical == kAccountCreated || canonical == kUserSignedUp ||
      (event.kind != CallKind::kGroup && event.traits.Find("createdat").has_value())) {
    is_changed = !user->has_birth_fact || is_changed;
    user->has_birth_fact = true;
  }
  if (canonical == kOutreachLogged) {
    is_changed = LearnOutreach(event.occurred_at, user) || is_changed;
  } else if (canonical == kUserConsentChanged) {
    is_changed = LearnConsent(event, user) || is_changed;
  } else if (IsMembership(canonical) && !MemberOf(event).has_value()) {
    is_changed = LearnMembership(event, canonical, user) || is_changed;
  } else if (canonical != kUserInvited && !IsMembership(canonical)) {
    is_changed = LearnRole(event, RoleRank::kTrait, user) || is_changed;
  }
  if (IsAccess(event, canonical)) {
    is_changed = LearnActivity(definition, event, canonical, user, learned) || is_changed;
  }
  return is_changed;
}

// Anchors of the account that some window of a member opens at.
bool IsWindowOf(const Definition& definition,
                const std::function<bool(const AnchorEntry&)>& rests) {
  const Playbook& playbook = definition.playbook();
  const auto uses = [&](const std::optional<Window>& window) {
    if (!window.has_value()) {
      return false;
    }
    const Anchor& anchor = playbook.anchors[static_cast<std::size_t>(window->anchor)];
    return std::ranges::any_of(anchor.entries, [&](const std::vector<AnchorEntry>& group) {
      return std::ranges::any_of(group, rests);
    });
  };
  const auto rests_on = [&](const Milestone& milestone) {
    return uses(milestone.within) ||
           std::ranges::any_of(milestone.all,
                               [&](const Criterion& criterion) { return uses(criterion.within); });
  };
  return std::ranges::any_of(playbook.roles,
                             [&](const Role& role) {
                               return role.milestone.has_value() && rests_on(*role.milestone);
                             }) ||
         std::ranges::any_of(playbook.models, [&](const Model& model) {
           return std::ranges::any_of(model.overrides, [&](const Model::Override& change) {
             return rests_on(change.milestone);
           });
         });
}

void LearnAccountTraits(const Definition& definition, const BagView& bag, const Event& event,
                        bool is_group_call, Account* account, AccountLearned* learned) {
  const std::uint64_t id_hash = Hash64(event.id);
  std::string_view rest = bag.bytes();
  while (const std::optional<BagEntry> entry = BagView::Next(&rest)) {
    if (!is_group_call && !IsKnownAccountTrait(entry->name)) {
      continue;  // Of product events only the account's facts are the account's.
    }
    if (!LearnOne(TraitOf(*entry, event.occurred_at, id_hash), IsKnownAccountTrait,
                  &account->traits)) {
      continue;
    }
    learned->matters = true;
    learned->has_traits = true;
    learned->moves_members =
        learned->moves_members || entry->name == "productmodel" ||
        IsWindowOf(definition, [&](const AnchorEntry& anchor) {
          return anchor.kind == AnchorEntry::Kind::kAccountTrait && anchor.trait == entry->name;
        });
  }
}

void KeepForAccount(const Definition& definition, const std::vector<std::int32_t>& trackers,
                    const Event& event, const std::string& canonical, Account* account,
                    AccountLearned* learned) {
  for (const std::int32_t index : trackers) {
    const Tracker& tracker = definition.playbook().trackers[static_cast<std::size_t>(index)];
    if (tracker.kind == TrackerKind::kDid ||
        !KeepEvent(tracker, event, canonical, &account->trackers)) {
      continue;
    }
    learned->matters = learned->matters || !tracker.is_latest;
    learned->has_evidence = true;
    learned->concerns_users =
        learned->concerns_users || definition.wakes().UsersRestOnTracker(index);
    learned->moves_members =
        learned->moves_members || IsWindowOf(definition, [&](const AnchorEntry& anchor) {
          return anchor.kind == AnchorEntry::Kind::kTracker && anchor.tracker == index;
        });
  }
}

}  // namespace

bool IsAccess(const Event& event, const std::string& canonical) {
  const bool is_act = event.kind == CallKind::kTrack || event.kind == CallKind::kPage ||
                      event.kind == CallKind::kScreen;
  return is_act && event.is_product && !IsNeverAccess(canonical);
}

UserLearned LearnUser(const Definition& definition, const Event& event, const Visit& visit,
                      User* user) {
  const std::string& canonical = visit.canonical;
  UserLearned learned;
  NoteId(event, &user->recent_ids, &learned.is_repeat, &learned.is_conflict);
  const bool was_known = user->first_seen.has_value();
  if (!was_known || event.occurred_at < *user->first_seen) {
    user->first_seen = event.occurred_at;
    user->first_seen_source = std::string(event.position.source);
    learned.matters = true;
  }
  if (visit.kind == VisitKind::kInvitee) {
    learned.matters =
        LearnInvite(definition, event, canonical, visit, user, &learned) || learned.matters;
    return learned;
  }
  if (visit.kind == VisitKind::kMember) {
    learned.matters = LearnMembership(event, canonical, user) || learned.matters;
    return learned;
  }
  const bool may_say_address = !event.traits.is_empty();
  const std::string email_before =
      may_say_address ? TraitText(user->traits, "email").value_or("") : std::string();
  learned.matters =
      LearnOwnAct(definition, event, canonical, was_known, user, &learned) || learned.matters;
  if (may_say_address) {
    const std::string email = TraitText(user->traits, "email").value_or("");
    if (email != email_before) {
      learned.email = CanonicalEmail(email);
    }
  }
  return learned;
}

AccountLearned LearnAccount(const Definition& definition, const Event& event,
                            const std::string& canonical, Account* account) {
  AccountLearned learned;
  if (event.user.empty()) {
    bool is_conflict = false;
    NoteId(event, &account->recent_ids, &learned.is_repeat, &is_conflict);
  }
  if (!account->first_seen.has_value() || event.occurred_at < *account->first_seen) {
    account->first_seen = event.occurred_at;
    account->first_seen_source = std::string(event.position.source);
    learned.matters = true;
  }
  const bool is_birth = canonical == kAccountCreated || canonical == kUserSignedUp;
  if (is_birth && (!account->born_at.has_value() || event.occurred_at < *account->born_at)) {
    account->born_at = event.occurred_at;
    learned.matters = true;
  }
  KeepForAccount(definition, definition.TrackersOf(canonical), event, canonical, account, &learned);
  KeepForAccount(definition, definition.TrackersOfKind(TrackerKind::kAnyEvent), event, canonical,
                 account, &learned);
  if (!event.user.empty() && IsAccess(event, canonical)) {
    KeepForAccount(definition, definition.TrackersOfKind(TrackerKind::kAccountAccess), event,
                   canonical, account, &learned);
  }
  if (event.kind == CallKind::kGroup) {
    LearnAccountTraits(definition, event.traits, event, true, account, &learned);
  } else if (GivesAccountFacts(canonical)) {
    LearnAccountTraits(definition, event.properties, event, false, account, &learned);
  }
  if (canonical == kTicketOpened && !learned.is_repeat) {
    ++account->open_tickets;
    learned.matters = true;
  } else if (canonical == kTicketClosed && !learned.is_repeat) {
    account->open_tickets = std::max<std::int64_t>(0, account->open_tickets - 1);
    learned.matters = true;
  } else if (canonical == kOutreachLogged && (!account->last_outreach_at.has_value() ||
                                              event.occurred_at > *account->last_outreach_at)) {
    account->last_outreach_at = event.occurred_at;
    NoteSent(event.occurred_at, Channel::kEmail, &account->care);
    learned.matters = true;
  } else if (canonical == "account.churned" &&
             (!account->churned_at.has_value() || event.occurred_at < *account->churned_at)) {
    account->churned_at = event.occurred_at;
    learned.matters = true;
    learned.has_evidence = true;
    learned.concerns_users = true;  // What was asked of them has an outcome.
  }
  return learned;
}

void MergeUser(const Definition& definition, User* from, User* user) {
  MergeTrackers(definition.playbook().trackers, from->trackers, &user->trackers);
  for (const TraitState& trait : from->traits) {
    LearnOne(trait, IsKnownUserTrait, &user->traits);
  }
  for (const RoleFact& fact : from->role_facts) {
    AddRoleFact(fact, &user->role_facts);
  }
  if (from->joined.has_value()) {
    Raise(*from->joined, &user->joined);
  }
  if (from->removed.has_value()) {
    Raise(*from->removed, &user->removed);
  }
  user->was_invited = user->was_invited || from->was_invited;
  user->has_birth_fact = user->has_birth_fact || from->has_birth_fact;
  user->is_named_by_group = user->is_named_by_group || from->is_named_by_group;
  if (from->first_seen.has_value() &&
      (!user->first_seen.has_value() || *from->first_seen < *user->first_seen)) {
    user->first_seen = from->first_seen;
    user->first_seen_source = from->first_seen_source;
  }
  if (from->last_seen.has_value()) {
    user->last_seen = std::max(user->last_seen.value_or(*from->last_seen), *from->last_seen);
  }
  for (const Session& session : from->sessions) {
    NoteSession(session.begin, user);
    NoteSession(session.end, user);
  }
  user->sessions_dropped += from->sessions_dropped;
  user->core_time += from->core_time;
  for (int i = 0; i < ActiveDays::kDays; ++i) {
    const auto bit = static_cast<std::size_t>(i);
    if ((from->active_days.bits[bit / 64] >> (bit % 64) & 1U) != 0) {
      user->active_days.Add(kEpoch + kDay * (from->active_days.last_day - i));
    }
  }
  for (const Instant at : from->outreach) {
    LearnOutreach(at, user);
  }
  MergeCare(from->care, &user->care);
}

}  // namespace foothold::journey
