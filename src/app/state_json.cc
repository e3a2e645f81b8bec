#include "src/app/state_json.h"

#include <optional>
#include <vector>

#include <fmt/format.h>

#include "src/base/json.h"
#include "src/base/time.h"
#include "src/codec/erased_facts.h"
#include "src/codec/gate_facts.h"
#include "src/codec/state.h"
#include "src/codec/volume_facts.h"
#include "src/journey/tracking.h"
#include "state/schema.h"

namespace foothold::app {
namespace {

void Time(JsonWriter* json, std::string_view name, const std::optional<Instant>& at) {
  if (at.has_value()) {
    json->Member(name, FormatRfc3339(*at));
  } else {
    json->Null(name);
  }
}

void Text(JsonWriter* json, std::string_view name, std::string_view text) {
  if (text.empty()) {
    json->Null(name);
  } else {
    json->Member(name, text);
  }
}

std::int64_t CountOf(std::size_t size) { return static_cast<std::int64_t>(size); }

// Those that are numbers or times come as text, too.
void Traits(JsonWriter* json, const std::vector<journey::TraitState>& traits) {
  json->BeginArray("traits");
  for (const journey::TraitState& trait : traits) {
    json->BeginItem();
    json->Member("name", trait.name);
    if (const auto text = journey::TraitText(traits, trait.name)) {
      json->Member("value", *text);
    } else if (const auto number = journey::TraitNumber(traits, trait.name)) {
      json->Raw("value", fmt::format("{}", *number));
    } else {
      json->Null("value");
    }
    json->Member("at", FormatRfc3339(trait.at));
    json->EndObject();
  }
  json->EndArray();
}

void Trackers(JsonWriter* json, const std::vector<journey::TrackerState>& trackers) {
  json->BeginArray("occurrences");
  for (const journey::TrackerState& tracker : trackers) {
    for (const journey::Occurrence& occurrence : tracker.kept) {
      json->BeginItem();
      json->Member("event", occurrence.event);
      json->Member("at", FormatRfc3339(occurrence.at));
      json->Member("eventId", occurrence.event_id);
      json->Member("topic", occurrence.topic);
      json->Member("partition", std::int64_t{occurrence.partition});
      json->Member("offset", occurrence.offset);
      json->EndObject();
    }
  }
  json->EndArray();
}

std::string_view PhaseName(journey::RungState::Phase phase) {
  switch (phase) {
    case journey::RungState::Phase::kWaiting:
      return "waiting";
    case journey::RungState::Phase::kRequested:
      return "requested";
    case journey::RungState::Phase::kHeldOut:
      return "held_out";
  }
  return "";
}

void Care(JsonWriter* json, const journey::CareState& care, const journey::RiskState& risk) {
  Text(json, "risk", journey::RiskLevelName(risk.level));
  json->Member("riskScore", std::int64_t{risk.score});
  json->BeginArray("rungs");
  for (const journey::RungState& rung : care.rungs) {
    json->BeginItem();
    json->Member("rule", fmt::format("{:016x}", rung.rule));  // State keeps the hash of its name.
    json->Member("rung", std::int64_t{rung.rung} + 1);
    json->Member("phase", PhaseName(rung.phase));
    json->Member("cancelled", rung.is_cancelled);
    json->Member("due", FormatRfc3339(rung.due));
    json->Member("expires", FormatRfc3339(rung.expires));
    Text(json, "heldBy",
         rung.held_by.has_value() ? journey::SuppressorName(*rung.held_by) : std::string_view());
    Text(json, "interventionId", rung.ce_id);
    json->EndObject();
  }
  json->EndArray();
}

void Value(JsonWriter* json, const journey::User& user) {
  json->Member("state", journey::UserStateName(user.truth.state));
  Text(json, "role", user.contribution.role);
  Time(json, "activatedAt", user.truth.activated_at);
  json->Member("currentStep", std::int64_t{user.steps.current});
  json->Member("member", user.contribution.is_member);
  json->Member("eligible", user.contribution.is_eligible);
  Time(json, "firstSeen", user.first_seen);
  Time(json, "lastSeen", user.last_seen);
  Time(json, "joined", user.joined.has_value() ? std::optional(user.joined->at) : std::nullopt);
  Time(json, "removed", user.removed.has_value() ? std::optional(user.removed->at) : std::nullopt);
  Time(json, "absenceJudgedUntil", user.absence_judged_until);
  json->Member("sessions", CountOf(user.sessions.size()) + user.sessions_dropped);
  json->Member("activeDays", std::int64_t{user.active_days.count()});
  json->BeginArray("roleFacts");
  for (const journey::RoleFact& fact : user.role_facts) {
    json->BeginItem();
    json->Member("role", fact.role);
    json->Member("at", FormatRfc3339(fact.at));
    json->EndObject();
  }
  json->EndArray();
  Traits(json, user.traits);
  Trackers(json, user.trackers);
  Care(json, user.care, user.risk);
}

void Value(JsonWriter* json, const journey::Account& account) {
  json->Member("state", journey::AccountStateName(account.state));
  Time(json, "activatedAt", account.activated_at);
  Text(json, "stage", account.stage);
  Time(json, "stageEnteredAt", account.stage_entered_at);
  Time(json, "firstSeen", account.first_seen);
  Time(json, "churnedAt", account.churned_at);
  json->Member("openTickets", account.open_tickets);
  json->BeginArray("roles");
  for (const journey::RoleCount& role : account.roles) {
    json->BeginItem();
    Text(json, "role", role.role);
    json->Member("members", role.all.members);
    json->Member("eligible", role.eligible.members);
    json->Member("active", role.all.active);
    json->Member("reached", role.all.reached);
    Text(json, "contact", role.contact.user);
    json->EndObject();
  }
  json->EndArray();
  json->BeginArray("watchers");
  for (const std::string& watcher : account.watchers) {
    json->Item(watcher);
  }
  json->EndArray();
  Traits(json, account.traits);
  Trackers(json, account.trackers);
  Care(json, account.care, account.risk);
}

void Value(JsonWriter* json, const journey::Person& person) {
  json->BeginArray("accounts");
  for (const std::string& account : person.accounts) {
    json->Item(account);
  }
  json->EndArray();
  Text(json, "successor", person.successor);
  json->Member("waiting", static_cast<std::int64_t>(person.waiting_end - person.waiting_begin));
  json->Member("waitingBytes", static_cast<std::int64_t>(person.waiting_bytes));
}

void Value(JsonWriter* json, const codec::Meta& meta) {
  json->Member("next", meta.journal_next.value);
  json->Member("nextEntry", std::int64_t{meta.next_entry});
  json->Member("controlNumber", static_cast<std::int64_t>(meta.control_number));
  json->Member("walks", CountOf(meta.walks.size()));
  json->BeginObject("counters");
  for (const auto& [name, count] : meta.counters) {
    json->Member(name, static_cast<std::int64_t>(count));
  }
  json->EndObject();
}

Status Fact(std::string_view name, std::string_view payload, JsonWriter* json) {
  if (name == "clock") {
    FOOTHOLD_ASSIGN(const journey::Clock::Parts clock, codec::DecodeClock(payload));
    Time(json, "clock", clock.now);
    Time(json, "wall", clock.wall);
  } else if (name == "playbook") {
    FOOTHOLD_ASSIGN(const journey::Playbook playbook, codec::DecodePlaybook(payload));
    json->Member("playbook", fmt::format("{}@{}", playbook.name, playbook.version));
  } else if (name == "erased") {
    FOOTHOLD_ASSIGN(const journey::ErasedIds erased, codec::DecodeErasedIds(payload));
    json->Member("erased", CountOf(erased.parts().size()));
  } else if (name == "rule_controls") {
    FOOTHOLD_ASSIGN(const journey::RuleControls controls, codec::DecodeRuleControls(payload));
    json->Member("rules", CountOf(controls.size()));
  } else if (name == "volumes") {
    FOOTHOLD_ASSIGN(const journey::EventVolumes volumes, codec::DecodeVolumes(payload));
    json->BeginArray("quiet");
    for (const auto& [event, volume] : volumes.events()) {
      if (volume.quiet_since.has_value()) {
        json->Item(event);
      }
    }
    json->EndArray();
    json->Member("events", CountOf(volumes.events().size()));
  } else {  // A salt is nobody's business.
    json->Member("bytes", CountOf(payload.size()));
  }
  return Status();
}

std::string_view KindName(state::KeyKind kind) {
  switch (kind) {
    case state::KeyKind::kUser:
      return "user";
    case state::KeyKind::kAccount:
      return "account";
    case state::KeyKind::kEmail:
      return "email";
    case state::KeyKind::kFact:
      return "fact";
    case state::KeyKind::kMeta:
      return "meta";
    case state::KeyKind::kTimer:
      return "timer";
    case state::KeyKind::kGate:
      return "gate";
    case state::KeyKind::kPerson:
      return "person";
    case state::KeyKind::kWaiting:
      return "waiting";
  }
  return "";
}

template <class T>
Status Decoded(const Result<T>& value, JsonWriter* json) {
  FOOTHOLD_TRY(StatusOf(value));
  Value(json, *value);
  return Status();
}

Status Payload(const state::ParsedKey& key, std::string_view payload, JsonWriter* json) {
  switch (key.kind) {
    case state::KeyKind::kUser:
      return Decoded(codec::DecodeUser(payload), json);
    case state::KeyKind::kAccount:
      return Decoded(codec::DecodeAccount(payload), json);
    case state::KeyKind::kPerson:
      return Decoded(codec::DecodePerson(payload), json);
    case state::KeyKind::kMeta:
      return Decoded(codec::DecodeMeta(payload), json);
    case state::KeyKind::kEmail:
      json->Member("user", payload);
      return Status();
    case state::KeyKind::kFact:
      return Fact(key.id, payload, json);
    case state::KeyKind::kGate:
    case state::KeyKind::kWaiting:
    case state::KeyKind::kTimer:
      json->Member("bytes", CountOf(payload.size()));
      return Status();
  }
  return Status();
}

}  // namespace

Status AppendStateLine(std::int32_t partition, std::string_view key, std::string_view value,
                       std::string* out) {
  FOOTHOLD_ASSIGN(state::ParsedKey parsed, state::ParseKey(key));
  FOOTHOLD_ASSIGN(const state::ParsedValue read, state::ParseValue(value));
  if (parsed.kind == state::KeyKind::kGate) {  // What waits is named like the subject itself.
    const std::string subject = parsed.id;
    FOOTHOLD_ASSIGN(parsed, state::ParseKey(subject));
    parsed.kind = state::KeyKind::kGate;
  }
  std::string line;
  JsonWriter json(&line);
  json.BeginObject();
  json.Member("partition", std::int64_t{partition});
  json.Member("kind", KindName(parsed.kind));
  Text(&json, "tenant", parsed.tenant);
  Text(&json, "id", parsed.id);
  Time(&json, "due", read.due);
  json.BeginObject("value");
  FOOTHOLD_TRY(Payload(parsed, read.payload, &json));
  json.EndObject();
  json.EndObject();
  out->append(line).push_back('\n');
  return Status();
}

}  // namespace foothold::app
