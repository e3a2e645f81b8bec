#include "tests/codec/random_values.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace foothold::codec {
namespace {

constexpr std::uint32_t kUsualSeed = 20261122;
constexpr std::int64_t kSomeMs = 1'790'000'000'000;

}  // namespace

std::uint32_t TestSeed() {
  const std::int32_t given = testing::GTEST_FLAG(random_seed);
  return given != 0 ? static_cast<std::uint32_t>(given) : kUsualSeed;
}

std::size_t RandomValues::Below(std::size_t end) {
  return static_cast<std::size_t>(engine_() % end);
}

std::int64_t RandomValues::Integer() {
  switch (Below(6)) {
    case 0:
      return 0;
    case 1:
      return std::numeric_limits<std::int64_t>::max();
    case 2:
      return std::numeric_limits<std::int64_t>::min();
    case 3:
      return -1;
    default:
      return static_cast<std::int64_t>(engine_() >> Below(64));
  }
}

Instant RandomValues::Time() {
  return InstantFromMs(Below(8) == 0 ? Integer()
                                     : kSomeMs + static_cast<std::int64_t>(Below(10'000'000'000)));
}

std::optional<Instant> RandomValues::MaybeTime() {
  return Coin() ? std::optional(Time()) : std::nullopt;
}

std::string RandomValues::Text() {
  switch (Below(6)) {
    case 0:
      return "";
    case 1:
      return std::string(Below(3000), 'x');
    case 2:
      return "Zürich – 東京 🚀";
    case 3:
      return std::string("nul\0in it", 9);
    default:
      return fmt::format("text {}", engine_());
  }
}

std::string RandomValues::Name() {
  return Below(5) == 0 ? Text() : fmt::format("event.name{}", Below(100));
}

std::string RandomValues::EventId() {
  const std::uint64_t a = engine_();
  const std::uint64_t b = engine_();
  const std::string uuid =
      fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32U, (a >> 16U) & 0xFFFFU,
                  a & 0xFFFFU, b >> 48U, b & 0xFFFFFFFFFFFFU);
  switch (Below(4)) {
    case 0:
      return Text();
    case 1: {
      std::string changed = uuid;
      changed[Below(changed.size())] = "ABCDEF-g"[Below(8)];
      return changed;
    }
    default:
      return uuid;
  }
}

journey::Occurrence RandomValues::Occurrence() {
  return {.at = Time(),
          .event_id = EventId(),
          .fingerprint = Hash(),
          .event = Name(),
          .value = Coin() ? Hash128{} : Hash128{.high = Hash(), .low = Hash()},
          .source = Name(),
          .topic = Name(),
          .partition = static_cast<std::int32_t>(Integer()),
          .offset = Integer()};
}

std::vector<journey::TrackerState> RandomValues::Trackers() {
  std::vector<journey::Occurrence> seen;
  std::vector<journey::TrackerState> trackers(Below(8));
  for (journey::TrackerState& tracker : trackers) {
    tracker.key = Hash();
    for (std::size_t i = Below(Below(10) == 0 ? 200 : 6); i > 0; --i) {
      journey::Occurrence occurrence =
          !seen.empty() && Coin() ? seen[Below(seen.size())] : Occurrence();
      seen.push_back(occurrence);
      occurrence.value = Coin() ? occurrence.value : Hash128{.high = Hash(), .low = Hash()};
      tracker.kept.push_back(std::move(occurrence));
    }
  }
  return trackers;
}

std::vector<journey::TraitState> RandomValues::Traits() {
  std::vector<journey::TraitState> traits(Below(6));
  for (journey::TraitState& trait : traits) {
    trait = {.name = Name(), .bag = Text(), .at = Time(), .id_hash = Hash()};
  }
  return traits;
}

std::optional<journey::Stamp> RandomValues::MaybeStamp() {
  return Coin() ? std::optional(journey::Stamp{.at = Time(), .id_hash = Hash()}) : std::nullopt;
}

journey::User RandomValues::User() {
  journey::User user;
  user.tenant = Name();
  user.id = EventId();
  user.trackers = Trackers();
  user.traits = Traits();
  for (std::size_t i = Below(5); i > 0; --i) {
    user.role_facts.push_back({.at = Time(),
                               .id_hash = Hash(),
                               .rank = static_cast<journey::RoleRank>(1 + Below(3)),
                               .role = Name()});
  }
  user.joined = MaybeStamp();
  user.removed = MaybeStamp();
  user.was_invited = Coin();
  user.has_birth_fact = Coin();
  user.is_named_by_group = Coin();
  user.first_seen = MaybeTime();
  user.first_seen_source = Name();
  user.last_seen = MaybeTime();
  for (std::size_t i = Below(journey::kSessionsMax + 1); i > 0; --i) {
    user.sessions.push_back({.begin = Time(), .end = Time()});
  }
  user.sessions_dropped = Integer();
  user.active_days.last_day = static_cast<std::int32_t>(Integer());
  std::ranges::generate(user.active_days.bits, [this] { return Coin() ? Hash() : 0; });
  user.core_time = milliseconds(Integer());
  user.last_event_at = MaybeTime();
  user.was_last_event_core = Coin();
  user.recent_ids.resize(Below(journey::kRecentIdsMax + 1));
  std::ranges::generate(user.recent_ids, [this] { return Hash(); });
  user.outreach.resize(Below(4));
  std::ranges::generate(user.outreach, [this] { return Time(); });

  user.absence_judged_until = MaybeTime();
  user.contribution = {.is_member = Coin(),
                       .is_invited = Coin(),
                       .is_joined = Coin(),
                       .is_eligible = Coin(),
                       .is_active = Coin(),
                       .is_reached = Coin(),
                       .is_late = Coin(),
                       .role = Name(),
                       .steps_met = static_cast<std::uint32_t>(Hash()),
                       .is_at_risk = Coin()};
  user.truth.state = static_cast<journey::UserState>(1 + Below(5));
  user.truth.activated_at = MaybeTime();
  user.truth.role = Name();
  if (Coin()) {
    user.truth.activation_class = static_cast<journey::ActivationClass>(1 + Below(3));
  }
  user.truth.ce_id = Text();
  user.truth.decided_at = Coin() ? Time() : kEpoch;
  user.steps = {.role = Name(),
                .met = static_cast<std::uint32_t>(Hash()),
                .current = static_cast<std::int32_t>(Integer())};
  user.is_due_for_refresh = MaybeTime().has_value();
  user.status_hash = Hash();
  user.volatile_hash = Hash();
  user.activation_sequence = Integer();
  user.progress_sequence = Integer();
  user.due = MaybeTime();

  user.risk = Risk();
  user.care = Care();
  if (Coin()) {
    user.struggle = {.action = Hash(),
                     .repeats = static_cast<std::int32_t>(Below(100)),
                     .repeats_max = static_cast<std::int32_t>(Below(100)),
                     .session_last_at = MaybeTime(),
                     .sessions = {3, static_cast<std::int32_t>(Integer())}};
  }
  for (std::size_t i = Below(3) == 0 ? Below(journey::kFeatureUsesMax) : 0; i > 0; --i) {
    user.features.push_back({.decade = static_cast<std::int32_t>(Integer()), .features = Hash()});
  }
  return user;
}

journey::RiskState RandomValues::Risk() {
  journey::RiskState risk;
  if (Coin()) {
    return risk;
  }
  risk.level = static_cast<journey::RiskLevel>(1 + Below(4));
  risk.score = static_cast<std::int32_t>(Below(101));
  risk.is_held = Coin();
  for (std::size_t i = Below(5); i > 0; --i) {
    risk.signals.push_back({.key = Hash(), .since = Time()});
  }
  risk.sequence = Integer();
  risk.ce_id = Text();
  return risk;
}

journey::RungState RandomValues::Rung() {
  journey::RungState rung;
  rung.rule = Hash();
  rung.rung = static_cast<std::int32_t>(Below(8));
  rung.phase = static_cast<journey::RungState::Phase>(1 + Below(3));
  rung.is_approved = Coin();
  rung.is_cancelled = Coin();
  rung.is_otherwise = Coin();
  rung.channel = static_cast<journey::Channel>(1 + Below(3));
  rung.triggered_at = Time();
  rung.due = Time();
  rung.expires = Time();
  rung.not_before = MaybeTime();
  if (Coin()) {
    rung.held_by = static_cast<journey::Suppressor>(1 + Below(14));
  }
  rung.released_at = MaybeTime();
  rung.ce_id = Text();
  rung.label = Name();
  rung.trigger_event = EventId();
  return rung;
}

journey::CareState RandomValues::Care() {
  journey::CareState care;
  for (std::size_t i = Coin() ? Below(4) : 0; i > 0; --i) {
    care.rungs.push_back(Rung());
  }
  for (std::size_t i = Coin() ? Below(4) : 0; i > 0; --i) {
    care.episodes.push_back({.rule = Hash(),
                             .episode = Hash(),
                             .rungs = static_cast<std::uint32_t>(Hash()),
                             .is_holding = Coin(),
                             .since = Coin() ? Time() : kEpoch});
  }
  for (std::size_t i = Coin() ? Below(journey::kSentMax) : 0; i > 0; --i) {
    care.sent.push_back({.at = Time(), .channel = static_cast<journey::Channel>(1 + Below(3))});
  }
  if (Coin()) {
    care.email_sequence = Integer();
    care.in_app_sequence = Integer();
    care.cs_sequence = Integer();
    care.log_sequence = Integer();
  }
  return care;
}

journey::StepFlow RandomValues::Flow() {
  journey::StepFlow flow{.entered = Integer(), .completed = Integer(), .buckets = {}};
  if (Coin()) {
    flow.buckets.resize(journey::StepFlow::kBuckets);
    std::ranges::generate(flow.buckets, [this] { return static_cast<std::int32_t>(Below(3)); });
  }
  return flow;
}

journey::GroupCount RandomValues::Group() {
  return {.members = Integer(),
          .joined = Integer(),
          .active = Integer(),
          .reached = Integer(),
          .late = Integer(),
          .at_risk = Integer()};
}

journey::Account RandomValues::Account() {
  journey::Account account;
  account.tenant = Name();
  account.trackers = Trackers();
  account.traits = Traits();
  account.first_seen = MaybeTime();
  account.first_seen_source = Name();
  account.born_at = MaybeTime();
  account.open_tickets = Integer();
  account.last_outreach_at = MaybeTime();
  for (std::size_t i = Below(6); i > 0; --i) {
    journey::RoleCount& count = account.roles.emplace_back();
    count.role = Name();
    count.all = Group();
    count.eligible = Group();
    count.joined = Group();
    count.invited = Group();
    for (std::size_t step = Below(6); step > 0; --step) {
      count.steps_met.push_back(Integer());
      count.steps_first_met.push_back(MaybeTime());
      count.flows.push_back(Flow());
    }
    if (Coin()) {
      count.contact = {.user = Text(), .email = Text(), .name = Text(), .timezone = Text()};
      count.contact.user += "u";
    }
  }
  account.recent_ids.resize(Below(journey::kRecentIdsMax + 1));
  std::ranges::generate(account.recent_ids, [this] { return Hash(); });
  account.state = static_cast<journey::AccountState>(1 + Below(3));
  account.activated_at = MaybeTime();
  account.activation_ce_id = Text();
  account.status_hash = Hash();
  account.volatile_hash = Hash();
  account.activation_sequence = Integer();

  if (Coin()) {
    account.stage = Name();
    account.stage_entered_at = MaybeTime();
  }
  account.is_stage_late = Coin();
  for (std::size_t i = Coin() ? Below(4) : 0; i > 0; --i) {
    account.blockers.push_back({.key = Hash(), .since = Time()});
  }
  account.risk = Risk();
  account.care = Care();
  account.judged_until = MaybeTime();
  account.due = MaybeTime();
  if (Coin()) {
    account.churned_at = MaybeTime();
    account.incomplete_since = MaybeTime();
    account.dead_letter_at = MaybeTime();
  }
  for (std::size_t i = Coin() ? Below(journey::kWatchersMax) : 0; i > 0; --i) {
    account.watchers.push_back(EventId());
  }
  account.has_more_watchers = Coin();
  return account;
}

journey::PartitionProgress RandomValues::PartitionState() {
  return {.event_time_max = MaybeTime(),
          .event_time_min = MaybeTime(),
          .is_at_end = Coin(),
          .broker_time_max = MaybeTime(),
          .unplaced_next = Integer()};
}

journey::Progress RandomValues::Progress() {
  journey::Progress progress;
  for (std::size_t i = Below(6); i > 0; --i) {
    progress.partitions[{Name(), Name(), static_cast<std::int32_t>(Integer())}] = PartitionState();
  }
  progress.wall = MaybeTime();
  progress.final_clock = MaybeTime();
  if (Coin()) {
    progress.people = {.partition = static_cast<std::int32_t>(Integer()), .until = MaybeTime()};
  }
  if (Coin()) {
    progress.counts = journey::EventCounts{.at = Time(), .events = {}};
    for (std::size_t i = Below(4); i > 0; --i) {
      progress.counts->events.emplace_back(Name(), Below(1'000'000));
    }
  }
  return progress;
}

journey::Roster RandomValues::Roster() {
  journey::Roster roster;
  roster.mode = Coin() ? journey::ClockMode::kWall : journey::ClockMode::kEvent;
  for (std::size_t i = Below(4); i > 0; --i) {
    journey::RosterSource& source = roster.sources.emplace_back();
    source.name = Name();
    for (std::size_t topic = Below(4); topic > 0; --topic) {
      source.topic_partitions[Name()] = static_cast<std::int32_t>(Integer());
    }
    source.is_required = Coin();
    source.is_product = Coin();
    source.history_begin = MaybeTime();
    if (Coin()) {
      source.silence_after = milliseconds(static_cast<std::int64_t>(Below(100'000'000)));
    }
  }
  roster.people_partitions = static_cast<std::int32_t>(Below(9));
  return roster;
}

journey::Clock::Parts RandomValues::Clock() {
  journey::Clock::Parts parts{.roster = Roster(),
                              .partitions = Progress().partitions,
                              .now = MaybeTime(),
                              .wall = MaybeTime(),
                              .final_clock = MaybeTime(),
                              .people = {},
                              .lives = {}};
  for (std::size_t i = Below(3); i > 0; --i) {
    journey::Clock::Life& life = parts.lives[Name()];
    life.last = MaybeTime();
    for (std::size_t j = Below(4); j > 0; --j) {
      life.gaps.push_back({.day = static_cast<std::int32_t>(Below(20'000)),
                           .longest = milliseconds(static_cast<std::int64_t>(Below(1'000'000)))});
    }
  }
  for (std::size_t i = Below(4); i > 0; --i) {
    journey::Clock::People& people = parts.people[static_cast<std::int32_t>(Integer())];
    people.until = MaybeTime();
    for (std::size_t j = Below(3); j > 0; --j) {
      people.handled[{Name(), Name(), static_cast<std::int32_t>(Below(9))}] = Integer();
    }
  }
  return parts;
}

journey::Person RandomValues::Person() {
  journey::Person person{.id = EventId(),
                         .accounts = {},
                         .successor = Text(),
                         .waiting_begin = Hash(),
                         .waiting_end = Hash(),
                         .waiting_bytes = Hash(),
                         .waiting_until = Coin() ? kEpoch : Time()};
  for (std::size_t i = Below(4); i > 0; --i) {
    person.accounts.push_back(Text());
  }
  return person;
}

Meta RandomValues::MetaValue() {
  Meta meta;
  meta.journal_next.value = Integer();
  meta.next_entry = static_cast<std::uint32_t>(Hash());
  meta.control_number = Hash();
  for (std::size_t i = Below(4); i > 0; --i) {
    meta.counters[Name()] = Hash();
    meta.walks.push_back({.kind = Coin() ? WalkKind::kRecheck : WalkKind::kFinal,
                          .tenant = Name(),
                          .cursor = Text()});
  }
  return meta;
}

}  // namespace foothold::codec
