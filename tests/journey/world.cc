#include "tests/journey/world.h"

#include <algorithm>

#include "src/base/hash.h"
#include "src/base/names.h"

namespace foothold::journey {
namespace {

std::string BagOf(const std::vector<std::pair<std::string, Value>>& values) {
  std::string bytes;
  BagWriter writer(&bytes);
  for (const auto& [name, value] : values) {
    std::visit(
        [&](const auto& held) {
          using Held = std::decay_t<decltype(held)>;
          if constexpr (std::is_same_v<Held, std::string>) {
            writer.Add(CanonicalPropertyName(name), std::string_view(held));
          } else {
            writer.Add(CanonicalPropertyName(name), held);
          }
        },
        value);
  }
  return bytes;
}

CallKind KindOf(const std::string& name) {
  if (name == "identify") {
    return CallKind::kIdentify;
  }
  if (name == "alias") {
    return CallKind::kAlias;
  }
  return name == "group" ? CallKind::kGroup : CallKind::kTrack;
}

}  // namespace

World::World(Playbook playbook, Instant history_begin) : definition_(std::move(playbook)) {
  Roster roster;
  roster.sources.push_back({.name = "app",
                            .topic_partitions = {{"events", 1}},
                            .is_required = true,
                            .is_product = true,
                            .history_begin = history_begin});
  clock_.Apply(roster);
}

void World::Do(const EventSpec& spec) {
  const std::string properties = BagOf(spec.properties);
  const std::string traits = BagOf(spec.traits);
  const std::uint64_t fingerprint = Hash64(spec.tenant + "/" + spec.user + "/" + spec.name + "/" +
                                           properties + "/" + traits + "/" + spec.role);
  const std::string id =
      spec.id.empty() ? std::to_string(Hash64(FormatRfc3339(spec.at), fingerprint)) : spec.id;
  Event event;
  event.kind = KindOf(spec.name);
  event.tenant = spec.tenant;
  event.user = spec.user;
  event.id = id;
  event.fingerprint = fingerprint;
  event.name = event.kind == CallKind::kTrack ? std::string_view(spec.name) : std::string_view();
  event.occurred_at = spec.at;
  event.is_product = spec.is_product;
  event.role = spec.role;
  event.previous_user = spec.previous_user;
  event.properties = BagView(properties);
  event.traits = BagView(traits);
  event.position = {.source = "app", .topic = "events", .partition = {0}, .offset = revision_};
  ++revision_;
  for (const Visit& visit : VisitsOf(definition_, event)) {
    Run(visit, &event, clock_.now());
  }
}

void World::AdvanceTo(Instant clock) {
  Progress progress;
  progress.partitions[{"app", "events", 0}] = {.event_time_max = clock,
                                               .event_time_min = std::nullopt,
                                               .is_at_end = false,
                                               .broker_time_max = std::nullopt};
  ++revision_;
  clock_.Apply(progress);
  clock_.Advance(milliseconds(0));
  while (FireNext()) {
  }
  Release(*clock_.now());
}

// The earliest timer that is due, of users and accounts. False: none is.
bool World::FireNext() {
  std::optional<Visit> next;
  const auto consider = [&](const std::string& tenant, const std::string& user,
                            std::optional<Instant> due) {
    const bool is_due = due.has_value() && *due <= *clock_.now();
    if (is_due && (!next.has_value() || *due < *next->due)) {
      next = Visit{.kind = VisitKind::kTimer,
                   .target = {.tenant = tenant, .user = user, .email = {}},
                   .merge_from = {},
                   .due = due};
    }
  };
  for (const auto& [key, user] : users_) {
    consider(key.first, key.second, user.due);
  }
  for (const auto& [tenant, account] : accounts_) {
    consider(tenant, "", account.due);
  }
  if (next.has_value()) {
    Run(*next, nullptr, next->due);
  }
  return next.has_value();
}

void World::Release(Instant stamp) {
  while (true) {
    const auto waiting =
        std::ranges::find_if(waits_, [&](const auto& entry) { return entry.second <= stamp; });
    if (waiting == waits_.end()) {
      return;
    }
    Run({.kind = VisitKind::kRelease,
         .target = {.tenant = waiting->first.first, .user = waiting->first.second, .email = {}},
         .merge_from = {},
         .due = stamp},
        nullptr, clock_.now());
  }
}

void World::Say(const std::string& rule, const RuleControl& control) {
  controls_[rule] = control;
  std::vector<VisitTarget> targets;
  for (const auto& [key, user] : users_) {
    targets.push_back({.tenant = key.first, .user = key.second, .email = {}});
  }
  for (const VisitTarget& target : targets) {
    Run({.kind = VisitKind::kSweep, .target = target, .merge_from = {}, .due = {}}, nullptr,
        clock_.now());
  }
  for (auto& [key, at] : waits_) {
    at = kEpoch;
  }
}

void World::Finish(Instant clock) {
  AdvanceTo(clock);
  std::vector<VisitTarget> targets;
  for (const auto& [key, user] : users_) {
    targets.push_back({.tenant = key.first, .user = key.second, .email = {}});
  }
  for (const auto& [tenant, account] : accounts_) {
    targets.push_back({.tenant = tenant, .user = {}, .email = {}});
  }
  for (const VisitTarget& target : targets) {
    Run({.kind = VisitKind::kFinal, .target = target, .merge_from = {}, .due = {}}, nullptr,
        clock_.now());
  }
}

std::string World::Resolve(const VisitTarget& target) const {
  if (target.email.empty()) {
    return target.user;
  }
  const auto owner = emails_.find({target.tenant, target.email});
  return owner == emails_.end() ? EmailUserId(target.email) : owner->second;
}

User& World::user(const std::string& id, const std::string& tenant) {
  User& user = users_[{tenant, id}];
  user.tenant = tenant;
  user.id = id;
  return user;
}

void World::Run(const Visit& visit, const Event* event, std::optional<Instant> clock) {
  Subjects subjects;
  subjects.account = &accounts_[visit.target.tenant];
  subjects.account->tenant = visit.target.tenant;
  const std::string id = Resolve(visit.target);
  if (!id.empty()) {
    subjects.user = &user(id, visit.target.tenant);
  }
  if (visit.kind == VisitKind::kMerge) {
    if (!has_user(visit.merge_from, visit.target.tenant)) {
      return;
    }
    subjects.merge_from = &user(visit.merge_from, visit.target.tenant);
  }
  const Context context{.clock = clock,
                        .wall = std::nullopt,
                        .revision = revision_,
                        .sources = &clock_,
                        .app = "test",
                        .controls = &controls_,
                        .counts = &counts_};
  ++visits_;
  const Decision decision = Advance(definition_, context, visit, event, subjects);
  records_.insert(records_.end(), decision.records.begin(), decision.records.end());
  held_.insert(held_.end(), decision.held.begin(), decision.held.end());
  const auto note = [&](const std::string& user, std::optional<Instant> waits) {
    waits_.erase({visit.target.tenant, user});
    if (waits.has_value()) {
      waits_[{visit.target.tenant, user}] = *waits;
    }
  };
  if (!id.empty()) {
    note(id, decision.user_waits);
  }
  if (decision.touches_account) {
    note("", decision.account_waits);
  }
  for (const std::uint64_t rule : decision.released) {
    counts_.Count(rule, *visit.due);
  }
  for (const EmailOwner& owner : decision.email_owners) {
    emails_[{owner.tenant, owner.email}] = owner.user;
  }
  if (decision.is_user_gone) {
    users_.erase({visit.target.tenant, visit.merge_from});
  }
  for (const Visit& follow_up : decision.follow_ups) {
    Run(follow_up, nullptr, clock);
  }
  for (const MemberWalk& walk : decision.walks) {
    std::vector<std::string> members;
    for (const auto& [key, member] : users_) {
      if (key.first == walk.tenant) {
        members.push_back(key.second);
      }
    }
    for (const std::string& member : members) {
      Run({.kind = VisitKind::kRecheck,
           .target = {.tenant = walk.tenant, .user = member, .email = {}},
           .merge_from = {},
           .due = {}},
          nullptr, clock);
    }
  }
}

std::vector<ActivationChanged> World::Activations(const std::string& user) const {
  std::vector<ActivationChanged> found = RecordsOf<ActivationChanged>();
  std::erase_if(found, [&](const ActivationChanged& record) {
    return user.empty() ? record.common.user.has_value() : record.common.user != user;
  });
  return found;
}

std::optional<UserStatus> World::LastStatus(const std::string& user) const {
  std::optional<UserStatus> last;
  for (const UserStatus& status : RecordsOf<UserStatus>()) {
    if (status.user == user) {
      last = status;
    }
  }
  return last;
}

std::optional<AccountStatus> World::LastAccountStatus() const {
  const std::vector<AccountStatus> all = RecordsOf<AccountStatus>();
  return all.empty() ? std::nullopt : std::optional<AccountStatus>(all.back());
}

Instant Day(double days) {
  return InstantFromMs(1'772'323'200'000 +
                       static_cast<std::int64_t>(days * static_cast<double>(kDay.count())));
}

}  // namespace foothold::journey
