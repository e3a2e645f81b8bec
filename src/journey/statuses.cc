#include "src/journey/statuses.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/journey/caring.h"
#include "src/journey/interventions.h"
#include "src/journey/measurement.h"
#include "src/journey/members.h"
#include "src/journey/risk.h"
#include "src/journey/stages.h"
#include "src/journey/standard_events.h"
#include "src/journey/tracking.h"

namespace foothold::journey {
namespace {

// Folds fields into a hash; what is absent differs from anything present.
class FieldHash {
 public:
  FieldHash& Add(std::uint64_t value) {
    hash_ = MixHash(hash_, value);
    return *this;
  }
  FieldHash& Add(std::int64_t value) { return Add(static_cast<std::uint64_t>(value)); }
  FieldHash& Add(std::int32_t value) { return Add(static_cast<std::int64_t>(value)); }
  FieldHash& Add(bool value) { return Add(std::uint64_t{value ? 2U : 1U}); }
  FieldHash& Add(Instant value) { return Add(ToMs(value)); }
  FieldHash& Add(std::string_view value) { return Add(Hash64(value)); }
  FieldHash& Add(const std::string& value) { return Add(std::string_view(value)); }
  FieldHash& Add(double value) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    return Add(bits);
  }
  template <class T>
  FieldHash& Add(const std::optional<T>& value) {
    return value.has_value() ? Add(*value) : Add(std::uint64_t{0x6E756C6C});
  }
  // Never 0, which stands for "none emitted".
  std::uint64_t value() const { return hash_ == 0 ? 1 : hash_; }

 private:
  std::uint64_t hash_ = 0x666F6F74;
};

Tracker MakeTracker(TrackerKind kind, std::vector<std::string> events) {
  Tracker tracker;
  tracker.kind = kind;
  tracker.events = std::move(events);
  tracker.key = TrackerKey(tracker);
  return tracker;
}

// What a status says of by itself, whatever the playbook.
struct StandardTrackers {
  Tracker profile_completed = MakeTracker(TrackerKind::kDid, {"profile.completed"});
  Tracker integration_connected = MakeTracker(TrackerKind::kDid, {"integration.connected"});
  Tracker dashboard_viewed = MakeTracker(TrackerKind::kDid, {"dashboard.viewed"});
  Tracker report_exported = MakeTracker(TrackerKind::kDid, {"report.exported"});
  Tracker signup =
      MakeTracker(TrackerKind::kDid, {std::string(kAccountCreated), std::string(kUserSignedUp)});
  Tracker access = MakeTracker(TrackerKind::kAccess, {});
  Tracker invited = MakeTracker(TrackerKind::kInvited, {});
};

const StandardTrackers& Standard() {
  static const StandardTrackers kTrackers;
  return kTrackers;
}

std::optional<Instant> FirstTime(const User& user, const Tracker& tracker) {
  return TimeOf(user.trackers, tracker, 1);
}

// The time of an anchor that is the account's own.
std::optional<Instant> AccountAnchor(const Definition& definition, std::string_view anchor,
                                     const Account& account) {
  static const User kNobody;
  return AnchorTime(definition, anchor, kNobody, account);
}

WindowBlock BlockOf(const OpenWindow& window) {
  return {.anchor = window.anchor, .opens_at = window.opens_at, .closes_at = window.closes_at};
}

std::optional<std::string> TextOrNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

void AddAccountBlock(const AccountBlock& block, FieldHash* hash) {
  hash->Add(block.name).Add(block.plan).Add(block.segment).Add(block.product_model).Add(block.mrr);
  hash->Add(block.contract_value).Add(block.seats).Add(block.channel).Add(block.signup_week);
  hash->Add(block.trial_ends_at).Add(block.contract_at).Add(block.stage).Add(block.owner);
  hash->Add(block.owner_email).Add(block.decision_maker).Add(block.open_tickets);
  hash->Add(block.last_outreach_at);
}

void FillAnchors(const Definition& definition, const User& user, const Account& account,
                 std::optional<Instant> activated_at, Instant as_of, UserStatus* status) {
  status->anchor_signup = FirstTime(user, Standard().signup);
  status->anchor_first_access = FirstTime(user, Standard().access);
  status->anchor_invite = FirstTime(user, Standard().invited);
  const std::optional<Instant> signup = AnchorTime(definition, "signup", user, account);
  status->days_since_signup = DaysSince(signup, as_of);
  status->time_to_value_from_signup_s = TimeToValueS(signup, activated_at);
  status->time_to_value_from_first_access_s =
      TimeToValueS(status->anchor_first_access, activated_at);
  if (signup.has_value()) {
    status->signup_week = IsoWeekOf(*signup);
  }
}

void FillLadder(const Ladder& ladder, Instant as_of, UserStatus* status) {
  status->steps.reserve(ladder.rungs.size());
  for (const Ladder::Rung& rung : ladder.rungs) {
    status->steps.push_back({.name = rung.step->name,
                             .step_class = std::string(StepClassName(rung.step->step_class)),
                             .met_at = rung.met_at});
  }
  if (ladder.current > 0) {
    status->current_step = ladder.current;
    status->step_name = status->steps[static_cast<std::size_t>(ladder.current) - 1].name;
    status->step_entered_at = ladder.entered_at;
    status->days_in_current_step = DaysSince(ladder.entered_at, as_of);
  }
}

template <class Status>
void FillRisk(const Definition& definition, const RiskState& risk, Status* status) {
  if (risk.level == RiskLevel::kNone) {
    return;
  }
  status->dropoff_risk = std::string(RiskLevelName(risk.level));
  status->risk_score = risk.score;
  status->risk_reasons = ReasonsOf(definition, risk);
}

template <class Status>
void AddRisk(const Status& status, FieldHash* hash) {
  hash->Add(status.dropoff_risk).Add(status.risk_score);
  for (const RiskReason& reason : status.risk_reasons) {
    hash->Add(reason.signal).Add(reason.since);
  }
  for (const std::string& open : status.open_interventions) {
    hash->Add(open);
  }
}

}  // namespace

