#include "src/readmodel/intake_sql.h"

#include <fmt/format.h>

namespace foothold::readmodel {
namespace {

using Statements = std::vector<std::string>;

// Whose a status is: an account's has no userId.
constexpr const char* kTenant = "json_extract(?1, '$.tenantId')";
constexpr const char* kUser = "coalesce(json_extract(?1, '$.userId'), '')";

std::string Field(std::string_view path) { return fmt::format("json_extract(?1, '$.{}')", path); }

// Adds (or, negated, takes away) the funnel of the record that `from` gives as r.record.
std::string FunnelSql(std::string_view sign, std::string_view from) {
  return fmt::format(
      "INSERT INTO funnel SELECT coalesce(json_extract(r.record, '$.plan'), ''),"
      " coalesce(json_extract(r.record, '$.segment'), ''),"
      " coalesce(json_extract(r.record, '$.channel'), ''), json_extract(f.value, '$.transition'),"
      " coalesce(json_extract(f.value, '$.medianS'), -1), row_number() OVER (PARTITION BY"
      " substr(json_extract(f.value, '$.transition'), 1,"
      " instr(json_extract(f.value, '$.transition'), '/')) ORDER BY f.key),"
      " {0}json_extract(f.value, '$.entered'), {0}json_extract(f.value, '$.completed')"
      " FROM {1} r, json_each(r.record, '$.funnel') f WHERE true"
      " ON CONFLICT DO UPDATE SET entered = entered + excluded.entered,"
      " completed = completed + excluded.completed,"
      " place = iif(entered > 0, max(place, excluded.place), excluded.place)",
      sign, from);
}

std::string OldFunnelSql(std::string_view tenant) {
  return FunnelSql("-",
                   fmt::format("(SELECT record FROM account_record WHERE tenant = {})", tenant));
}

// A row in which each column follows from the record; the first `keys` columns are its key.
struct Column {
  std::string name;
  std::string value;
};
std::string UpsertSql(std::string_view table, std::size_t keys,
                      const std::vector<Column>& columns) {
  std::string names;
  std::string values;
  std::string key;
  std::string sets;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    names += fmt::format("{}{}", i == 0 ? "" : ", ", column.name);
    values += fmt::format("{}{}", i == 0 ? "" : ", ", column.value);
    if (i < keys) {
      key += fmt::format("{}{}", i == 0 ? "" : ", ", column.name);
    } else {
      sets += fmt::format("{}{} = excluded.{}", i == keys ? "" : ", ", column.name, column.name);
    }
  }
  return fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}", table,
                     names, values, key, sets);
}

// Open rungs that are not asked, as a status lists them: "rule#1 waits for approval".
Statements WaitingSql() {
  return {fmt::format("DELETE FROM waiting WHERE tenant = {} AND user = {}", kTenant, kUser),
          fmt::format("INSERT OR REPLACE INTO waiting SELECT {}, {}, substr(text, 1, hash - 1),"
                      " CAST(substr(text, hash + 1) AS INTEGER),"
                      " CASE WHEN text LIKE '% waits for approval' THEN 'approval'"
                      " WHEN text LIKE '% waits: %' THEN 'held' ELSE 'due' END,"
                      " CASE WHEN text LIKE '% waits: %'"
                      " THEN substr(text, instr(text, ' waits: ') + 8) END"
                      " FROM (SELECT value AS text, instr(value, '#') AS hash"
                      " FROM json_each(?1, '$.openInterventions'))"
                      " WHERE hash > 1 AND text NOT LIKE '% requested %'",
                      kTenant, kUser)};
}

Statements FactSql(std::string_view time) {
  return {
      fmt::format("INSERT INTO fact SELECT 'as_of', {0} WHERE {0} IS NOT NULL"
                  " ON CONFLICT DO UPDATE SET value = max(value, excluded.value)",
                  Field(time))};
}

void Append(Statements more, Statements* all) {
  for (std::string& statement : more) {
    all->push_back(std::move(statement));
  }
}

