#include <array>

#include "src/codec/flat.h"
#include "src/codec/state.h"

// Users and accounts, flat. The order of the fields is the format: see flat.h for how to change it.

namespace foothold::codec {
namespace {

constexpr std::size_t kSeenMax = 64;

// Of an occurrence all but its value, which is the tracker's own: one event often is an occurrence
// for several trackers.
bool IsSameRecord(const journey::Occurrence& a, const journey::Occurrence& b) {
  return a.fingerprint == b.fingerprint && a.offset == b.offset && a.partition == b.partition &&
         a.at == b.at && a.event_id == b.event_id && a.event == b.event && a.source == b.source &&
         a.topic == b.topic;
}

template <class Wire, class Occurrence>
void RecordFields(Wire& wire, Occurrence& occurrence) {
  wire.Time(occurrence.at);
  wire.Id(occurrence.event_id);
  wire.Hash(occurrence.fingerprint);
  wire.Name(occurrence.event);
  wire.Name(occurrence.source);
  wire.Name(occurrence.topic);
  wire.Number(occurrence.partition);
  wire.Number(occurrence.offset);
}

// The occurrences that were spelt out so far, when writing.
class SeenWriter {
 public:
  void Code(FlatWriter& wire, const journey::Occurrence& occurrence) {
    for (std::size_t i = 0; i < count_; ++i) {
      if (IsSameRecord(*seen_[i], occurrence)) {
        wire.Number(std::uint64_t{i + 1});
        return;
      }
    }
    wire.Number(std::uint64_t{0});
    RecordFields(wire, occurrence);
    if (count_ < kSeenMax) {
      seen_[count_++] = &occurrence;
    }
  }
  void Enter(const journey::TrackerState& /*tracker*/) {}

 private:
  std::array<const journey::Occurrence*, kSeenMax> seen_{};
  std::size_t count_ = 0;
};

// Likewise when reading. Lists grow while they are read, so an occurrence is known by its place.
class SeenReader {
 public:
  explicit SeenReader(std::vector<journey::TrackerState>* trackers) : trackers_(trackers) {}

  void Enter(const journey::TrackerState& /*tracker*/) { next_ = 0; }

  void Code(FlatReader& wire, journey::Occurrence& occurrence) {
    std::uint64_t number = 0;
    wire.Number(number);
    wire.Check(number <= count_);
    if (!wire.is_whole()) {
      return;
    }
    const Place here{.tracker = trackers_->size() - 1, .index = next_++};
    if (number > 0) {
      const Place& place = places_[static_cast<std::size_t>(number - 1)];
      const Hash128 value = occurrence.value;
      occurrence = (*trackers_)[place.tracker].kept[place.index];
      occurrence.value = value;
      return;
    }
    RecordFields(wire, occurrence);
    if (count_ < kSeenMax) {
      places_[count_++] = here;
    }
  }

