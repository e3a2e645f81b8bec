#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "src/app/demo_words.h"
#include "src/app/explanation.h"
#include "src/base/json.h"
#include "src/codec/outputs.h"
#include "src/journey/occasion.h"

namespace foothold::app {
namespace {

using journey::DateOf;
using journey::Finding;

std::string Spaced(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '_', ' ');
  return spaced;
}

template <class... Args>
void Line(std::string* text, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(*text), format, std::forward<Args>(args)...);
  while (text->ends_with(' ')) {
    text->pop_back();
  }
  text->push_back('\n');
}

std::string HeadOf(const journey::UserStatus& user) {
  std::string who = user.name.value_or(user.user);
  if (who != user.user) {
    who += fmt::format(" ({})", user.user);
  }
  if (user.email.has_value() && user.user != "email:" + *user.email) {
    who += fmt::format(" <{}>", *user.email);
  }
  std::string account = user.account_name.value_or(user.tenant);
  if (account != user.tenant) {
    account += fmt::format(" ({})", user.tenant);
  }
  return fmt::format("{}, {} of {}", who,
                     user.role.has_value() ? "role " + *user.role : "of no known role", account);
}

std::string HeadOf(const journey::AccountStatus& account) {
  const std::string name = account.account.name.value_or(account.tenant);
  std::string head = name == account.tenant ? fmt::format("account {}", account.tenant)
                                            : fmt::format("{} ({})", name, account.tenant);
  if (account.account.plan.has_value()) {
    head += ", plan " + *account.account.plan;
  }
  if (account.account.segment.has_value()) {
    head += ", segment " + *account.account.segment;
  }
  if (account.account.owner.has_value()) {
    head += ", owner " + *account.account.owner;
  }
  return head;
}

// The last sentence that was emitted about it, of that type; "" if none was.
std::string LastSentence(const Explanation& explanation, std::string_view type) {
  std::string sentence;
  for (const ToldRecord& record : explanation.told) {
    if (record.type == type) {
      sentence = record.value["reason"].text;
    }
  }
  return sentence;
}

void AddMeasurement(const journey::MeasurementBlock& measurement, std::string* text) {
  if (measurement.is_complete) {
    return;
  }
  std::string why;
  for (const std::string& reason : measurement.why) {
    why += (why.empty() ? "" : ", ") + Spaced(reason);
  }
  Line(text, "  measurement incomplete: {}", why);
}

void AddEvidence(const Explanation& explanation, std::string* text) {
  if (explanation.evidence.empty()) {
    return;
  }
  Line(text, "  rests on");
  for (const ExplainedRecord& record : explanation.evidence) {
    Line(text, "    {}  {}  {}  (id {})", DateOf(record.at), record.event, record.place, record.id);
  }
}

void AddUser(const Explanation& explanation, std::string* text) {
  const journey::UserStatus& user = *explanation.user;
  Line(text, "\nActivation: {}", Spaced(UserStateName(user.activation_state)));
  if (!user.is_history_known) {
    Line(text,
         "  was there before our history began: what did not happen is not concluded, nobody is "
         "asked for anything");
  }
  if (user.removed_at.has_value()) {
    Line(text, "  removed on {}", DateOf(*user.removed_at));
  }
  if (const std::string reason = LastSentence(explanation, "activation.changed"); !reason.empty()) {
    Line(text, "  {}", reason);
  }
  AddMeasurement(user.measurement, text);
  if (user.activation_window.has_value()) {
    Line(text, "  window {} to {}, from {}", DateOf(user.activation_window->opens_at),
         DateOf(user.activation_window->closes_at), Spaced(user.activation_window->anchor));
  } else if (!explanation.criteria.empty()) {
    Line(text, "  no window: what it counts from is not known");
  }
  for (const journey::CriterionProgress& criterion : explanation.criteria) {
    Line(text, "  {:<8} {} ({} of {}){}", criterion.met_at.has_value() ? "done" : "missing",
         criterion.criterion, criterion.have, criterion.need,
         criterion.met_at.has_value() ? ", " + DateOf(*criterion.met_at) : "");
  }
  if (explanation.criteria.empty()) {
    Line(text, "  {}",
         user.role.has_value() ? fmt::format("role {} has no milestone", *user.role)
                               : "without a known role there is no milestone");
  }
  AddEvidence(explanation, text);
  if (!user.steps.empty()) {
    Line(text, "\nSteps");
  }
  for (std::size_t i = 0; i < user.steps.size(); ++i) {
    const journey::StepStatus& step = user.steps[i];
    const bool is_current =
        user.current_step == static_cast<std::int32_t>(i) + 1 && !step.met_at.has_value();
    std::string since;
    if (step.met_at.has_value()) {
      since = "done " + DateOf(*step.met_at);
    } else if (is_current && user.step_entered_at.has_value()) {
      since = fmt::format("here since {}, {} days", DateOf(*user.step_entered_at),
                          user.days_in_current_step.value_or(0));
    }
    Line(text, "{} {} {:<20} {}", is_current ? '>' : ' ', i + 1, step.name, since);
  }
}

