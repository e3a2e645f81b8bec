#include "src/readmodel/schema.h"

#include <fmt/format.h>

namespace foothold::readmodel {
namespace {

constexpr const char* kTables = R"sql(
-- How far each partition of each topic has been taken in; in the transaction that took it in.
CREATE TABLE place (topic TEXT, partition INTEGER, next INTEGER NOT NULL,
                    PRIMARY KEY (topic, partition)) WITHOUT ROWID;
-- as_of: the newest time that any record speaks of.
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- What the list of accounts filters, sorts and shows. since: in the stage, or there at all.
CREATE TABLE account (
  tenant TEXT PRIMARY KEY, name TEXT, plan TEXT, segment TEXT, channel TEXT, signup_week TEXT,
  mrr REAL, contract_value REAL, owner TEXT, owner_email TEXT,
  state TEXT NOT NULL, activated_at TEXT, to_value_s INTEGER, stage TEXT, since TEXT,
  eligible INTEGER NOT NULL, reached INTEGER NOT NULL, rate REAL, members INTEGER NOT NULL,
  risk TEXT, score INTEGER, tickets INTEGER, outreach_at TEXT, trial_ends_at TEXT,
  blockers INTEGER NOT NULL, blocker_list TEXT NOT NULL, search TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX account_since ON account (since);
CREATE INDEX account_score ON account (score);
CREATE INDEX account_mrr ON account (mrr);
CREATE INDEX account_contract ON account (contract_value);
CREATE INDEX account_outreach ON account (outreach_at);
CREATE INDEX account_tickets ON account (tickets);
CREATE INDEX account_rate ON account (rate);
CREATE INDEX account_blockers ON account (blockers);
CREATE INDEX account_name ON account (name COLLATE NOCASE);
CREATE INDEX account_search ON account (search);
CREATE INDEX account_groups ON account (stage, state, risk);
CREATE INDEX account_owner ON account (owner);
CREATE INDEX account_segment ON account (segment);
CREATE INDEX account_plan ON account (plan);
CREATE INDEX account_cohort ON account (signup_week, channel, to_value_s, state, eligible, reached);
CREATE INDEX account_channel ON account (channel, signup_week, to_value_s, state, eligible, reached);
-- The record itself, apart: lists never read it.
CREATE TABLE account_record (tenant TEXT PRIMARY KEY, record TEXT NOT NULL);
CREATE TABLE blocker (tenant TEXT, name TEXT, PRIMARY KEY (tenant, name)) WITHOUT ROWID;
CREATE INDEX blocker_name ON blocker (name);

CREATE TABLE person (
  tenant TEXT, user TEXT, name TEXT, email TEXT COLLATE NOCASE, role TEXT, state TEXT NOT NULL,
  class TEXT, history TEXT, activated_at TEXT, step INTEGER, step_name TEXT, step_since TEXT,
  risk TEXT, score INTEGER, last_seen_at TEXT, sessions INTEGER, active_days INTEGER,
  outreach_at TEXT, removed_at TEXT, segment TEXT, signup_week TEXT, to_value_s INTEGER,
  detail TEXT NOT NULL, PRIMARY KEY (tenant, user)) WITHOUT ROWID;
-- What each is narrowed to stands in it, too: else a question reads every row beside the index.
CREATE INDEX person_step ON person (role, step_name, step_since, removed_at, history, activated_at)
  WHERE removed_at IS NULL AND history = 'known' AND activated_at IS NULL;
CREATE INDEX person_cohort ON person (signup_week, role, segment, activated_at, to_value_s,
                                      removed_at, history)
  WHERE removed_at IS NULL AND history = 'known' AND signup_week IS NOT NULL;
CREATE INDEX person_email ON person (email) WHERE email IS NOT NULL;

-- Rungs that are open and not asked: state is approval, held or due.
CREATE TABLE waiting (tenant TEXT, user TEXT, rule TEXT, rung INTEGER, state TEXT NOT NULL, why TEXT,
                      PRIMARY KEY (tenant, user, rule, rung)) WITHOUT ROWID;
CREATE INDEX waiting_state ON waiting (state);
-- What time will bring.
CREATE TABLE upcoming (tenant TEXT, user TEXT, kind TEXT, due TEXT,
                       PRIMARY KEY (tenant, user, kind, due)) WITHOUT ROWID;
CREATE INDEX upcoming_due ON upcoming (due);

-- One row a rung that was asked or not: requested, cancelled, suppressed or shadow, and its outcome.
CREATE TABLE intervention (
  id TEXT PRIMARY KEY, tenant TEXT, user TEXT, state TEXT, why TEXT, rule TEXT, ladder TEXT,
  rung INTEGER, of INTEGER, action TEXT, template TEXT, subject TEXT, recipient TEXT, reason TEXT,
  mode TEXT, decided_at TEXT, due_at TEXT, expires_at TEXT, outcome TEXT, outcome_at TEXT,
  holdout INTEGER);
CREATE INDEX intervention_tenant ON intervention (tenant, decided_at);
CREATE INDEX intervention_time ON intervention (decided_at DESC, id, state);
CREATE INDEX intervention_state ON intervention (state, decided_at DESC, id);
CREATE INDEX intervention_outcome ON intervention (rule, holdout, outcome)
  WHERE outcome IS NOT NULL;
-- Of activation and of risk.
CREATE TABLE change (
  id TEXT PRIMARY KEY, tenant TEXT, user TEXT, kind TEXT, before TEXT, after TEXT, reason TEXT,
  mode TEXT, decided_at TEXT);
CREATE INDEX change_tenant ON change (tenant, decided_at);
CREATE INDEX change_time ON change (decided_at);

-- The funnels of all accounts, added up as their statuses come. median_s: of one account. place: in
-- the ladder of the role, as far as any account came.
CREATE TABLE funnel (
  plan TEXT, segment TEXT, channel TEXT, transition TEXT, median_s INTEGER,
  place INTEGER NOT NULL, entered INTEGER NOT NULL, completed INTEGER NOT NULL,
  PRIMARY KEY (plan, segment, channel, transition, median_s)) WITHOUT ROWID;
)sql";

}  // namespace

std::string SchemaSql() {
  return fmt::format("BEGIN;{}PRAGMA user_version = {}; COMMIT", kTables, kSchemaVersion);
}

}  // namespace foothold::readmodel