AccountBlock AccountBlockOf(const Definition& definition, const Account& account) {
  const std::vector<TraitState>& traits = account.traits;
  AccountBlock block;
  block.name = TraitText(traits, "name");
  block.plan = TraitText(traits, "plan");
  block.segment = TraitText(traits, "segment");
  block.product_model = TraitText(traits, "productmodel");
  block.mrr = TraitNumber(traits, "mrr");
  block.contract_value = TraitNumber(traits, "contractvalue");
  block.seats = TraitNumber(traits, "seats");
  block.channel = TraitText(traits, "channel");
  block.trial_ends_at = TraitTime(traits, "trialendsat");
  block.contract_at = AccountAnchor(definition, "contract", account);
  if (!account.stage.empty()) {
    block.stage = account.stage;
  }
  block.owner = TraitText(traits, "owner");
  block.owner_email = TraitText(traits, "owneremail");
  block.decision_maker = TraitText(traits, "decisionmaker");
  block.open_tickets = account.open_tickets;
  block.last_outreach_at = account.last_outreach_at;
  const std::optional<Instant> created = AccountAnchor(definition, "created", account);
  if (created.has_value()) {
    block.signup_week = IsoWeekOf(*created);
  }
  return block;
}

PersonBlock PersonBlockOf(const User& user) {
  constexpr std::string_view kConsent = "consent:";
  PersonBlock person;
  person.email = TraitText(user.traits, "email");
  person.name = TraitText(user.traits, "name");
  person.title = TraitText(user.traits, "title");
  person.timezone = TraitText(user.traits, "timezone");
  person.locale = TraitText(user.traits, "locale");
  person.last_seen_at = user.last_seen;
  person.session_count = user.sessions_dropped + static_cast<std::int64_t>(user.sessions.size());
  for (const TraitState& trait : user.traits) {
    if (trait.name.starts_with(kConsent)) {
      person.consent.push_back({.channel = trait.name.substr(kConsent.size()),
                                .granted = TraitText(user.traits, trait.name) == "true",
                                .as_of = trait.at});
    }
  }
  return person;
}

