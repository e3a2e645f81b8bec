#include "src/journey/tracking.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

#include "src/base/names.h"

namespace foothold::journey {
namespace {

constexpr milliseconds kSessionGap = 30 * kMinute;
// Distinct values are kept as hashes, so that addresses of invited people do not stand in the
// state.
constexpr std::uint64_t kValueSalt = 0x466F6F74686F6C64ULL;

bool IsSameOccurrence(const Tracker& tracker, const Occurrence& a, const Occurrence& b) {
  if (!tracker.distinct.empty()) {
    return a.value == b.value;
  }
  return a.fingerprint == b.fingerprint && a.event_id == b.event_id;
}

std::optional<double> NumberOf(std::string_view text) { return ScalarNumber(Scalar(text)); }

bool Compare(Comparison comparison, int order) {
  switch (comparison) {
    case Comparison::kEqual:
      return order == 0;
    case Comparison::kNotEqual:
      return order != 0;
    case Comparison::kLess:
      return order < 0;
    case Comparison::kLessEqual:
      return order <= 0;
    case Comparison::kGreater:
      return order > 0;
    case Comparison::kGreaterEqual:
      return order >= 0;
  }
  return false;
}

int Order(const Scalar& value, std::string_view text) {
  const std::optional<double> a = ScalarNumber(value);
  const std::optional<double> b = NumberOf(text);
  if (a.has_value() && b.has_value()) {
    return *a < *b ? -1 : (*a > *b ? 1 : 0);
  }
  return ScalarText(value).compare(text);
}

bool Holds(const PropertyCondition& condition, const BagView& properties) {
  const std::optional<Scalar> value = properties.Find(condition.property);
  if (!value.has_value()) {
    return condition.holds_if_absent;
  }
  if (condition.comparison == Comparison::kNotEqual) {
    return std::ranges::none_of(condition.any_of,
                                [&](const std::string& text) { return Order(*value, text) == 0; });
  }
  return std::ranges::any_of(condition.any_of, [&](const std::string& text) {
    return Compare(condition.comparison, Order(*value, text));
  });
}

std::optional<Scalar> ValueOf(const TraitState* trait) {
  if (trait == nullptr) {
    return std::nullopt;
  }
  std::string_view rest = trait->bag;
  const std::optional<BagEntry> entry = BagView::Next(&rest);
  return entry.has_value() ? std::optional<Scalar>(entry->value) : std::nullopt;
}

}  // namespace

bool Keep(const Tracker& tracker, Occurrence occurrence, std::vector<TrackerState>* states) {
  auto state = std::ranges::lower_bound(*states, tracker.key, {}, &TrackerState::key);
  if (state == states->end() || state->key != tracker.key) {
    state = states->insert(state, {.key = tracker.key, .kept = {}});
  }
  std::vector<Occurrence>& kept = state->kept;
  const auto same = std::ranges::find_if(
      kept, [&](const Occurrence& other) { return IsSameOccurrence(tracker, other, occurrence); });
  if (same != kept.end()) {
    // Of a repeat the earliest time counts; of a value that is to be recent, the latest.
    const bool is_better = tracker.is_latest && !tracker.distinct.empty()
                               ? IsEarlier(*same, occurrence)
                               : IsEarlier(occurrence, *same);
    if (!is_better) {
      return false;
    }
    kept.erase(same);
  }
  const auto place = std::ranges::upper_bound(kept, occurrence, IsEarlier);
  const auto keep = static_cast<std::size_t>(tracker.keep);
  if (tracker.is_latest) {
    if (kept.size() >= keep && place == kept.begin()) {
      return false;
    }
    kept.insert(place, std::move(occurrence));
    if (kept.size() > keep) {
      kept.erase(kept.begin());
    }
    return true;
  }
  if (kept.size() >= keep && place == kept.end()) {
    return false;
  }
  kept.insert(place, std::move(occurrence));
  if (kept.size() > keep) {
    kept.pop_back();
  }
  return true;
}

const TrackerState* Find(const std::vector<TrackerState>& states, std::uint64_t key) {
  const auto state = std::ranges::lower_bound(states, key, {}, &TrackerState::key);
  return state == states.end() || state->key != key ? nullptr : &*state;
}

std::optional<Instant> TimeOf(const std::vector<TrackerState>& states, const Tracker& tracker,
                              std::int32_t n) {
  const TrackerState* state = Find(states, tracker.key);
  if (state == nullptr || state->kept.size() < static_cast<std::size_t>(n)) {
    return std::nullopt;
  }
  return state->kept[static_cast<std::size_t>(n) - 1].at;
}

bool Satisfies(const Tracker& tracker, const BagView& properties) {
  return std::ranges::all_of(tracker.where, [&](const PropertyCondition& condition) {
    return Holds(condition, properties);
  });
}

std::optional<Hash128> DistinctValue(const Tracker& tracker, const Event& event) {
  if (tracker.distinct.empty()) {
    return Hash128{};
  }
  if (tracker.distinct == "invitee") {
    const Invitee invitee = InviteeOf(event);
    if (!invitee.id.empty()) {
      return HashWide(invitee.id, kValueSalt);
    }
    if (!invitee.email.empty()) {
      return HashWide("email:" + invitee.email, kValueSalt);
    }
    return std::nullopt;
  }
  const std::optional<Scalar> value = event.properties.Find(tracker.distinct);
  const std::string text = value.has_value() ? ScalarText(*value) : std::string();
  if (text.empty()) {
    return std::nullopt;
  }
  return HashWide(text, kValueSalt);
}

Invitee InviteeOf(const Event& event) {
  constexpr std::array<std::string_view, 2> kIds = {"inviteeid", "inviteeuserid"};
  constexpr std::array<std::string_view, 2> kEmails = {"inviteeemail", "email"};
  for (const std::string_view name : kIds) {
    if (std::optional<std::string> id = event.properties.FindId(name); id.has_value()) {
      return {.id = std::move(*id), .email = {}};
    }
  }
  for (const std::string_view name : kEmails) {
    if (const auto email = event.properties.FindString(name); email.has_value()) {
      return {.id = {}, .email = CanonicalEmail(*email)};
    }
  }
  return {};
}

void MergeTrackers(const std::vector<Tracker>& trackers, const std::vector<TrackerState>& from,
                   std::vector<TrackerState>* into) {
  for (const TrackerState& state : from) {
    const auto tracker = std::ranges::find(trackers, state.key, &Tracker::key);
    if (tracker == trackers.end()) {
      continue;  // Of an earlier playbook: nothing reads it any more.
    }
    for (const Occurrence& occurrence : state.kept) {
      Keep(*tracker, occurrence, into);
    }
  }
}

bool LearnTrait(const TraitState& trait, bool is_known_name, std::vector<TraitState>* traits) {
  if (!is_known_name && trait.bag.size() > kTraitBytesMax) {
    return false;
  }
  auto place = std::ranges::lower_bound(*traits, trait.name, {}, &TraitState::name);
  if (place != traits->end() && place->name == trait.name) {
    if (place->id_hash == trait.id_hash && place->bag == trait.bag) {
      place->at = std::min(place->at, trait.at);  // A repeat.
      return false;
    }
    const bool is_newer = std::tie(place->at, place->id_hash) < std::tie(trait.at, trait.id_hash);
    const bool is_changed = is_newer && place->bag != trait.bag;
    if (is_newer) {
      *place = trait;
    }
    return is_changed;
  }
  traits->insert(place, trait);
  return true;
}

const TraitState* FindTrait(const std::vector<TraitState>& traits, std::string_view name) {
  const auto place = std::ranges::lower_bound(traits, name, {}, &TraitState::name);
  return place == traits.end() || place->name != name ? nullptr : &*place;
}

std::optional<std::string> TraitText(const std::vector<TraitState>& traits, std::string_view name) {
  const std::optional<Scalar> value = ValueOf(FindTrait(traits, name));
  if (!value.has_value() || std::holds_alternative<std::monostate>(*value)) {
    return std::nullopt;
  }
  std::string text = ScalarText(*value);
  return text.empty() ? std::nullopt : std::optional<std::string>(std::move(text));
}

std::optional<double> TraitNumber(const std::vector<TraitState>& traits, std::string_view name) {
  const std::optional<Scalar> value = ValueOf(FindTrait(traits, name));
  return value.has_value() ? ScalarNumber(*value) : std::nullopt;
}

std::optional<Instant> TraitTime(const std::vector<TraitState>& traits, std::string_view name) {
  const std::optional<Scalar> value = ValueOf(FindTrait(traits, name));
  if (!value.has_value()) {
    return std::nullopt;
  }
  std::optional<Instant> at;
  if (const auto* text = std::get_if<std::string_view>(&*value)) {
    if (const std::optional<ParsedTime> parsed = ParseRfc3339(*text); parsed.has_value()) {
      at = parsed->instant;
    }
  } else if (const auto* integer = std::get_if<std::int64_t>(&*value)) {
    constexpr std::int64_t kSecondsMax = 100'000'000'000;  // As epoch seconds: the year 5138.
    const std::int64_t ms = *integer < kSecondsMax ? *integer * 1000 : *integer;
    at = InstantFromMs(ms);
  }
  constexpr Instant kYear9999 = InstantFromMs(253'370'764'800'000);
  return at.has_value() && *at >= kEpoch && *at < kYear9999 ? at : std::nullopt;
}

void NoteSession(Instant at, User* user) {
  std::vector<Session>& sessions = user->sessions;
  auto next = std::ranges::lower_bound(sessions, at - kSessionGap, {}, &Session::end);
  if (next == sessions.end() || next->begin > at + kSessionGap) {
    next = sessions.insert(next, {.begin = at, .end = at});
  } else {
    next->begin = std::min(next->begin, at);
    next->end = std::max(next->end, at);
    const auto after = next + 1;
    if (after != sessions.end() && after->begin <= next->end + kSessionGap) {
      next->end = std::max(next->end, after->end);
      sessions.erase(after);
    }
  }
  if (sessions.size() > kSessionsMax) {
    sessions.erase(sessions.begin());
    ++user->sessions_dropped;
  }
}

bool NoteStruggle(const Event& event, const std::string& canonical, User* user) {
  constexpr std::int32_t kRepeatsKept = 3;
  StruggleState& struggle = user->struggle;
  const bool is_page = event.kind == CallKind::kPage || event.kind == CallKind::kScreen;
  const auto page = is_page ? event.properties.FindString("name") : std::nullopt;
  const std::uint64_t action =
      page.has_value() ? MixHash(Hash64(canonical), Hash64(*page)) : event.fingerprint;
  const Instant at = event.occurred_at;
  const bool is_new_session =
      !struggle.session_last_at.has_value() || at - *struggle.session_last_at > kSessionGap;
  if (is_new_session) {
    if (struggle.repeats_max >= kRepeatsKept) {
      struggle.sessions.push_back(struggle.repeats_max);
      if (struggle.sessions.size() > kStruggleSessionsMax) {
        struggle.sessions.erase(struggle.sessions.begin());
      }
    }
    struggle.repeats = 0;
    struggle.repeats_max = 0;
    struggle.action = 0;
  }
  struggle.session_last_at = std::max(struggle.session_last_at.value_or(at), at);
  struggle.repeats = struggle.action == action ? struggle.repeats + 1 : 1;
  struggle.action = action;
  const bool has_grown = struggle.repeats > struggle.repeats_max;
  struggle.repeats_max = std::max(struggle.repeats_max, struggle.repeats);
  return has_grown && struggle.repeats_max >= kRepeatsKept;
}

void NoteFeature(Instant at, const std::string& canonical, User* user) {
  constexpr std::int64_t kDays = 10;
  const auto decade = static_cast<std::int32_t>(ToMs(at) / (kDay.count() * kDays));
  auto place = std::ranges::lower_bound(user->features, decade, {}, &FeatureUse::decade);
  if (place == user->features.end() || place->decade != decade) {
    place = user->features.insert(place, {.decade = decade, .features = 0});
  }
  place->features |= std::uint64_t{1} << (Hash64(canonical) % 64);
  if (user->features.size() > kFeatureUsesMax) {
    user->features.erase(user->features.begin());
  }
}

}  // namespace foothold::journey
