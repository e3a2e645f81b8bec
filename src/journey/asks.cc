#include "src/journey/asks.h"

#include <algorithm>

#include <fmt/format.h>

#include "src/base/names.h"
#include "src/journey/risk.h"
#include "src/journey/stages.h"
#include "src/journey/standard_events.h"
#include "src/journey/statuses.h"
#include "src/journey/tracking.h"
#include "src/journey/zones.h"

namespace foothold::journey {
namespace {

constexpr std::size_t kReasonsInText = 3;

Action ActionOf(const Ask& ask) {
  switch (ask.channel) {
    case Channel::kEmail:
      return Action::kEmail;
    case Channel::kInApp:
      return Action::kInApp;
    case Channel::kCs:
      break;
  }
  return ask.task.has_value() && ask.task->type == "call" ? Action::kCsCall : Action::kCsTask;
}

void AddUnknownTraits(const std::vector<TraitState>& traits, bool (*is_known)(std::string_view),
                      AskParameters* parameters) {
  for (const TraitState& trait : traits) {
    if (is_known(trait.name)) {
      continue;
    }
    if (std::optional<std::string> text = TraitText(traits, trait.name)) {
      parameters->emplace_back("trait." + trait.name, *std::move(text));
    }
  }
}

std::string ReasonsText(const Facts& facts) {
  const RiskState& risk = facts.user == nullptr ? facts.account.risk : facts.user->risk;
  std::string text;
  std::size_t count = 0;
  for (const RiskReason& reason : ReasonsOf(facts.definition, risk)) {
    if (reason.weight > 0 && count++ < kReasonsInText) {
      text += (text.empty() ? "" : ", ") + reason.signal;
    }
  }
  std::ranges::replace(text, '_', ' ');
  return text;
}

void AddUser(const Facts& facts, Instant at, AskParameters* parameters) {
  const User& user = *facts.user;
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value.has_value()) {
      parameters->emplace_back(name, *value);
    }
  };
  const std::optional<std::string> email = TraitText(user.traits, "email");
  const std::optional<std::string> name = TraitText(user.traits, "name");
  parameters->emplace_back("user.name", name.value_or(email.value_or(user.id)));
  add("user.email", email);
  parameters->emplace_back("user.id", user.id);
  parameters->emplace_back("role", facts.truth->current.role);
  const Ladder& ladder = *facts.ladder;
  if (ladder.current > 0) {
    const auto current = static_cast<std::size_t>(ladder.current) - 1;
    parameters->emplace_back("current_step", ladder.rungs[current].step->name);
    // The one to be taken next: the first that is not met.
    parameters->emplace_back("next_step", CanonicalEventName(ladder.rungs[current].step->name));
  }
  const auto days = DaysSince(AnchorTime(facts.definition, "signup", user, facts.account), at);
  if (days.has_value()) {
    parameters->emplace_back("days_since_signup", fmt::format("{}", *days));
  }
  AddUnknownTraits(user.traits, IsKnownUserTrait, parameters);
}

TaskBlock TaskOf(const Occasion& occasion, const Facts& facts, const Rule& rule,
                 const TaskText& text, const AskParameters& parameters) {
  TaskBlock task;
  task.type = text.type;
  task.subject = FillIn(text.subject, parameters);
  task.body =
      text.body.empty()
          ? fmt::format("{}: {}.", rule.title.empty() ? rule.name : rule.title, rule.when.label)
          : FillIn(text.body, parameters);
  task.priority = rule.priority;
  if (text.due.has_value()) {
    task.due_at = occasion.decided_at + *text.due;
  }
  task.owner_id = TraitText(facts.account.traits, "owner");
  task.tenant = facts.account.tenant;
  return task;
}

}  // namespace

AskParameters ParametersOf(const Facts& facts, Instant at) {
  AskParameters parameters;
  const std::vector<TraitState>& traits = facts.account.traits;
  for (const std::string_view name : {"name", "plan", "segment", "owner", "channel"}) {
    if (std::optional<std::string> text = TraitText(traits, name)) {
      parameters.emplace_back(fmt::format("account.{}", name), *std::move(text));
    }
  }
  const bool is_named = !parameters.empty() && parameters.front().first == "account.name";
  if (!is_named) {
    parameters.emplace_back("account.name", facts.account.tenant);
  }
  parameters.emplace_back("account.id", facts.account.tenant);
  parameters.emplace_back("stage", facts.account.stage);
  parameters.emplace_back("risk_reasons", ReasonsText(facts));
  if (facts.user != nullptr) {
    AddUser(facts, at, &parameters);
  } else {
    AddUnknownTraits(traits, IsKnownAccountTrait, &parameters);
  }
  std::ranges::sort(parameters);
  return parameters;
}

std::string FillIn(std::string_view text, const AskParameters& parameters) {
  std::string filled;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) {
      filled += text;
      break;
    }
    filled += text.substr(0, open);
    const std::string_view name = text.substr(open + 1, close - open - 1);
    const auto value =
        std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
    if (value != parameters.end()) {
      filled += value->second;
    }
    text.remove_prefix(close + 1);
  }
  return filled;
}

