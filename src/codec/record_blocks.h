#pragma once

// Blocks that several records share, and small tools to fill messages. For src/codec only.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "proto/blocks.pb.h"
#include "src/base/check.h"
#include "src/base/time.h"
#include "src/journey/records.h"

namespace foothold::codec {

// Sets a field that may be absent: Set(value, [&](const auto& v) { message->set_x(v); }).
template <class T, class Setter>
void Set(const std::optional<T>& value, Setter setter) {
  if (value.has_value()) {
    setter(*value);
  }
}

template <class Setter>
void SetTime(const std::optional<Instant>& at, Setter setter) {
  if (at.has_value()) {
    setter(ToMs(*at));
  }
}

// The enum value of a word of a closed set; the words begin with that of value 1.
template <class Enum, std::size_t kCount>
Enum FromWord(const std::array<std::string_view, kCount>& words, std::string_view word) {
  const auto* const found = std::ranges::find(words, word);
  FOOTHOLD_CHECK(found != words.end(), "a record has a word that its closed set does not know");
  return static_cast<Enum>(found - words.begin() + 1);
}

v1::StepClass StepClassOf(std::string_view word);

// kNone is no value: null.
inline v1::RiskLevel RiskOf(journey::RiskLevel level) {
  return static_cast<v1::RiskLevel>(static_cast<int>(level) - 1);
}
static_assert(static_cast<int>(journey::RiskLevel::kNone) - 1 == v1::RISK_LEVEL_UNSPECIFIED);
static_assert(static_cast<int>(journey::RiskLevel::kHigh) - 1 == v1::RISK_LEVEL_HIGH);

void FillEvidence(const journey::Evidence& evidence, v1::Evidence* message);
void FillPerson(const journey::PersonBlock& person, v1::Person* message);
void FillMeasurement(const journey::MeasurementBlock& measurement, v1::Measurement* message);
void FillReason(const journey::RiskReason& reason, v1::RiskReason* message);
void FillBlocker(const journey::Blocker& blocker, v1::Blocker* message);

// Log records have the same first fields, under the same names.
template <class Message>
void FillCommon(const journey::LogCommon& common, Message* message) {
  message->set_tenant_id(common.tenant);
  Set(common.user, [&](const std::string& user) { message->set_user_id(user); });
  Set(common.role, [&](const std::string& role) { message->set_role(role); });
  message->set_occurred_at(ToMs(common.occurred_at));
  message->set_decided_at(ToMs(common.decided_at));
  message->set_definition(common.definition);
  message->set_sequence(common.sequence);
  message->set_mode(static_cast<v1::Mode>(common.mode));
  message->set_reason(common.reason);
  const std::size_t count = std::min(common.evidence.size(), journey::kEvidenceMax);
  for (std::size_t i = 0; i < count; ++i) {
    FillEvidence(common.evidence[i], message->add_evidence());
  }
  message->set_evidence_count(common.evidence_count);
}

// The fields that the account block and the account's status share.
template <class Message>
void FillAccount(const journey::AccountBlock& account, Message* message) {
  Set(account.name, [&](const auto& text) { message->set_name(text); });
  Set(account.plan, [&](const auto& text) { message->set_plan(text); });
  Set(account.segment, [&](const auto& text) { message->set_segment(text); });
  Set(account.product_model, [&](const auto& text) { message->set_product_model(text); });
  Set(account.mrr, [&](double value) { message->set_mrr(value); });
  Set(account.contract_value, [&](double value) { message->set_contract_value(value); });
  Set(account.seats, [&](double value) { message->set_seats(value); });
  Set(account.channel, [&](const auto& text) { message->set_channel(text); });
  Set(account.signup_week, [&](const auto& text) { message->set_signup_week(text); });
  SetTime(account.trial_ends_at, [&](std::int64_t ms) { message->set_trial_ends_at(ms); });
  SetTime(account.contract_at, [&](std::int64_t ms) { message->set_contract_at(ms); });
  Set(account.stage, [&](const auto& text) { message->set_stage(text); });
  Set(account.owner, [&](const auto& text) { message->set_owner(text); });
  Set(account.owner_email, [&](const auto& text) { message->set_owner_email(text); });
  Set(account.decision_maker, [&](const auto& text) { message->set_decision_maker(text); });
  Set(account.open_tickets, [&](std::int64_t count) { message->set_open_tickets(count); });
  SetTime(account.last_outreach_at, [&](std::int64_t ms) { message->set_last_outreach_at(ms); });
}

}  // namespace foothold::codec
