#include "src/codec/record_blocks.h"

namespace foothold::codec {

v1::StepClass StepClassOf(std::string_view word) {
  constexpr std::array<std::string_view, 3> kWords{"setup", "value", "habit"};
  static_assert(v1::STEP_CLASS_HABIT == kWords.size());
  return FromWord<v1::StepClass>(kWords, word);
}

void FillEvidence(const journey::Evidence& evidence, v1::Evidence* message) {
  message->set_event_id(evidence.event_id);
  message->set_event(evidence.event);
  message->set_occurred_at(ToMs(evidence.occurred_at));
  message->set_source(evidence.source);
  message->set_topic(evidence.topic);
  message->set_partition(evidence.partition);
  message->set_offset(evidence.offset);
}

void FillPerson(const journey::PersonBlock& person, v1::Person* message) {
  Set(person.email, [&](const auto& text) { message->set_email(text); });
  Set(person.name, [&](const auto& text) { message->set_name(text); });
  Set(person.title, [&](const auto& text) { message->set_title(text); });
  Set(person.timezone, [&](const auto& text) { message->set_timezone(text); });
  Set(person.locale, [&](const auto& text) { message->set_locale(text); });
  SetTime(person.last_seen_at, [&](std::int64_t ms) { message->set_last_seen_at(ms); });
  message->set_session_count(person.session_count);
  for (const journey::Consent& consent : person.consent) {
    v1::ConsentByChannel* const written = message->add_consent();
    written->set_channel(consent.channel);
    written->set_granted(consent.granted);
    SetTime(consent.as_of, [&](std::int64_t ms) { written->set_as_of(ms); });
  }
}

void FillMeasurement(const journey::MeasurementBlock& measurement, v1::Measurement* message) {
  message->set_complete(measurement.is_complete);
  for (const std::string& why : measurement.why) {
    message->add_why(why);
  }
  SetTime(measurement.since, [&](std::int64_t ms) { message->set_since(ms); });
}

void FillReason(const journey::RiskReason& reason, v1::RiskReason* message) {
  message->set_signal(reason.signal);
  message->set_weight(reason.weight);
  message->set_fact(reason.fact);
  message->set_since(ToMs(reason.since));
}

void FillBlocker(const journey::Blocker& blocker, v1::Blocker* message) {
  message->set_name(blocker.name);
  message->set_since(ToMs(blocker.since));
  message->set_detail(blocker.detail);
}

}  // namespace foothold::codec