 private:
  struct Place {
    std::size_t tracker = 0;
    std::size_t index = 0;
  };
  std::vector<journey::TrackerState>* trackers_;
  std::array<Place, kSeenMax> places_{};
  std::size_t count_ = 0;
  std::size_t next_ = 0;
};

template <class Wire, class Seen, class Trackers>
void TrackerFields(Wire& wire, Seen& seen, Trackers& trackers) {
  wire.Each(trackers, [&](auto& tracker) {
    seen.Enter(tracker);
    wire.Hash(tracker.key);
    wire.Each(tracker.kept, [&](auto& occurrence) {
      bool has_value = occurrence.value != Hash128{};
      wire.Flags(has_value);
      if (has_value) {
        wire.Hash(occurrence.value.high);
        wire.Hash(occurrence.value.low);
      }
      seen.Code(wire, occurrence);
    });
  });
}

template <class Wire, class Traits>
void TraitFields(Wire& wire, Traits& traits) {
  wire.Each(traits, [&](auto& trait) {
    wire.Name(trait.name);
    wire.Text(trait.bag);
    wire.Time(trait.at);
    wire.Hash(trait.id_hash);
  });
}

template <class Wire, class MaybeStamp>
void StampFields(Wire& wire, MaybeStamp& maybe_stamp) {
  wire.Maybe(maybe_stamp, [&](auto& stamp) {
    wire.Time(stamp.at);
    wire.Hash(stamp.id_hash);
  });
}

template <class Wire, class User>
void LearnedFields(Wire& wire, User& user) {
  TraitFields(wire, user.traits);
  wire.Each(user.role_facts, [&](auto& fact) {
    wire.Time(fact.at);
    wire.Hash(fact.id_hash);
    wire.OneOf(fact.rank, journey::RoleRank::kExplicit);
    wire.Name(fact.role);
  });
  StampFields(wire, user.joined);
  StampFields(wire, user.removed);
  wire.Flags(user.was_invited, user.has_birth_fact, user.is_named_by_group,
             user.was_last_event_core);
  wire.MaybeTime(user.first_seen);
  wire.Name(user.first_seen_source);
  wire.MaybeTime(user.last_seen);
  wire.Each(user.sessions, [&](auto& session) {
    wire.Time(session.begin);
    wire.Time(session.end);
  });
  wire.Number(user.sessions_dropped);
  wire.Number(user.active_days.last_day);
  for (auto& word : user.active_days.bits) {
    wire.Number(word);
  }
  wire.Span(user.core_time);
  wire.MaybeTime(user.last_event_at);
  wire.Each(user.recent_ids, [&](auto& id) { wire.Hash(id); });
  wire.Each(user.outreach, [&](auto& at) { wire.Time(at); });
}

template <class Wire, class Contribution>
void ContributionFields(Wire& wire, Contribution& contribution) {
  wire.Flags(contribution.is_member, contribution.is_invited, contribution.is_joined,
             contribution.is_eligible, contribution.is_active, contribution.is_reached,
             contribution.is_late, contribution.is_at_risk);
  wire.Name(contribution.role);
  wire.Number(contribution.steps_met);
}

template <class Wire, class Risk>
void RiskFields(Wire& wire, Risk& risk) {
  wire.OneOf(risk.level, journey::RiskLevel::kHigh);
  wire.Number(risk.score);
  wire.Flags(risk.is_held);
  wire.Each(risk.signals, [&](auto& holding) {
    wire.Hash(holding.key);
    wire.Time(holding.since);
  });
  wire.Number(risk.sequence);
  wire.Text(risk.ce_id);
}

template <class Wire, class Rung>
void RungFields(Wire& wire, Rung& rung) {
  wire.Hash(rung.rule);
  wire.Number(rung.rung);
  wire.OneOf(rung.phase, journey::RungState::Phase::kHeldOut);
  wire.Flags(rung.is_approved, rung.is_cancelled, rung.is_otherwise);
  wire.OneOf(rung.channel, journey::Channel::kCs);
  wire.Time(rung.triggered_at);
  wire.Time(rung.due);
  wire.Time(rung.expires);
  wire.MaybeTime(rung.not_before);
  wire.Maybe(rung.held_by,
             [&](auto& held_by) { wire.OneOf(held_by, journey::Suppressor::kMeasurement); });
  wire.MaybeTime(rung.released_at);
  wire.Text(rung.ce_id);
  wire.Name(rung.label);
  wire.Id(rung.trigger_event);
}

// What most subjects do not have stands behind one number that says which parts are there.
struct CareParts {
  bool has_risk = false;
  bool has_rungs = false;
  bool has_episodes = false;
  bool has_sent = false;
  bool has_sequences = false;

