#include "src/codec/record_fields.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "proto/user_status.pb.h"
#include "src/codec/record_words.h"

namespace foothold::codec {
namespace {

void PutCommon(const journey::LogCommon& common, JsonSink* sink) {
  sink->Text(common.tenant);
  sink->MaybeText(common.user);
  sink->MaybeText(common.role);
  sink->Time(common.occurred_at);
  sink->Time(common.decided_at);
  sink->Text(common.definition);
  sink->Number(common.sequence);
  sink->OneOf(common.mode);
  sink->Text(common.reason);
  const std::size_t count = std::min(common.evidence.size(), journey::kEvidenceMax);
  sink->Each(std::span(common.evidence).first(count),
             [](const journey::Evidence& evidence, JsonSink& item) {
               item.Text(evidence.event_id);
               item.Text(evidence.event);
               item.Time(evidence.occurred_at);
               item.Text(evidence.source);
               item.Text(evidence.topic);
               item.Number(evidence.partition);
               item.Number(evidence.offset);
             });
  sink->Number(common.evidence_count);
}

void PutWindow(const std::optional<journey::WindowBlock>& window, JsonSink* sink) {
  if (!window.has_value()) {
    return sink->Absent();
  }
  sink->Message([&](JsonSink& block) {
    block.Text(window->anchor);
    block.Time(window->opens_at);
    block.Time(window->closes_at);
  });
}

// Null for users and accounts without any.
template <class Enum>
void MaybeOneOf(const std::optional<Enum>& value, JsonSink* sink) {
  value.has_value() ? sink->OneOf(*value) : sink->Absent();
}

void PutComposition(const std::vector<journey::CompositionRow>& rows, JsonSink* sink) {
  sink->Each(rows, [](const journey::CompositionRow& row, JsonSink& item) {
    row.role.empty() ? item.Absent() : item.Text(row.role);
    item.Number(row.invited);
    item.Number(row.joined);
    item.Number(row.active);
    item.Number(row.reached);
    item.Number(row.late);
  });
}

void PutAccount(const journey::AccountBlock& account, JsonSink* sink) {
  sink->Message([&](JsonSink& block) {
    block.MaybeText(account.name);
    block.MaybeText(account.plan);
    block.MaybeText(account.segment);
    block.MaybeText(account.product_model);
    block.MaybeDouble(account.mrr);
    block.MaybeDouble(account.contract_value);
    block.MaybeDouble(account.seats);
    block.MaybeText(account.channel);
    block.MaybeText(account.signup_week);
    block.MaybeTime(account.trial_ends_at);
    block.MaybeTime(account.contract_at);
    block.MaybeText(account.stage);
    block.MaybeText(account.owner);
    block.MaybeText(account.owner_email);
    block.MaybeText(account.decision_maker);
    block.MaybeNumber(account.open_tickets);
    block.MaybeTime(account.last_outreach_at);
  });
}

// Risk and measurement stand in both statuses in the same order.
template <class Status>
void PutRisk(const Status& record, JsonSink* sink) {
  record.dropoff_risk.has_value() ? sink->OneOf(RiskOf(*record.dropoff_risk)) : sink->Absent();
  sink->MaybeNumber(record.risk_score);
  sink->Each(record.risk_reasons, [](const journey::RiskReason& reason, JsonSink& item) {
    item.Text(reason.signal);
    item.Number(reason.weight);
    item.Text(reason.fact);
    item.Time(reason.since);
  });
  sink->Message([&](JsonSink& block) {
    block.Bool(record.measurement.is_complete);
    block.Texts(record.measurement.why);
    block.MaybeTime(record.measurement.since);
  });
}

void PutSteps(const journey::UserStatus& record, JsonSink* sink) {
  sink->MaybeNumber(record.current_step);
  sink->MaybeText(record.step_name);
  sink->MaybeTime(record.step_entered_at);
  sink->MaybeNumber(record.days_in_current_step);
  sink->Each(record.steps, [](const journey::StepStatus& step, JsonSink& item) {
    item.Text(step.name);
    item.OneOf(StepClassOf(step.step_class));
    item.MaybeTime(step.met_at);
  });
}

void PutUse(const journey::UserStatus& record, JsonSink* sink) {
  sink->Message([&](JsonSink& anchors) {
    anchors.MaybeTime(record.anchor_signup);
    anchors.MaybeTime(record.anchor_first_access);
    anchors.MaybeTime(record.anchor_invite);
  });
  sink->Number(record.session_count);
  sink->Number(record.active_days);
  sink->Number(record.core_minutes);
  sink->MaybeTime(record.first_seen_at);
  sink->MaybeTime(record.last_seen_at);
  sink->MaybeNumber(record.days_since_signup);
  sink->MaybeNumber(record.time_to_value_from_signup_s);
  sink->MaybeNumber(record.time_to_value_from_first_access_s);
  sink->MaybeText(record.signup_week);
}

void PutStanding(const journey::AccountStatus& record, JsonSink* sink) {
  sink->MaybeText(record.account.stage);
  sink->MaybeTime(record.stage_entered_at);
  sink->MaybeNumber(record.days_in_stage);
  sink->Each(record.progress, [](const journey::AccountStep& step, JsonSink& item) {
    item.Text(step.step);
    item.OneOf(StepClassOf(step.step_class));
    item.Number(step.reached_by);
    item.MaybeTime(step.met_at);
  });
  sink->Each(record.blockers, [](const journey::Blocker& blocker, JsonSink& item) {
    item.Text(blocker.name);
    item.Time(blocker.since);
    item.Text(blocker.detail);
  });
}

void PutFunnel(const journey::AccountStatus& record, JsonSink* sink) {
  sink->Each(record.funnel, [](const journey::FunnelRow& row, JsonSink& item) {
    item.Text(row.transition);
    item.Number(row.entered);
    item.Number(row.completed);
    item.MaybeDouble(row.median_s);
  });
}

void PutPerson(const journey::PersonBlock& person, JsonSink* sink) {
  sink->Message([&](JsonSink& block) {
    block.MaybeText(person.email);
    block.MaybeText(person.name);
    block.MaybeText(person.title);
    block.MaybeText(person.timezone);
    block.MaybeText(person.locale);
    block.MaybeTime(person.last_seen_at);
    block.Number(person.session_count);
    block.Keyed(person.consent, &journey::Consent::channel,
                [](const journey::Consent& consent, JsonSink& item) {
                  item.Bool(consent.granted);
                  item.MaybeTime(consent.as_of);
                });
  });
}

}  // namespace

void PutFields(const journey::ActivationChanged& record, bool has_person, JsonSink* sink) {
  PutCommon(record.common, sink);
  sink->OneOf(record.scope);
  sink->OneOf(StateOf(record.from));
  sink->OneOf(StateOf(record.to));
  MaybeOneOf(record.activation_class, sink);
  sink->MaybeTime(record.activated_at);
  PutWindow(record.window, sink);
  sink->Each(record.progress, [](const journey::CriterionProgress& criterion, JsonSink& item) {
    item.Text(criterion.criterion);
    item.Number(criterion.have);
    item.Number(criterion.need);
    item.MaybeTime(criterion.met_at);
  });
  sink->Texts(record.assisted_by);
  sink->MaybeText(record.supersedes);
  sink->MaybeNumber(record.days_since_signup);
  sink->MaybeNumber(record.time_to_value_from_signup_s);
  sink->MaybeNumber(record.time_to_value_from_first_access_s);
  const bool is_account = record.scope == journey::Scope::kAccount;
  is_account ? sink->Number(record.eligible) : sink->Absent();
  is_account ? sink->Number(record.reached) : sink->Absent();
  PutComposition(record.composition, sink);
  PutAccount(record.account, sink);
  has_person&& record.person.has_value() ? PutPerson(*record.person, sink) : sink->Absent();
}

void PutFields(const journey::OnboardingProgress& record, bool /*has_person*/, JsonSink* sink) {
  PutCommon(record.common, sink);
  sink->OneOf(record.scope);
  sink->Number(record.step);
  sink->Text(record.step_name);
  sink->OneOf(StepClassOf(record.step_class));
  sink->OneOf(record.change);
  sink->Time(record.at);
  sink->MaybeText(record.stage);
  sink->MaybeText(record.signup_week);
  sink->MaybeText(record.segment);
  sink->MaybeText(record.channel);
}

void PutFields(const journey::UserStatus& record, bool has_person, JsonSink* sink) {
  sink->Text(record.tenant);
  sink->Text(record.user);
  sink->MaybeText(record.role);
  has_person ? sink->MaybeText(record.email) : sink->Absent();
  has_person ? sink->MaybeText(record.name) : sink->Absent();
  sink->OneOf(record.is_history_known ? v1::HISTORY_KNOWN : v1::HISTORY_UNKNOWN);
  sink->MaybeTime(record.profile_completed);
  sink->MaybeTime(record.integration_connected);
  sink->MaybeTime(record.first_dashboard_viewed);
  sink->MaybeTime(record.first_report_exported);
  sink->MaybeTime(record.activated);
  sink->OneOf(record.activation_state);
  MaybeOneOf(record.activation_class, sink);
  PutWindow(record.activation_window, sink);
  PutSteps(record, sink);
  PutRisk(record, sink);
  PutUse(record, sink);
  sink->Texts(record.open_interventions);
  sink->MaybeTime(record.last_outreach_at);
  sink->MaybeTime(record.removed_at);
  sink->Message([&](JsonSink& account) {
    account.MaybeText(record.account_name);
    account.MaybeText(record.account_plan);
    account.MaybeText(record.account_segment);
    account.MaybeText(record.account_owner);
  });
  sink->Text(record.playbook_version);
  sink->Time(record.as_of);
  sink->Number(record.revision);
}

void PutFields(const journey::AccountStatus& record, bool /*has_person*/, JsonSink* sink) {
  const journey::AccountBlock& account = record.account;
  sink->Text(record.tenant);
  sink->MaybeText(account.name);
  sink->MaybeText(account.plan);
  sink->MaybeText(account.segment);
  sink->MaybeText(account.product_model);
  sink->MaybeDouble(account.mrr);
  sink->MaybeDouble(account.contract_value);
  sink->MaybeDouble(account.seats);
  sink->MaybeText(account.channel);
  sink->MaybeText(account.signup_week);
  sink->MaybeTime(record.created_at);
  sink->MaybeTime(account.trial_ends_at);
  sink->MaybeTime(account.contract_at);
  sink->MaybeText(account.owner);
  sink->MaybeText(account.owner_email);
  sink->MaybeText(account.decision_maker);
  sink->OneOf(StateOf(record.activation_state));
  sink->MaybeTime(record.activated_at);
  sink->Number(record.eligible);
  sink->Number(record.reached);
  record.activation_rate.has_value()
      ? sink->Double(std::round(*record.activation_rate * 1000) / 1000)
      : sink->Absent();
  PutComposition(record.composition, sink);
  PutStanding(record, sink);
  PutRisk(record, sink);
  PutFunnel(record, sink);
  sink->MaybeNumber(account.open_tickets);
  sink->MaybeTime(account.last_outreach_at);
  sink->Texts(record.open_interventions);
  sink->Each(record.next_timers, [](const journey::NextTimer& timer, JsonSink& item) {
    item.Text(timer.kind);
    item.Time(timer.due);
  });
  sink->Text(record.playbook_version);
  sink->Time(record.as_of);
  sink->Number(record.revision);
}

}  // namespace foothold::codec