std::optional<std::int64_t> DaysSince(std::optional<Instant> from, Instant to) {
  if (!from.has_value()) {
    return std::nullopt;
  }
  return std::max<std::int64_t>(0, (to - *from) / kDay);
}

std::optional<std::int64_t> TimeToValueS(std::optional<Instant> anchor,
                                         std::optional<Instant> activated_at) {
  if (!anchor.has_value() || !activated_at.has_value()) {
    return std::nullopt;
  }
  return std::max<std::int64_t>(0, (*activated_at - *anchor).count() / 1000);
}

UserStatus UserStatusOf(const Definition& definition, const User& user, const Account& account,
                        const Truth& truth, const Ladder& ladder, bool is_history_known,
                        Instant as_of, std::int64_t revision) {
  UserStatus status;
  status.tenant = user.tenant;
  status.user = user.id;
  status.role = TextOrNull(truth.current.role);
  status.email = TraitText(user.traits, "email");
  status.name = TraitText(user.traits, "name");
  status.is_history_known = is_history_known;
  status.profile_completed = FirstTime(user, Standard().profile_completed);
  status.integration_connected = FirstTime(user, Standard().integration_connected);
  status.first_dashboard_viewed = FirstTime(user, Standard().dashboard_viewed);
  status.first_report_exported = FirstTime(user, Standard().report_exported);
  status.activated = truth.activated_at;
  status.activation_state = truth.state;
  status.activation_class = user.truth.activation_class;
  if (truth.window.has_value()) {
    status.activation_window = BlockOf(*truth.window);
  }
  FillLadder(ladder, as_of, &status);
  if (!is_history_known) {
    status.measurement = {
        .is_complete = false, .why = {"history_unknown"}, .since = user.first_seen};
  }
  FillAnchors(definition, user, account, truth.activated_at, as_of, &status);
  status.session_count = user.sessions_dropped + static_cast<std::int64_t>(user.sessions.size());
  status.active_days = user.active_days.count();
  status.core_minutes = user.core_time / kMinute;
  status.first_seen_at = user.first_seen;
  status.last_seen_at = user.last_seen;
  if (!user.outreach.empty()) {
    status.last_outreach_at = user.outreach.back();
  }
  const bool is_removed =
      user.removed.has_value() && (!user.joined.has_value() || *user.joined < *user.removed);
  if (is_removed) {
    status.removed_at = user.removed->at;
  }
  FillRisk(definition, user.risk, &status);
  status.open_interventions = OpenInterventions(definition, user.care, as_of);
  status.account_name = TraitText(account.traits, "name");
  status.account_plan = TraitText(account.traits, "plan");
  status.account_segment = TraitText(account.traits, "segment");
  status.account_owner = TraitText(account.traits, "owner");
  status.playbook_version = definition.label();
  status.as_of = as_of;
  status.revision = revision;
  return status;
}

AccountStatus AccountStatusOf(const Definition& definition, const Account& account, Instant as_of,
                              std::int64_t revision) {
  AccountStatus status;
  status.tenant = account.tenant;
  status.account = AccountBlockOf(definition, account);
  status.created_at = AccountAnchor(definition, "created", account);
  status.activation_state = account.state;
  status.activated_at = account.activated_at;
  const MemberTotals totals = TotalsOf(account);
  status.eligible = totals.eligible;
  status.reached = totals.reached;
  if (totals.eligible > 0) {
    status.activation_rate =
        static_cast<double>(totals.reached) / static_cast<double>(totals.eligible);
  }
  status.composition = CompositionOf(account);
  for (const RoleCount& count : account.roles) {
    const std::int32_t index = definition.RoleIndex(count.role);
    if (index < 0) {
      continue;
    }
    const Role& role = definition.playbook().roles[static_cast<std::size_t>(index)];
    for (std::size_t i = 0; i < role.steps.size() && i < count.steps_met.size(); ++i) {
      status.progress.push_back({.step = role.name + "/" + role.steps[i].name,
                                 .step_class = std::string(StepClassName(role.steps[i].step_class)),
                                 .reached_by = count.steps_met[i],
                                 .met_at = count.steps_first_met[i]});
    }
  }
  status.stage_entered_at = account.stage_entered_at;
  status.days_in_stage = DaysSince(account.stage_entered_at, as_of);
  status.blockers = BlockersOf(definition, account);
  FillRisk(definition, account.risk, &status);
  status.funnel = FunnelOf(definition, account);
  status.open_interventions = OpenInterventions(definition, account.care, as_of);
  status.next_timers = NextTimersOf(definition, account, as_of);
  status.playbook_version = definition.label();
  status.as_of = as_of;
  status.revision = revision;
  return status;
}