Recipient RecipientOf(const Facts& facts, const Ask& ask) {
  Recipient recipient;
  const std::vector<TraitState>& account = facts.account.traits;
  for (const std::string& to : ask.to) {
    if (to == "owner" || to == "decision_maker") {
      const bool is_owner = to == "owner";
      const auto named = TraitText(account, is_owner ? "owner" : "decisionmaker");
      const auto email = is_owner ? TraitText(account, "owneremail") : named;
      if (named.has_value() || email.has_value()) {
        const bool is_address = email.has_value() && email->find('@') != std::string::npos;
        recipient = {.role = to, .user = {}, .email = {}, .name = named, .timezone = {}};
        if (is_address) {
          recipient.email = email;
        }
        return recipient;
      }
      continue;
    }
    if (to == "escalation") {
      const Stage* stage = StageOf(facts.definition, facts.account);
      if (stage != nullptr && !stage->escalate.empty()) {
        recipient.role = stage->escalate;
        return recipient;
      }
      continue;
    }
    const auto count = std::ranges::find(facts.account.roles, to, &RoleCount::role);
    if (count != facts.account.roles.end() && !count->contact.user.empty()) {
      const RoleContact& contact = count->contact;
      const auto known = [](const std::string& text) {
        return text.empty() ? std::nullopt : std::optional(text);
      };
      return {.role = to,
              .user = contact.user,
              .email = known(contact.email),
              .name = known(contact.name),
              .timezone = known(contact.timezone)};
    }
  }
  if (!ask.to.empty() || facts.user == nullptr || ask.channel == Channel::kCs) {
    recipient.role = !ask.to.empty() ? ask.to.front() : std::string("owner");
    recipient.user = ask.to.empty() ? TraitText(account, "owner") : std::nullopt;
    recipient.email = ask.to.empty() ? TraitText(account, "owneremail") : std::nullopt;
    return recipient;
  }
  const std::vector<TraitState>& user = facts.user->traits;
  if (!facts.truth->current.role.empty()) {
    recipient.role = facts.truth->current.role;
  }
  recipient.user = facts.user->id;
  recipient.email = TraitText(user, "email");
  recipient.name = TraitText(user, "name");
  recipient.timezone = TraitText(user, "timezone");
  return recipient;
}

const ZoneRules* ZoneOf(const Facts& facts, const Ask& ask) {
  const Playbook& playbook = facts.definition.playbook();
  std::optional<std::string> name;
  if (playbook.gate.zone == GatePolicy::Zone::kRecipient) {
    name = RecipientOf(facts, ask).timezone;
  }
  const bool is_found = name.has_value() && FindZone(playbook.zones, *name) != nullptr;
  if (!is_found && playbook.gate.zone != GatePolicy::Zone::kUtc) {
    name = TraitText(facts.account.traits, "timezone");
  }
  return name.has_value() ? FindZone(playbook.zones, *name) : nullptr;
}

bool IsRefused(const Facts& facts, const Ask& ask) {
  if (facts.user == nullptr || ask.channel == Channel::kCs || !ask.to.empty()) {
    return false;
  }
  const std::string channel = CanonicalPropertyName(ChannelName(ask.channel));
  return TraitText(facts.user->traits, "consent:" + channel) == "false" ||
         TraitText(facts.user->traits, "consent") == "false";
}

std::string EpisodeOf(const Rule& rule, const RungState& state) {
  return fmt::format("{}#{}@{}", rule.name, state.rung + 1, FormatRfc3339(state.triggered_at));
}

AskBlock AskBlockOf(const Occasion& occasion, const Facts& facts, const Rule& rule,
                    const RungState& state, std::string_view intervention_id) {
  const Rung& rung = rule.rungs[static_cast<std::size_t>(state.rung)];
  const Ask& ask = state.is_otherwise ? *rung.otherwise : rung.ask;
  AskBlock block;
  block.action = ActionOf(ask);
  block.channel = ask.channel;
  block.parameters = ParametersOf(facts, occasion.decided_at);
  block.template_name = FillIn(ask.template_name, block.parameters);
  block.recipient = RecipientOf(facts, ask);
  if (ask.task.has_value()) {
    block.task = TaskOf(occasion, facts, rule, *ask.task, block.parameters);
    block.task->intervention_id = intervention_id;
  }
  block.priority = rule.priority;
  block.ladder = rule.name;
  block.rung = state.rung + 1;
  block.of = static_cast<std::int32_t>(rule.rungs.size());
  block.episode = EpisodeOf(rule, state);
  block.due_at = state.due;
  block.not_before = state.not_before;
  block.expires_at = state.expires;
  block.cancel_if = fmt::format("no longer so: {}", rule.when.label);
  block.account = AccountBlockOf(facts.definition, facts.account);
  if (facts.user != nullptr) {
    block.person = PersonBlockOf(*facts.user);
    block.user_status =
        UserStatusOf(facts.definition, *facts.user, facts.account, *facts.truth, *facts.ladder,
                     facts.is_history_known, occasion.decided_at, occasion.context.revision);
  } else {
    block.account_status = AccountStatusOf(facts.definition, facts.account, occasion.decided_at,
                                           occasion.context.revision);
  }
  return block;
}

}  // namespace foothold::journey