  static CareParts Of(const journey::RiskState& risk, const journey::CareState& care) {
    return {.has_risk = risk != journey::RiskState{},
            .has_rungs = !care.rungs.empty(),
            .has_episodes = !care.episodes.empty(),
            .has_sent = !care.sent.empty(),
            .has_sequences = care.email_sequence != 0 || care.in_app_sequence != 0 ||
                             care.cs_sequence != 0 || care.log_sequence != 0};
  }
};

template <class Wire, class Risk, class Care>
void CareFields(Wire& wire, const CareParts& parts, Risk& risk, Care& care) {
  if (parts.has_risk) {
    RiskFields(wire, risk);
  }
  if (parts.has_rungs) {
    wire.Each(care.rungs, [&](auto& rung) { RungFields(wire, rung); });
  }
  if (parts.has_episodes) {
    wire.Each(care.episodes, [&](auto& episode) {
      wire.Hash(episode.rule);
      wire.Hash(episode.episode);
      wire.Number(episode.rungs);
      wire.Flags(episode.is_holding);
      wire.RareTime(episode.since);
    });
  }
  if (parts.has_sent) {
    wire.Each(care.sent, [&](auto& sent) {
      wire.Time(sent.at);
      wire.OneOf(sent.channel, journey::Channel::kCs);
    });
  }
  if (parts.has_sequences) {
    wire.Number(care.email_sequence);
    wire.Number(care.in_app_sequence);
    wire.Number(care.cs_sequence);
    wire.Number(care.log_sequence);
  }
}

template <class Wire, class User>
void CareOfUserFields(Wire& wire, User& user) {
  CareParts parts = CareParts::Of(user.risk, user.care);
  bool has_struggle = user.struggle != journey::StruggleState{};
  bool has_features = !user.features.empty();
  wire.Flags(parts.has_risk, parts.has_rungs, parts.has_episodes, parts.has_sent,
             parts.has_sequences, has_struggle, has_features);
  CareFields(wire, parts, user.risk, user.care);
  if (has_struggle) {
    wire.Hash(user.struggle.action);
    wire.Number(user.struggle.repeats);
    wire.Number(user.struggle.repeats_max);
    wire.MaybeTime(user.struggle.session_last_at);
    wire.Each(user.struggle.sessions, [&](auto& repeats) { wire.Number(repeats); });
  }
  if (has_features) {
    wire.Each(user.features, [&](auto& use) {
      wire.Number(use.decade);
      wire.Hash(use.features);
    });
  }
}

template <class Wire, class User>
void EmittedFields(Wire& wire, User& user) {
  wire.MaybeTime(user.absence_judged_until);
  ContributionFields(wire, user.contribution);
  wire.OneOf(user.truth.state, journey::UserState::kActivatedLate);
  wire.MaybeTime(user.truth.activated_at);
  wire.Name(user.truth.role);
  wire.Maybe(user.truth.activation_class, [&](auto& activation_class) {
    wire.OneOf(activation_class, journey::ActivationClass::kLate);
  });
  wire.Text(user.truth.ce_id);
  wire.RareTime(user.truth.decided_at);
  wire.Name(user.steps.role);
  wire.Number(user.steps.met);
  wire.Number(user.steps.current);
  wire.Hash(user.status_hash);
  wire.Hash(user.volatile_hash);
  wire.Number(user.activation_sequence);
  wire.Number(user.progress_sequence);
  wire.MaybeTime(user.due);
  wire.Flags(user.is_due_for_refresh);
}

template <class Wire, class Seen, class User>
void UserFields(Wire& wire, Seen& seen, User& user) {
  wire.Text(user.tenant);
  wire.Text(user.id);
  TrackerFields(wire, seen, user.trackers);
  LearnedFields(wire, user);
  EmittedFields(wire, user);
  CareOfUserFields(wire, user);
}

template <class Wire, class Group>
void GroupFields(Wire& wire, Group& group) {
  wire.Number(group.members);
  wire.Number(group.joined);
  wire.Number(group.active);
  wire.Number(group.reached);
  wire.Number(group.late);
  wire.Number(group.at_risk);
}

template <class Wire, class Roles>
void RoleCountFields(Wire& wire, Roles& roles) {
  wire.Each(roles, [&](auto& count) {
    wire.Name(count.role);
    GroupFields(wire, count.all);
    GroupFields(wire, count.eligible);
    GroupFields(wire, count.joined);
    GroupFields(wire, count.invited);
    wire.Each(count.steps_met, [&](auto& met) { wire.Number(met); });
    wire.Each(count.steps_first_met, [&](auto& at) { wire.MaybeTime(at); });
    wire.Each(count.flows, [&](auto& flow) {
      wire.Number(flow.entered);
      wire.Number(flow.completed);
      wire.Each(flow.buckets, [&](auto& passages) { wire.Number(passages); });
    });
    bool has_contact = !count.contact.user.empty();
    wire.Flags(has_contact);
    if (has_contact) {
      wire.Text(count.contact.user);
      wire.Text(count.contact.email);
      wire.Text(count.contact.name);
      wire.Text(count.contact.timezone);
    }
  });
}

template <class Wire, class Account>
void CareOfAccountFields(Wire& wire, Account& account) {
  CareParts parts = CareParts::Of(account.risk, account.care);
  bool has_stage = !account.stage.empty() || account.stage_entered_at.has_value();
  bool has_blockers = !account.blockers.empty();
  bool has_watchers = !account.watchers.empty();
  bool has_times = account.churned_at.has_value() || account.incomplete_since.has_value() ||
                   account.dead_letter_at.has_value();
  wire.Flags(parts.has_risk, parts.has_rungs, parts.has_episodes, parts.has_sent,
             parts.has_sequences, has_stage, has_blockers, has_watchers, has_times,
             account.is_stage_late, account.has_more_watchers);
  CareFields(wire, parts, account.risk, account.care);
  if (has_stage) {
    wire.Text(account.stage);
    wire.MaybeTime(account.stage_entered_at);
  }
  if (has_blockers) {
    wire.Each(account.blockers, [&](auto& blocker) {
      wire.Hash(blocker.key);
      wire.Time(blocker.since);
    });
  }
  if (has_watchers) {
    wire.Each(account.watchers, [&](auto& user) { wire.Id(user); });
  }
  if (has_times) {
    wire.MaybeTime(account.churned_at);
    wire.MaybeTime(account.incomplete_since);
    wire.MaybeTime(account.dead_letter_at);
  }
  wire.MaybeTime(account.judged_until);
  wire.MaybeTime(account.due);
}

template <class Wire, class Seen, class Account>
void AccountFields(Wire& wire, Seen& seen, Account& account) {
  wire.Text(account.tenant);
  TrackerFields(wire, seen, account.trackers);
  TraitFields(wire, account.traits);
  wire.MaybeTime(account.first_seen);
  wire.Name(account.first_seen_source);
  wire.MaybeTime(account.born_at);
  wire.Number(account.open_tickets);
  wire.MaybeTime(account.last_outreach_at);
  RoleCountFields(wire, account.roles);
  wire.Each(account.recent_ids, [&](auto& id) { wire.Hash(id); });
  wire.OneOf(account.state, journey::AccountState::kActivated);
  wire.MaybeTime(account.activated_at);
  wire.Text(account.activation_ce_id);
  wire.Hash(account.status_hash);
  wire.Hash(account.volatile_hash);
  wire.Number(account.activation_sequence);
  CareOfAccountFields(wire, account);
}

}  // namespace

std::string EncodeUser(const journey::User& user) {
  std::string bytes;
  AppendUser(user, &bytes);
  return bytes;
}

void AppendUser(const journey::User& user, std::string* out) {
  FlatWriter writer('U');
  SeenWriter seen;
  UserFields(writer, seen, user);
  writer.AppendTo(out);
}

Result<journey::User> DecodeUser(std::string_view bytes) {
  journey::User user;
  FlatReader reader(bytes, 'U', "a user");
  SeenReader seen(&user.trackers);
  UserFields(reader, seen, user);
  FOOTHOLD_TRY(reader.Finish());
  return user;
}

std::string EncodeAccount(const journey::Account& account) {
  std::string bytes;
  AppendAccount(account, &bytes);
  return bytes;
}

void AppendAccount(const journey::Account& account, std::string* out) {
  FlatWriter writer('A');
  SeenWriter seen;
  AccountFields(writer, seen, account);
  writer.AppendTo(out);
}

Result<journey::Account> DecodeAccount(std::string_view bytes) {
  journey::Account account;
  FlatReader reader(bytes, 'A', "an account");
  SeenReader seen(&account.trackers);
  AccountFields(reader, seen, account);
  FOOTHOLD_TRY(reader.Finish());
  return account;
}

}  // namespace foothold::codec