void AddAccount(const Explanation& explanation, std::string* text) {
  const journey::AccountStatus& account = *explanation.account;
  Line(text, "\nActivation: {}, {} of {} eligible members reached their milestone",
       AccountStateName(account.activation_state), account.reached, account.eligible);
  if (account.activated_at.has_value()) {
    Line(text, "  activated on {}; it stays so, whatever follows", DateOf(*account.activated_at));
  }
  if (const std::string reason = LastSentence(explanation, "activation.changed"); !reason.empty()) {
    Line(text, "  {}", reason);
  }
  AddMeasurement(account.measurement, text);
  for (const Finding& demand : explanation.demands) {
    Line(text, "  {:<8} {}", demand.holds ? "so" : "missing", demand.said);
  }
  for (const journey::CompositionRow& row : account.composition) {
    Line(text, "  {:<14} {} invited, {} joined, {} active, {} reached, {} of them late",
         row.role.empty() ? "no known role" : row.role, row.invited, row.joined, row.active,
         row.reached, row.late);
  }
  AddEvidence(explanation, text);
  if (account.account.stage.has_value()) {
    Line(text, "\nStage: {}{}", *account.account.stage,
         account.stage_entered_at.has_value()
             ? fmt::format(", since {}, {} days", DateOf(*account.stage_entered_at),
                           account.days_in_stage.value_or(0))
             : "");
  }
  for (const journey::Blocker& blocker : account.blockers) {
    Line(text, "  blocked by {} since {}: {}", Spaced(blocker.name), DateOf(blocker.since),
         blocker.detail);
  }
}

// "a; b", and of alternatives "a; or b".
std::string SentenceOf(const std::vector<Finding>& reasons) {
  std::string sentence;
  bool is_after_choice = false;
  for (const Finding& reason : reasons) {
    sentence += sentence.empty() ? "" : (is_after_choice && reason.is_choice ? "; or " : "; ");
    sentence += reason.said;
    is_after_choice = reason.is_choice;
  }
  return sentence;
}

void AddRisk(const Explanation& explanation, std::string* text) {
  const bool is_user = explanation.user.has_value();
  const std::optional<std::string>& level =
      is_user ? explanation.user->dropoff_risk : explanation.account->dropoff_risk;
  const std::optional<std::int32_t> score =
      is_user ? explanation.user->risk_score : explanation.account->risk_score;
  Line(text, "\nRisk: {}{}", level.value_or("none is kept"),
       level.has_value() && score.has_value() ? fmt::format(", score {}", *score) : "");
  if (!level.has_value()) {
    Line(text, "  {}",
         is_user ? "contacts, the removed and those of unknown history have none"
                 : "an account has none before its first member, nor if it was there before our "
                   "history began");
  }
  bool has_others = false;
  for (const ExplainedSignal& signal : explanation.signals) {
    if (signal.since.has_value()) {
      Line(text, "  {:>+4}  {:<24} since {}: {}", signal.weight, signal.name, DateOf(*signal.since),
           signal.reasons.empty() ? signal.asks : SentenceOf(signal.reasons));
      continue;
    }
    if (!std::exchange(has_others, true)) {
      Line(text, "  does not count:");
    }
    Line(text, "  {:>+4}  {:<24} {}", signal.weight, signal.name, SentenceOf(signal.reasons));
  }
}