Statements AccountSql() {
  const std::string created = Field("createdAt");
  const std::string activated = Field("activatedAt");
  Statements all{
      OldFunnelSql(kTenant),
      FunnelSql("", "(SELECT ?1 AS record)"),
      UpsertSql(
          "account", 1,
          {{"tenant", kTenant},
           {"name", Field("name")},
           {"plan", Field("plan")},
           {"segment", Field("segment")},
           {"channel", Field("channel")},
           {"signup_week", Field("signupWeek")},
           {"mrr", Field("mrr")},
           {"contract_value", Field("contractValue")},
           {"owner", Field("owner")},
           {"owner_email", Field("ownerEmail")},
           {"state", Field("activationState")},
           {"activated_at", activated},
           {"to_value_s", fmt::format("max(0, unixepoch({}) - unixepoch({}))", activated, created)},
           {"stage", Field("stage")},
           {"since", fmt::format("coalesce({}, {})", Field("stageEnteredAt"), created)},
           {"eligible", Field("eligible")},
           {"reached", Field("reached")},
           {"rate", Field("activationRate")},
           {"members",
            "(SELECT coalesce(sum(json_extract(value, '$.joined')), 0)"
            " FROM json_each(?1, '$.composition'))"},
           {"risk", Field("dropoffRisk")},
           {"score", Field("riskScore")},
           {"tickets", Field("openTickets")},
           {"outreach_at", Field("lastOutreachAt")},
           {"trial_ends_at", Field("trialEndsAt")},
           {"blockers", "json_array_length(?1, '$.blockers')"},
           {"blocker_list",
            "(SELECT json_group_array(json_extract(value, '$.name'))"
            " FROM json_each(?1, '$.blockers'))"},
           {"search", fmt::format("lower(coalesce({}, '') || char(10) || {} || char(10) ||"
                                  " coalesce({}, '') || char(10) || coalesce({}, ''))",
                                  Field("name"), kTenant, Field("owner"), Field("ownerEmail"))}}),
      UpsertSql("account_record", 1, {{"tenant", kTenant}, {"record", "?1"}}),
      fmt::format("DELETE FROM blocker WHERE tenant = {}", kTenant),
      fmt::format("INSERT OR IGNORE INTO blocker SELECT {}, json_extract(value, '$.name')"
                  " FROM json_each(?1, '$.blockers')",
                  kTenant),
      fmt::format("DELETE FROM upcoming WHERE tenant = {} AND user = ''", kTenant),
      fmt::format("INSERT OR IGNORE INTO upcoming SELECT {}, '', json_extract(value, '$.kind'),"
                  " json_extract(value, '$.due') FROM json_each(?1, '$.nextTimers')",
                  kTenant),
      fmt::format("INSERT OR IGNORE INTO upcoming SELECT {}, '', 'trial ends', {}"
                  " WHERE {} > {}",
                  kTenant, Field("trialEndsAt"), Field("trialEndsAt"), Field("asOf")),
      fmt::format("INSERT OR REPLACE INTO fact VALUES ('playbook', {})", Field("playbookVersion"))};
  Append(WaitingSql(), &all);
  Append(FactSql("asOf"), &all);
  return all;
}

Statements PersonSql() {
  Statements all{
      UpsertSql("person", 2,
                {{"tenant", kTenant},
                 {"user", Field("userId")},
                 {"name", Field("name")},
                 {"email", Field("email")},
                 {"role", Field("role")},
                 {"state", Field("activationState")},
                 {"class", Field("activationClass")},
                 {"history", Field("history")},
                 {"activated_at", Field("activated")},
                 {"step", Field("currentStep")},
                 {"step_name", Field("stepName")},
                 {"step_since", Field("stepEnteredAt")},
                 {"risk", Field("dropoffRisk")},
                 {"score", Field("riskScore")},
                 {"last_seen_at", Field("lastSeenAt")},
                 {"sessions", Field("sessionCount")},
                 {"active_days", Field("activeDays")},
                 {"outreach_at", Field("lastOutreachAt")},
                 {"removed_at", Field("removedAt")},
                 {"segment", Field("account.segment")},
                 {"signup_week", Field("signupWeek")},
                 {"to_value_s", Field("timeToValueFromSignupS")},
                 {"detail",
                  "json_object('steps', json_extract(?1, '$.steps'),"
                  " 'riskReasons', json_extract(?1, '$.riskReasons'),"
                  " 'measurement', json_extract(?1, '$.measurement'),"
                  " 'activationWindow', json_extract(?1, '$.activationWindow'),"
                  " 'openInterventions', json_extract(?1, '$.openInterventions'))"}}),
      fmt::format("DELETE FROM upcoming WHERE tenant = {} AND user = {}", kTenant, kUser),
      fmt::format(
          "INSERT OR IGNORE INTO upcoming SELECT {0}, {1}, 'window closes', {2} WHERE {2} > {3}"
          " AND {4} IN ('not_started', 'in_progress') AND {5} = 'known' AND {6} IS NULL",
          kTenant, kUser, Field("activationWindow.closesAt"), Field("asOf"),
          Field("activationState"), Field("history"), Field("removedAt"))};
  Append(WaitingSql(), &all);
  Append(FactSql("asOf"), &all);
  return all;
}

