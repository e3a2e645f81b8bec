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
                       .steps_met = static_cast<std::uint32_t>(Hash())};
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
  user.last_refresh = MaybeTime();
  user.status_hash = Hash();
  user.volatile_hash = Hash();
  user.activation_sequence = Integer();
  user.progress_sequence = Integer();
  user.due = MaybeTime();
  return user;
}

journey::GroupCount RandomValues::Group() {
  return {.members = Integer(),
          .joined = Integer(),
          .active = Integer(),
          .reached = Integer(),
          .late = Integer()};
}

journey::Account RandomValues::Account() {
  journey::Account account;
  account.tenant = Name();
  account.trackers = Trackers();
  account.traits = Traits();
  account.first_seen = MaybeTime();
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
  return account;
}

journey::PartitionProgress RandomValues::PartitionState() {
  return {.event_time_max = MaybeTime(),
          .event_time_min = MaybeTime(),
          .is_at_end = Coin(),
          .broker_time_max = MaybeTime()};
}

journey::Progress RandomValues::Progress() {
  journey::Progress progress;
  for (std::size_t i = Below(6); i > 0; --i) {
    progress.partitions[{Name(), Name(), static_cast<std::int32_t>(Integer())}] = PartitionState();
  }
  progress.wall = MaybeTime();
  progress.final_clock = MaybeTime();
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
  }
  return roster;
}

journey::Clock::Parts RandomValues::Clock() {
  return {.roster = Roster(),
          .partitions = Progress().partitions,
          .now = MaybeTime(),
          .wall = MaybeTime(),
          .final_clock = MaybeTime()};
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

std::optional<journey::Window> RandomValues::MaybeWindow(const journey::Playbook& playbook) {
  if (Coin()) {
    return std::nullopt;
  }
  return journey::Window{.length = milliseconds(1 + Below(10'000'000'000)),
                         .anchor = static_cast<std::int32_t>(Below(playbook.anchors.size()))};
}

journey::Criterion RandomValues::Criterion(const journey::Playbook& playbook) {
  const std::size_t tracker = Below(playbook.trackers.size());
  const auto keep = static_cast<std::size_t>(playbook.trackers[tracker].keep);
  return {.label = Text(),
          .tracker = static_cast<std::int32_t>(tracker),
          .at_least = static_cast<std::int32_t>(1 + Below(keep)),
          .within = MaybeWindow(playbook)};
}

journey::Milestone RandomValues::Milestone(const journey::Playbook& playbook) {
  journey::Milestone milestone{.all = {}, .within = MaybeWindow(playbook)};
  for (std::size_t i = 1 + Below(3); i > 0; --i) {
    milestone.all.push_back(Criterion(playbook));
  }
  return milestone;
}

journey::Playbook RandomValues::Playbook() {
  journey::Playbook playbook;
  playbook.name = "default" + Text();
  playbook.version = static_cast<std::int32_t>(1 + Below(std::numeric_limits<std::int32_t>::max()));
  playbook.lateness = milliseconds(Integer());
  playbook.attribution = milliseconds(Integer());
  if (Coin()) {
    playbook.default_role = Name();
  }
  for (std::size_t i = Below(5); i > 0; --i) {
    playbook.aliases.emplace_back(Name(), Name());
    playbook.core_features.push_back(Name());
  }
  for (std::size_t i = 1 + Below(6); i > 0; --i) {
    journey::Tracker& tracker = playbook.trackers.emplace_back();
    tracker.kind = static_cast<journey::TrackerKind>(1 + Below(5));
    if (tracker.kind == journey::TrackerKind::kDid ||
        tracker.kind == journey::TrackerKind::kAccountDid) {
      tracker.events = {"a." + std::to_string(i), "b" + Name()};
    }
    tracker.distinct = fmt::format("property{}", i);
    for (std::size_t k = Below(3); k > 0; --k) {
      tracker.where.push_back({.property = Name(),
                               .comparison = static_cast<journey::Comparison>(1 + Below(6)),
                               .any_of = {Text(), Text()},
                               .holds_if_absent = Coin()});
    }
    tracker.keep = static_cast<std::int32_t>(1 + Below(1000));
    tracker.key = journey::TrackerKey(tracker);
  }
  for (std::size_t i = 1 + Below(3); i > 0; --i) {
    using Kind = journey::AnchorEntry::Kind;
    playbook.anchors.push_back(
        {.name = fmt::format("anchor{}", i),
         .entries = {{{.kind = Kind::kTracker, .tracker = 0, .trait = ""}},
                     {{.kind = Kind::kUserTrait, .tracker = -1, .trait = "createdat"},
                      {.kind = Kind::kAccountTrait, .tracker = -1, .trait = "contractat"}}}});
  }
  for (std::size_t i = 1 + Below(4); i > 0; --i) {
    journey::Role& role = playbook.roles.emplace_back();
    role.name = fmt::format("role{}", i);
    role.is_contact = Below(3) == 0;
    if (!role.is_contact) {
      role.milestone = Milestone(playbook);
      for (std::size_t k = 0; k < 4; ++k) {
        journey::Step& step = role.steps.emplace_back();
        step.name = Text();
        step.step_class = static_cast<journey::StepClass>(1 + Below(3));
        step.is_milestone = k == 3;
        if (!step.is_milestone) {
          step.criterion = Criterion(playbook);
        }
      }
    }
  }
  for (std::size_t i = Below(3); i > 0; --i) {
    playbook.models.push_back(
        {.name = Name(), .overrides = {{.role = 0, .milestone = Milestone(playbook)}}});
  }
  for (std::size_t i = 1 + Below(4); i > 0; --i) {
    using Condition = journey::MemberCondition;
    playbook.account_activated.push_back(
        {.selector = static_cast<Condition::Selector>(1 + Below(5)),
         .role = static_cast<std::int32_t>(Below(playbook.roles.size())),
         .quantifier = static_cast<Condition::Quantifier>(1 + Below(5)),
         .property = static_cast<Condition::Property>(1 + Below(4)),
         .comparison = static_cast<journey::Comparison>(1 + Below(6)),
         .value = 0.5 * static_cast<double>(Below(9)),
         .or_empty = Coin()});
  }
  playbook.yaml = Text();
  return playbook;
}

}  // namespace foothold::codec
