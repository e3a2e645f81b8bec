#include "tests/journey/naive_model.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "src/base/names.h"

namespace foothold::journey {
namespace {

using Times = std::vector<Instant>;

class Naive {
 public:
  Naive(const Playbook& playbook, std::vector<EventSpec> events, std::string user)
      : playbook_(playbook), user_(std::move(user)) {
    // Of a repeat the earliest time counts.
    std::map<std::string, EventSpec> unique;
    for (EventSpec& event : events) {
      std::string identity = event.id + "|" + event.name + "|" + event.user + "|" + event.role;
      for (const auto& [name, value] : event.properties) {
        identity += "|" + name + "=" + TextOf(value);
      }
      for (const auto& [name, value] : event.traits) {
        identity += "|" + name + "=" + TextOf(value);
      }
      const auto [place, is_new] = unique.emplace(identity, event);
      if (!is_new) {
        place->second.at = std::min(place->second.at, event.at);
      }
    }
    for (auto& [identity, event] : unique) {
      events_.push_back(event);
    }
    std::ranges::stable_sort(events_, {}, &EventSpec::at);
  }

  NaiveTruth Judge(Instant clock, Instant history_begin) const {
    NaiveTruth truth;
    const std::vector<Span> spans = Spans();
    for (const Span& span : spans) {
      const Milestone* milestone = MilestoneOf(span.role);
      const std::optional<Instant> met = milestone == nullptr ? std::nullopt : MetAt(*milestone);
      if (!met.has_value()) {
        continue;
      }
      const Instant at = std::max(*met, span.begin);
      if (at < span.end) {
        Lay(*milestone, span, at, &truth);
        truth.state = truth.closes_at.has_value() && IsMissed(*milestone, span, at)
                          ? UserState::kActivatedLate
                          : UserState::kActivated;
        truth.activated_at = at;
        truth.role = span.role;
        return truth;
      }
    }
    const Span& current = spans.back();
    truth.role = current.role;
    const Milestone* milestone = MilestoneOf(current.role);
    if (milestone == nullptr) {
      return truth;
    }
    Lay(*milestone, current, std::nullopt, &truth);
    const bool has_begun = std::ranges::any_of(
        milestone->all, [&](const Criterion& c) { return !TimesOf(c.tracker).empty(); });
    truth.state = has_begun ? UserState::kInProgress : UserState::kNotStarted;
    if (IsHistoryKnown(history_begin) && truth.closes_at.has_value() && *truth.closes_at <= clock) {
      truth.state = UserState::kWindowExpired;
    }
    return truth;
  }

 private:
  struct Span {
    std::string role;
    Instant begin = Instant::min();
    Instant end = Instant::max();
    bool is_taken_over = false;
  };
  struct Fact {
    Instant at;
    std::string id;
    int rank = 0;  // 1 invite, 2 trait, 3 explicit.
    std::string role;
  };

  static std::string TextOf(const Value& value) {
    return std::visit(
        [](const auto& held) {
          if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::string>) {
            return held;
          } else {
            return std::to_string(held);
          }
        },
        value);
  }

  std::string Canonical(const std::string& raw) const {
    const std::string name = CanonicalEventName(raw);
    for (const auto& [alias, canonical] : playbook_.aliases) {
      if (alias == name) {
        return canonical;
      }
    }
    return name;
  }

  static std::string Property(const EventSpec& event, const std::string& property) {
    for (const auto& [name, value] : event.properties) {
      if (CanonicalPropertyName(name) == property) {
        return TextOf(value);
      }
    }
    return "";
  }

  bool Names(const EventSpec& event) const {
    return Canonical(event.name) == "user.invited" && event.user != user_ &&
           Property(event, "inviteeid") == user_;
  }

  // Whether the event is an occurrence of the tracker for this user.
  bool Is(const EventSpec& event, const Tracker& tracker) const {
    const std::string name = Canonical(event.name);
    const bool is_call = event.name == "identify" || event.name == "group";
    switch (tracker.kind) {
      case TrackerKind::kDid:
        return event.user == user_ && std::ranges::count(tracker.events, name) > 0;
      case TrackerKind::kAccess: {
        static const std::set<std::string> kNever = {"account.created", "user.signed.up",
                                                     "user.joined", "user.role.changed",
                                                     "contract.signed"};
        return event.user == user_ && !is_call && !kNever.contains(name);
      }
      case TrackerKind::kInvited:
        return Names(event);
      case TrackerKind::kAccountDid:
        return std::ranges::count(tracker.events, name) > 0;
      case TrackerKind::kAnyEvent:
        return true;
      case TrackerKind::kAccountAccess:
        return false;  // Of rules only: no milestone rests on it.
    }
    return false;
  }