// `at`: where in the record the request stands, "" or "request.".
Statements AskedSql(std::string_view state, std::string_view why, std::string_view at) {
  const auto of = [&](std::string_view path) { return Field(fmt::format("{}{}", at, path)); };
  Statements all{UpsertSql("intervention", 1,
                           {{"id", "?2"},
                            {"tenant", kTenant},
                            {"user", kUser},
                            {"state", fmt::format("'{}'", state)},
                            {"why", std::string(why)},
                            {"rule", "?3"},
                            {"ladder", of("ladder.name")},
                            {"rung", of("ladder.rung")},
                            {"of", of("ladder.of")},
                            {"action", of("action")},
                            {"template", of("template")},
                            {"subject", of("task.subject")},
                            {"recipient", fmt::format("coalesce({}, {}, {})", of("recipient.name"),
                                                      of("recipient.email"), of("recipient.role"))},
                            {"reason", Field("reason")},
                            {"mode", Field("mode")},
                            {"decided_at", Field("decidedAt")},
                            {"due_at", of("dueAt")},
                            {"expires_at", of("expiresAt")}})};
  Append(FactSql("decidedAt"), &all);
  return all;
}

std::string ShadowWhy() {
  return fmt::format("coalesce({}, {})", Field("suppressedBy"), Field("wouldBe"));
}

// What comes of a request. Other topics may be read first: then the row waits for the request.
Statements CancelledSql() {
  return {fmt::format(
      "INSERT INTO intervention (id, tenant, user, decided_at, state, why) VALUES ({0}, {1}, {2},"
      " {3}, 'cancelled', {4}) ON CONFLICT DO UPDATE SET state = 'cancelled', why = {4}",
      Field("interventionId"), kTenant, kUser, Field("decidedAt"), Field("cause"))};
}

Statements OutcomeSql() {
  return {fmt::format(
      "INSERT INTO intervention (id, tenant, user, decided_at, rule, outcome, outcome_at, holdout)"
      " VALUES ({0}, {1}, {2}, {3}, ?3, {4}, {5}, {6}) ON CONFLICT DO UPDATE SET rule = ?3,"
      " outcome = {4}, outcome_at = {5}, holdout = {6}",
      Field("interventionId"), kTenant, kUser, Field("decidedAt"), Field("outcome"), Field("at"),
      Field("holdout"))};
}

Statements ChangeSql(std::string_view kind) {
  Statements all{fmt::format(
      "INSERT OR REPLACE INTO change VALUES (?2, {}, {}, '{}', {}, {}, {}, {}, {})", kTenant, kUser,
      kind, Field("from"), Field("to"), Field("reason"), Field("mode"), Field("decidedAt"))};
  Append(FactSql("decidedAt"), &all);
  return all;
}

Statements DecisionsOfSql(std::string_view condition) {
  return {fmt::format("DELETE FROM waiting WHERE {}", condition),
          fmt::format("DELETE FROM upcoming WHERE {}", condition),
          fmt::format("DELETE FROM intervention WHERE {}", condition),
          fmt::format("DELETE FROM change WHERE {}", condition)};
}

}  // namespace

const std::map<std::string_view, Statements>& IntakeSql() {
  static const std::map<std::string_view, Statements> kSql{
      {"onboarding.account-status", AccountSql()},
      {"onboarding.user-status", PersonSql()},
      {"intervention.requested", AskedSql("requested", "NULL", "")},
      {"intervention.suppressed", AskedSql("suppressed", Field("suppressedBy"), "request.")},
      {"intervention.shadow", AskedSql("shadow", ShadowWhy(), "request.")},
      {"intervention.cancelled", CancelledSql()},
      {"intervention.outcome", OutcomeSql()},
      {"activation.changed", ChangeSql("activation")},
      {"dropoff.risk.changed", ChangeSql("risk")}};
  return kSql;
}

const std::map<std::string_view, Statements>& TombstoneSql() {
  static const std::map<std::string_view, Statements> kSql = [] {
    Statements person{"DELETE FROM person WHERE tenant = ?1 AND user = ?2"};
    Append(DecisionsOfSql("tenant = ?1 AND user = ?2"), &person);
    Statements account{OldFunnelSql("?1"), "DELETE FROM account WHERE tenant = ?1",
                       "DELETE FROM account_record WHERE tenant = ?1",
                       "DELETE FROM blocker WHERE tenant = ?1"};
    Append(DecisionsOfSql("tenant = ?1"), &account);
    return std::map<std::string_view, Statements>{{"onboarding.user-status", person},
                                                  {"onboarding.account-status", account}};
  }();
  return kSql;
}

const Statements& PruneSql() {
  constexpr const char* kBefore =
      "decided_at < (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', value, '-' || ?1 || ' seconds')"
      " FROM fact WHERE name = 'as_of')";
  static const Statements kSql{fmt::format("DELETE FROM intervention WHERE {}", kBefore),
                               fmt::format("DELETE FROM change WHERE {}", kBefore)};
  return kSql;
}

}  // namespace foothold::readmodel