// "2026-03-05 08:00 UTC  requested  email set_up_your_team (admin_invited_no_one#1)".
void AddTold(const Explanation& explanation, std::string* text) {
  constexpr std::string_view kKind = "intervention.";
  bool has_any = false;
  for (const ToldRecord& record : explanation.told) {
    if (!record.type.starts_with(kKind)) {
      continue;
    }
    if (!std::exchange(has_any, true)) {
      Line(text, "\nInterventions so far");
    }
    const std::string_view kind = std::string_view(record.type).substr(kKind.size());
    const auto decided = ParseRfc3339(record.value["decidedAt"].text);
    Line(text, "  {}  {}: {}", decided.has_value() ? DateOf(decided->instant) : "", kind,
         record.value["reason"].text);
  }
}

void AddRungs(const ExplainedRule& rule, std::string* text) {
  for (const ExplainedRung& rung : rule.rungs) {
    Line(text, "      {}. {}: {}", rung.number, rung.what, rung.said);
  }
}

void AddRules(const Explanation& explanation, std::string* text) {
  using enum ExplainedRule::Standing;
  const auto begin = [&](const ExplainedRule& rule) {
    Line(text, "    {}: {}{}", rule.name, rule.title,
         rule.mode == "live" ? "" : fmt::format(" ({})", rule.mode));
  };
  const auto section = [&](ExplainedRule::Standing standing, std::string_view title,
                           const auto& add) {
    bool has_any = false;
    for (const ExplainedRule& rule : explanation.rules) {
      if (rule.standing == standing) {
        if (!std::exchange(has_any, true)) {
          Line(text, "  {}", title);
        }
        begin(rule);
        add(rule);
      }
    }
  };
  if (explanation.rules.empty()) {
    return;
  }
  Line(text, "\nRules");
  section(kUnderWay, "under way:", [&](const ExplainedRule& rule) {
    if (!rule.reasons.empty()) {
      Line(text, "      {}", SentenceOf(rule.reasons));
    }
    AddRungs(rule, text);
  });
  section(kHolds, "it is so, and nothing is due:", [&](const ExplainedRule& rule) {
    Line(text, "      {}", SentenceOf(rule.reasons));
    AddRungs(rule, text);
  });
  section(kWaits, "did not fire:", [&](const ExplainedRule& rule) {
    Line(text, "      {}", SentenceOf(rule.reasons));
  });
  section(kOff, "stopped:", [](const ExplainedRule& /*rule*/) {});
  std::string others;
  for (const ExplainedRule& rule : explanation.rules) {
    if (rule.standing == kElsewhere) {
      others += (others.empty() ? "" : ", ") + rule.name;
    }
  }
  if (!others.empty()) {
    Line(text, "  for other roles: {}", others);
  }
}

void MemberAt(std::string_view name, const std::optional<Instant>& at, JsonWriter* json) {
  at.has_value() ? json->Member(name, FormatRfc3339(*at)) : json->Null(name);
}

void WriteFindings(std::string_view name, const std::vector<Finding>& findings, JsonWriter* json) {
  json->BeginArray(name);
  for (const Finding& finding : findings) {
    json->BeginItem();
    json->Member("holds", finding.holds);
    json->Member("said", finding.said);
    MemberAt("changesAt", finding.changes_at, json);
    json->Member("isChoice", finding.is_choice);
    json->EndObject();
  }
  json->EndArray();
}

std::string_view StandingName(ExplainedRule::Standing standing) {
  switch (standing) {
    case ExplainedRule::Standing::kUnderWay:
      return "under_way";
    case ExplainedRule::Standing::kHolds:
      return "holds";
    case ExplainedRule::Standing::kWaits:
      return "missing";
    case ExplainedRule::Standing::kElsewhere:
      return "other_role";
    case ExplainedRule::Standing::kOff:
      return "stopped";
  }
  return "";
}