  // The times that count for a tracker: of all occurrences, or of the first of each value.
  Times TimesOf(std::int32_t index) const {
    const Tracker& tracker = playbook_.trackers[static_cast<std::size_t>(index)];
    Times times;
    std::set<std::string> seen;
    for (const EventSpec& event : events_) {
      if (!Is(event, tracker)) {
        continue;
      }
      if (!tracker.distinct.empty()) {
        const std::string value =
            Property(event, tracker.distinct == "invitee" ? "inviteeid" : tracker.distinct);
        if (value.empty() || !seen.insert(value).second) {
          continue;
        }
      }
      times.push_back(event.at);
    }
    return times;
  }

  std::optional<Instant> CriterionMetAt(const Criterion& criterion) const {
    const Times times = TimesOf(criterion.tracker);
    const auto need = static_cast<std::size_t>(criterion.at_least);
    return times.size() < need ? std::nullopt : std::optional<Instant>(times[need - 1]);
  }

  std::optional<Instant> MetAt(const Milestone& milestone) const {
    Instant latest = Instant::min();
    for (const Criterion& criterion : milestone.all) {
      const std::optional<Instant> at = CriterionMetAt(criterion);
      if (!at.has_value()) {
        return std::nullopt;
      }
      latest = std::max(latest, *at);
    }
    return latest;
  }

  std::optional<Instant> AnchorAt(std::int32_t index) const {
    for (const auto& group : playbook_.anchors[static_cast<std::size_t>(index)].entries) {
      std::optional<Instant> earliest;
      for (const AnchorEntry& entry : group) {
        if (entry.kind != AnchorEntry::Kind::kTracker) {
          continue;  // Dates in traits are not part of this model's traffic.
        }
        const Times times = TimesOf(entry.tracker);
        if (!times.empty()) {
          earliest = std::min(earliest.value_or(times.front()), times.front());
        }
      }
      if (earliest.has_value()) {
        return earliest;
      }
    }
    return std::nullopt;
  }

  std::string ModelName() const {
    std::string name;
    for (const EventSpec& event : events_) {
      if (event.name == "group") {
        for (const auto& [trait, value] : event.traits) {
          name = trait == "productModel" ? TextOf(value) : name;
        }
      }
    }
    return name;
  }

  const Milestone* MilestoneOf(const std::string& role) const {
    for (std::size_t i = 0; i < playbook_.roles.size(); ++i) {
      if (playbook_.roles[i].name != role) {
        continue;
      }
      for (const Model& model : playbook_.models) {
        for (const Model::Override& change : model.overrides) {
          if (model.name == ModelName() && change.role == static_cast<std::int32_t>(i)) {
            return &change.milestone;
          }
        }
      }
      return playbook_.roles[i].milestone.has_value() ? &*playbook_.roles[i].milestone : nullptr;
    }
    return nullptr;
  }

  std::vector<Fact> Facts() const {
    std::vector<Fact> facts;
    for (const EventSpec& event : events_) {
      const std::string name = Canonical(event.name);
      if (event.role.empty()) {
        continue;
      }
      if (Names(event)) {
        facts.push_back({event.at, event.id, 1, event.role});
      } else if (event.user == user_ && name != "user.invited") {
        const bool is_explicit = name == "user.role.changed" || name == "user.joined";
        facts.push_back({event.at, event.id, is_explicit ? 3 : 2, event.role});
      }
    }
    // Traits and invites: the earliest of each day, rank and role. Of all, the first 32 and last
    // 224.
    std::map<std::tuple<std::int64_t, int, std::string>, Fact> kept;
    for (const Fact& fact : facts) {
      const std::int64_t ms = ToMs(fact.at);
      const std::int64_t bucket = fact.rank == 3 ? ms : ms - ms % kDay.count();
      const auto [place, is_new] =
          kept.emplace(std::make_tuple(bucket, fact.rank, fact.role), fact);
      if (!is_new && fact.at < place->second.at) {
        place->second = fact;
      }
    }
    std::vector<Fact> bounded;
    std::size_t i = 0;
    for (const auto& [key, fact] : kept) {
      if (i < 32 || i + 224 >= kept.size()) {
        bounded.push_back(fact);
      }
      ++i;
    }
    return bounded;
  }