StatusHashes HashesOf(const UserStatus& status) {
  FieldHash lasting;
  lasting.Add(status.role).Add(status.email).Add(status.name).Add(status.is_history_known);
  lasting.Add(status.profile_completed).Add(status.integration_connected);
  lasting.Add(status.first_dashboard_viewed).Add(status.first_report_exported);
  lasting.Add(status.activated)
      .Add(std::int32_t{static_cast<std::uint8_t>(status.activation_state)});
  lasting.Add(status.activation_class.has_value()
                  ? std::int32_t{static_cast<std::uint8_t>(*status.activation_class)}
                  : std::int32_t{0});
  if (status.activation_window.has_value()) {
    lasting.Add(status.activation_window->anchor).Add(status.activation_window->opens_at);
    lasting.Add(status.activation_window->closes_at);
  }
  lasting.Add(status.current_step).Add(status.step_name).Add(status.step_entered_at);
  for (const StepStatus& step : status.steps) {
    lasting.Add(step.name).Add(step.step_class).Add(step.met_at);
  }
  AddRisk(status, &lasting);
  lasting.Add(status.anchor_signup).Add(status.anchor_first_access).Add(status.anchor_invite);
  lasting.Add(status.first_seen_at).Add(status.time_to_value_from_signup_s);
  lasting.Add(status.time_to_value_from_first_access_s).Add(status.signup_week);
  lasting.Add(status.last_outreach_at).Add(status.removed_at).Add(status.playbook_version);
  FieldHash riding;
  riding.Add(status.days_in_current_step).Add(status.session_count).Add(status.active_days);
  riding.Add(status.core_minutes).Add(status.last_seen_at).Add(status.days_since_signup);
  riding.Add(status.account_name).Add(status.account_plan).Add(status.account_segment);
  riding.Add(status.account_owner);
  return {.lasting = lasting.value(), .riding = riding.value()};
}

StatusHashes HashesOf(const AccountStatus& status) {
  FieldHash lasting;
  AddAccountBlock(status.account, &lasting);
  lasting.Add(status.created_at);
  lasting.Add(std::int32_t{static_cast<std::uint8_t>(status.activation_state)});
  lasting.Add(status.activated_at).Add(status.eligible).Add(status.reached);
  FieldHash riding;
  for (const CompositionRow& row : status.composition) {
    lasting.Add(row.role).Add(row.invited).Add(row.joined).Add(row.reached).Add(row.late);
    riding.Add(row.active);
  }
  for (const AccountStep& step : status.progress) {
    lasting.Add(step.step).Add(step.step_class).Add(step.reached_by).Add(step.met_at);
  }
  lasting.Add(status.stage_entered_at);
  for (const Blocker& blocker : status.blockers) {
    lasting.Add(blocker.name).Add(blocker.since);
  }
  AddRisk(status, &lasting);
  // A source's silence concerns all accounts alike and rides along.
  if (std::ranges::find(status.measurement.why, kDeadLetters) != status.measurement.why.end()) {
    lasting.Add(kDeadLetters);
  }
  lasting.Add(status.playbook_version);
  return {.lasting = lasting.value(), .riding = riding.value()};
}

}  // namespace foothold::journey