void WriteRules(const Explanation& explanation, JsonWriter* json) {
  json->BeginArray("rules");
  for (const ExplainedRule& rule : explanation.rules) {
    json->BeginItem();
    json->Member("rule", rule.name);
    json->Member("title", rule.title);
    json->Member("mode", rule.mode);
    json->Member("standing", StandingName(rule.standing));
    json->Member("asks", rule.asks);
    WriteFindings("reasons", rule.reasons, json);
    json->BeginArray("rungs");
    for (const ExplainedRung& rung : rule.rungs) {
      json->BeginItem();
      json->Member("rung", std::int64_t{rung.number});
      json->Member("asks", rung.what);
      json->Member("said", rung.said);
      MemberAt("at", rung.at, json);
      json->EndObject();
    }
    json->EndArray();
    json->EndObject();
  }
  json->EndArray();
}

void WriteSignals(const Explanation& explanation, JsonWriter* json) {
  json->BeginArray("signals");
  for (const ExplainedSignal& signal : explanation.signals) {
    json->BeginItem();
    json->Member("signal", signal.name);
    json->Member("weight", std::int64_t{signal.weight});
    json->Member("counts", signal.since.has_value());
    MemberAt("since", signal.since, json);
    json->Member("asks", signal.asks);
    WriteFindings("reasons", signal.reasons, json);
    json->EndObject();
  }
  json->EndArray();
}

void WriteRecords(const Explanation& explanation, JsonWriter* json) {
  json->BeginArray("criteria");
  for (const journey::CriterionProgress& criterion : explanation.criteria) {
    json->BeginItem();
    json->Member("criterion", criterion.criterion);
    json->Member("have", std::int64_t{criterion.have});
    json->Member("need", std::int64_t{criterion.need});
    MemberAt("metAt", criterion.met_at, json);
    json->EndObject();
  }
  json->EndArray();
  json->BeginArray("evidence");
  for (const ExplainedRecord& record : explanation.evidence) {
    json->BeginItem();
    json->Member("event", record.event);
    json->Member("occurredAt", FormatRfc3339(record.at));
    json->Member("eventId", record.id);
    json->Member("place", record.place);
    json->EndObject();
  }
  json->EndArray();
  json->BeginArray("records");
  for (const ToldRecord& record : explanation.told) {
    json->BeginItem();
    json->Member("topic", record.topic);
    json->Member("type", record.type);
    json->Member("id", record.id);
    json->Raw("value", record.value.text);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string TextOf(const Explanation& explanation) {
  std::string text;
  const bool is_user = explanation.user.has_value();
  Line(&text, "{}", is_user ? HeadOf(*explanation.user) : HeadOf(*explanation.account));
  Line(&text, "as of {}, playbook {}", DateOf(explanation.as_of), explanation.playbook);
  is_user ? AddUser(explanation, &text) : AddAccount(explanation, &text);
  AddRisk(explanation, &text);
  AddTold(explanation, &text);
  AddRules(explanation, &text);
  if (!explanation.next.empty()) {
    Line(&text, "\nNext, if nothing happens");
  }
  for (const ExplainedMoment& moment : explanation.next) {
    Line(&text, "  {}  {}", DateOf(moment.at), moment.what);
  }
  return text;
}

std::string JsonOf(const Explanation& explanation) {
  codec::OutputEncoder encoder({.app = "explain", .encodings = {}});
  const journey::OutputRecord status = explanation.user.has_value()
                                           ? journey::OutputRecord(*explanation.user)
                                           : journey::OutputRecord(*explanation.account);
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  json.Member("asOf", FormatRfc3339(explanation.as_of));
  json.Member("playbook", explanation.playbook);
  json.Raw("status", encoder.Encode(status).value.value_or("null"));
  WriteRecords(explanation, &json);
  WriteFindings("demands", explanation.demands, &json);
  WriteSignals(explanation, &json);
  WriteRules(explanation, &json);
  json.BeginArray("next");
  for (const ExplainedMoment& moment : explanation.next) {
    json.BeginItem();
    json.Member("at", FormatRfc3339(moment.at));
    json.Member("what", moment.what);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  text.push_back('\n');
  return text;
}

}  // namespace foothold::app