  std::vector<Span> Spans() const {
    const std::vector<Fact> all = Facts();
    std::vector<Fact> facts;
    for (const Fact& fact : all) {
      const bool is_silenced = std::ranges::any_of(all, [&](const Fact& other) {
        const bool outranks = fact.rank == 1 ? other.rank > 1 : (fact.rank == 2 && other.rank == 3);
        return outranks && other.at <= fact.at;
      });
      if (!is_silenced) {
        facts.push_back(fact);
      }
    }
    std::ranges::stable_sort(facts, {}, &Fact::at);
    std::vector<Span> spans;
    bool is_settled = false;
    for (const Fact& fact : facts) {
      if (spans.empty() || spans.back().role != fact.role) {
        Span span;
        span.role = fact.role;
        if (!spans.empty()) {
          spans.back().end = fact.at;
          span.begin = fact.at;
          span.is_taken_over = is_settled;
        }
        spans.push_back(span);
        is_settled = false;
      }
      is_settled = is_settled || fact.rank != 1;
    }
    if (spans.empty()) {
      spans.push_back({.role = playbook_.default_role.value_or("")});
    }
    return spans;
  }

  std::optional<Instant> Close(const Window& window, const Span& span,
                               std::optional<Instant>* open) const {
    const std::optional<Instant> anchor = AnchorAt(window.anchor);
    if (!anchor.has_value()) {
      return std::nullopt;
    }
    *open = span.is_taken_over ? std::max(*anchor, span.begin) : *anchor;
    return **open + window.length;
  }

  bool IsMissed(const Milestone& milestone, const Span& span, Instant at) const {
    std::optional<Instant> open;
    if (milestone.within.has_value()) {
      const std::optional<Instant> close = Close(*milestone.within, span, &open);
      if (close.has_value() && at >= *close) {
        return true;
      }
    }
    for (const Criterion& criterion : milestone.all) {
      if (criterion.within.has_value()) {
        const std::optional<Instant> close = Close(*criterion.within, span, &open);
        if (close.has_value() && std::max(*CriterionMetAt(criterion), span.begin) >= *close) {
          return true;
        }
      }
    }
    return false;
  }

  // The window that decides: of those missed (or not kept yet) the first to close, else the last.
  void Lay(const Milestone& milestone, const Span& span, std::optional<Instant> at,
           NaiveTruth* truth) const {
    struct Candidate {
      Instant open;
      Instant close;
      bool is_kept;
    };
    std::vector<Candidate> candidates;
    const auto add = [&](const Window& window, std::optional<Instant> met) {
      std::optional<Instant> open;
      const std::optional<Instant> close = Close(window, span, &open);
      if (close.has_value()) {
        candidates.push_back({*open, *close, met.has_value() && *met < *close});
      }
    };
    if (milestone.within.has_value()) {
      add(*milestone.within, at);
    }
    for (const Criterion& criterion : milestone.all) {
      if (criterion.within.has_value()) {
        std::optional<Instant> met = CriterionMetAt(criterion);
        if (met.has_value()) {
          met = std::max(*met, span.begin);
        }
        add(*criterion.within, met);
      }
    }
    const bool all_kept =
        std::ranges::all_of(candidates, [](const Candidate& c) { return c.is_kept; });
    for (const Candidate& candidate : candidates) {
      if (candidate.is_kept && !all_kept) {
        continue;
      }
      const bool is_better =
          !truth->closes_at.has_value() ||
          (all_kept ? candidate.close > *truth->closes_at : candidate.close < *truth->closes_at);
      if (is_better) {
        truth->opens_at = candidate.open;
        truth->closes_at = candidate.close;
      }
    }
  }

  bool IsHistoryKnown(Instant history_begin) const {
    std::optional<Instant> first_seen;
    for (const EventSpec& event : events_) {
      const std::string name = Canonical(event.name);
      if (Names(event) ||
          (event.user == user_ &&
           (name == "account.created" || name == "user.signed.up" || name == "user.joined"))) {
        return true;
      }
      if (event.user == user_ && !first_seen.has_value()) {
        first_seen = event.at;
      }
    }
    return first_seen.has_value() && *first_seen >= history_begin + 30 * kDay;
  }

  const Playbook& playbook_;
  std::string user_;
  std::vector<EventSpec> events_;
};

}  // namespace

NaiveTruth Judge(const Playbook& playbook, const std::vector<EventSpec>& events,
                 const std::string& user, Instant clock, Instant history_begin) {
  return Naive(playbook, events, user).Judge(clock, history_begin);
}

}  // namespace foothold::journey
