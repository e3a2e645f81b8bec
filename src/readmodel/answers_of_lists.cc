// The questions whose answer is a part of a list.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "src/readmodel/answer_text.h"
#include "src/readmodel/parts.h"
#include "src/readmodel/where.h"

namespace foothold::readmodel {
namespace {

struct SortKey {
  std::string_view name;
  std::string_view column;
  bool is_rising = true;  // What belongs at the top of the list by itself.
};
constexpr std::array<SortKey, 9> kSortKeys{{{"since", "since", true},
                                            {"risk", "score", false},
                                            {"mrr", "mrr", false},
                                            {"contract", "contract_value", false},
                                            {"outreach", "outreach_at", true},
                                            {"tickets", "tickets", false},
                                            {"rate", "rate", true},
                                            {"blockers", "blockers", false},
                                            {"name", "name COLLATE NOCASE", true}}};

// "" if there is no such key.
std::string OrderOf(std::string_view sort) {
  const bool is_turned = sort.starts_with('-');
  sort.remove_prefix(is_turned ? 1 : 0);
  const auto* const key = std::ranges::find(kSortKeys, sort, &SortKey::name);
  if (key == kSortKeys.end()) {
    return {};
  }
  return fmt::format(" ORDER BY {} {} NULLS LAST, tenant", key->column,
                     key->is_rising != is_turned ? "ASC" : "DESC");
}

// ASCII, as SQLite's lower().
std::string Lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

Status AppendTotal(const std::string& sql, const Where& where, Database* database,
                   JsonWriter* json) {
  FOOTHOLD_ASSIGN(Statement count, database->Prepare(sql + where.sql()));
  where.BindTo(&count);
  FOOTHOLD_ASSIGN(const bool has_row, count.Step());
  json->Member("total", has_row ? count.number(0) : 0);
  return {};
}

// A list and what stands around it. `sql` ends before its LIMIT; `where` is in it already.
struct List {
  std::string name;
  std::string count;
  std::string sql;
  Where where;
  Page page;
};
Result<std::string> AnswerList(const List& list, Database* database) {
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  FOOTHOLD_TRY(AppendFacts(database, &json));
  FOOTHOLD_TRY(AppendTotal(list.count, list.where, database, &json));
  json.Member("limit", list.page.limit);
  json.Member("offset", list.page.offset);
  FOOTHOLD_ASSIGN(Statement select, database->Prepare(list.sql));
  const int next = list.where.BindTo(&select);
  select.Bind(next, list.page.limit).Bind(next + 1, list.page.offset);
  FOOTHOLD_TRY(AppendRows(list.name, &select, &json));
  json.EndObject();
  return text;
}

Where WhereOf(const AccountsQuestion& question) {
  Where where;
  where.Is("stage", question.stage);
  where.Is("state", question.state);
  if (question.risk == "none") {
    where.Add("risk IS NULL");
  } else {
    where.Is("risk", question.risk);
  }
  if (question.owner == "none") {
    where.Add("owner IS NULL");
  } else {
    where.Is("owner", question.owner);
  }
  where.Is("plan", question.plan);
  where.Is("segment", question.segment);
  where.Is("channel", question.channel);
  where.Is("signup_week", question.week);
  if (!question.blocker.empty()) {
    where.Add("tenant IN (SELECT tenant FROM blocker WHERE name = ?)", question.blocker);
  }
  if (!question.search.empty()) {
    where.Add("tenant IN (SELECT tenant FROM account WHERE instr(search, ?) > 0)",
              Lower(question.search));
  }
  return where;
}

// Parts of the queue by the kind of what is due.
std::string_view KindCondition(std::string_view kind) {
  if (kind == "window") {
    return "kind = 'window closes'";
  }
  if (kind == "trial") {
    return "kind = 'trial ends'";
  }
  if (kind == "stage") {
    return "kind = 'stage'";
  }
  if (kind == "rule") {
    return "kind LIKE 'rule:%'";
  }
  return kind == "signal" ? "kind LIKE 'signal:%'" : "kind LIKE 'blocker:%'";
}

}  // namespace

Result<std::string> ReadModel::Ask(const AccountsQuestion& question) const {
  const std::string order = OrderOf(question.sort);
  if (order.empty()) {
    return Error(Code::kInvalid, fmt::format("accounts are not sorted by '{}'", question.sort));
  }
  List list{.name = "accounts",
            .count = "SELECT count(*) FROM account",
            .sql = {},
            .where = WhereOf(question),
            .page = question.page};
  // The list is cut before what it shows is looked up.
  list.sql = fmt::format(
      "SELECT tenant AS tenantId, name, plan, segment, channel, signup_week AS signupWeek, mrr,"
      " contract_value AS contractValue, owner, owner_email AS ownerEmail,"
      " state AS activationState, activated_at AS activatedAt, stage, since, eligible, reached,"
      " rate AS activationRate, members, risk AS dropoffRisk, score AS riskScore,"
      " tickets AS openTickets, outreach_at AS lastOutreachAt, trial_ends_at AS trialEndsAt,"
      " blocker_list AS \"json:blockers\", (SELECT count(*) FROM waiting w"
      " WHERE w.tenant = account.tenant AND w.state = 'approval') AS approvals"
      " FROM account WHERE tenant IN (SELECT tenant FROM account{0}{1} LIMIT ? OFFSET ?){1}",
      list.where.sql(), order);
  return parts_->Answered([&](Database* database) { return AnswerList(list, database); });
}

Result<std::string> ReadModel::Ask(const PeopleQuestion& question) const {
  List list{.name = "people",
            .count = "SELECT count(*) FROM person",
            .sql = {},
            .where = {},
            .page = question.page};
  list.where.Is("tenant", question.tenant);
  if (!question.email.empty()) {
    list.where.Add("email >= ?", question.email);
    list.where.Add("email < ? || char(1114111)", question.email);
  } else if (question.tenant.empty()) {
    return Error(Code::kInvalid, "people are asked for by account or by email");
  }
  list.where.Is("role", question.role);
  list.where.Is("state", question.state);
  list.where.Is("risk", question.risk);
  list.where.Is("step_name", question.step);
  list.sql = fmt::format(
      "SELECT tenant AS tenantId, user AS userId, name, email, role, state AS activationState,"
      " class AS activationClass, activated_at AS activatedAt, history, step AS currentStep,"
      " step_name AS stepName, step_since AS stepEnteredAt, risk AS dropoffRisk,"
      " score AS riskScore, last_seen_at AS lastSeenAt, sessions AS sessionCount,"
      " active_days AS activeDays, outreach_at AS lastOutreachAt, removed_at AS removedAt,"
      " json_extract(detail, '$.steps') AS \"json:steps\","
      " json_extract(detail, '$.riskReasons') AS \"json:riskReasons\","
      " json_extract(detail, '$.measurement') AS \"json:measurement\","
      " json_extract(detail, '$.activationWindow') AS \"json:activationWindow\","
      " json_extract(detail, '$.openInterventions') AS \"json:openInterventions\""
      " FROM person{} ORDER BY removed_at IS NOT NULL, score DESC NULLS LAST, step_since, user"
      " LIMIT ? OFFSET ?",
      list.where.sql());
  return parts_->Answered([&](Database* database) { return AnswerList(list, database); });
}

// The page is chosen before anything is looked up beside it: what is passed over costs little.
Result<std::string> ReadModel::Ask(const InterventionsQuestion& question) const {
  List list{.name = "interventions",
            .count = "SELECT count(*) FROM intervention i",
            .sql = {},
            .where = {},
            .page = question.page};
  list.where.Is("i.tenant", question.tenant);
  if (question.state.empty()) {
    list.where.Add("i.state IS NOT NULL");
  } else {
    list.where.Is("i.state", question.state);
  }
  list.sql = fmt::format(
      "SELECT i.id AS interventionId, i.tenant AS tenantId, a.name AS accountName,"
      " nullif(i.user, '') AS userId, coalesce(p.name, p.email) AS name, i.state, i.why, i.rule,"
      " i.rung, i.of, i.action, i.template, i.subject, i.recipient, i.reason, i.mode,"
      " i.decided_at AS decidedAt, i.due_at AS dueAt, i.expires_at AS expiresAt, i.outcome,"
      " i.outcome_at AS outcomeAt, i.holdout AS \"bool:holdout\""
      " FROM (SELECT i.id AS chosen FROM intervention i{}"
      " ORDER BY i.decided_at DESC, i.id LIMIT ? OFFSET ?)"
      " JOIN intervention i ON i.id = chosen LEFT JOIN account a ON a.tenant = i.tenant"
      " LEFT JOIN person p ON p.tenant = i.tenant AND p.user = i.user"
      " ORDER BY i.decided_at DESC, i.id",
      list.where.sql());
  return parts_->Answered([&](Database* database) { return AnswerList(list, database); });
}

Result<std::string> ReadModel::Ask(const WaitingQuestion& question) const {
  List list{.name = "waiting",
            .count = "SELECT count(*) FROM waiting w",
            .sql = {},
            .where = {},
            .page = question.page};
  list.where.Is("w.state", question.state);
  list.where.Is("w.tenant", question.tenant);
  list.sql = fmt::format(
      "SELECT w.tenant AS tenantId, a.name AS accountName, nullif(w.user, '') AS userId,"
      " coalesce(p.name, p.email) AS name, w.rule, w.rung, w.state, w.why, a.stage, a.since,"
      " a.mrr, a.contract_value AS contractValue, a.owner, a.outreach_at AS lastOutreachAt,"
      " coalesce(p.risk, a.risk) AS dropoffRisk, coalesce(p.score, a.score) AS riskScore,"
      " coalesce(json_extract(p.detail, '$.riskReasons'), (SELECT json_extract(record,"
      " '$.riskReasons') FROM account_record r WHERE r.tenant = w.tenant)) AS \"json:riskReasons\""
      " FROM waiting w LEFT JOIN account a ON a.tenant = w.tenant"
      " LEFT JOIN person p ON p.tenant = w.tenant AND p.user = w.user{}"
      " ORDER BY a.mrr DESC NULLS LAST, w.tenant, w.user, w.rule, w.rung LIMIT ? OFFSET ?",
      list.where.sql());
  return parts_->Answered([&](Database* database) { return AnswerList(list, database); });
}

Result<std::string> ReadModel::Ask(const UpcomingQuestion& question) const {
  List list{.name = "upcoming",
            .count = "SELECT count(*) FROM upcoming u",
            .sql = {},
            .where = {},
            .page = question.page};
  const std::string now = "(SELECT value FROM fact WHERE name = 'as_of')";
  list.where.Add(fmt::format("due > {}", now));
  list.where.Add(fmt::format("due <= strftime('%Y-%m-%dT%H:%M:%fZ', {}, ? || ' seconds')", now),
                 fmt::format("+{}", question.within / milliseconds(1'000)));
  if (!question.kind.empty()) {
    list.where.Add(KindCondition(question.kind));
  }
  list.sql = fmt::format(
      "SELECT u.due, u.kind, u.tenant AS tenantId, a.name AS accountName, a.owner,"
      " a.mrr, nullif(u.user, '') AS userId, coalesce(p.name, p.email) AS name, p.role,"
      " p.step_name AS stepName"
      " FROM (SELECT * FROM upcoming u{} ORDER BY due, tenant, user, kind LIMIT ? OFFSET ?) u"
      " LEFT JOIN account a ON a.tenant = u.tenant"
      " LEFT JOIN person p ON p.tenant = u.tenant AND p.user = u.user"
      " ORDER BY u.due, u.tenant, u.user, u.kind",
      list.where.sql());
  return parts_->Answered([&](Database* database) { return AnswerList(list, database); });
}

}  // namespace foothold::readmodel
