#include "src/intake/event_time.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace foothold::intake {
namespace {

// Below this an epoch number is seconds (until the year 5138), from it on milliseconds (from 1973).
constexpr double kEpochMsMin = 1e11;
// The end of the year 9999, the last that RFC 3339 can say.
constexpr Instant kLatest = InstantFromMs(253'402'300'799'999);
constexpr std::size_t kQuotedMax = 40;

std::optional<ParsedTime> ReadTime(const TimeField& field) {
  switch (field.form) {
    case TimeField::Form::kAbsent:
      return std::nullopt;
    case TimeField::Form::kText:
      return ParseRfc3339(field.text);
    case TimeField::Form::kInstant:
      return ParsedTime{.instant = field.instant};
    case TimeField::Form::kNumber: {
      const double ms = std::abs(field.number) < kEpochMsMin ? field.number * 1000.0 : field.number;
      if (!(std::abs(ms) < 1e15)) {
        return std::nullopt;
      }
      // Digits past milliseconds are cut, but 1700000000.123 is a little less than that in binary.
      return ParsedTime{.instant =
                            InstantFromMs(static_cast<std::int64_t>(std::floor(ms + 0.001)))};
    }
  }
  return std::nullopt;
}

bool IsPresent(const TimeField& field) { return field.form != TimeField::Form::kAbsent; }

Failure Unreadable(const TimeField& field) {
  switch (field.form) {
    case TimeField::Form::kText: {
      // Whole characters only: the text goes into a header that people read.
      std::size_t size = std::min(field.text.size(), kQuotedMax);
      while (size > 0 && size < field.text.size() &&
             (static_cast<unsigned char>(field.text[size]) & 0xc0U) == 0x80U) {
        --size;
      }
      return Error(Code::kInvalid,
                   fmt::format("{} is not an RFC 3339 time: \"{}\"{}", field.name,
                               field.text.substr(0, size), size < field.text.size() ? "..." : ""));
    }
    case TimeField::Form::kNumber:
      return Error(Code::kInvalid, fmt::format("{} is not an epoch time in seconds or "
                                               "milliseconds: {}",
                                               field.name, field.number));
    case TimeField::Form::kAbsent:
    case TimeField::Form::kInstant:
      break;
  }
  return Error(Code::kInvalid, fmt::format("{} is unusable", field.name));
}

// The time the record itself gives, by `timestamp` or the skew rule; nullopt: it gives none.
Result<std::optional<ParsedTime>> StatedTime(const Draft& draft) {
  if (IsPresent(draft.time)) {
    const std::optional<ParsedTime> time = ReadTime(draft.time);
    if (!time.has_value()) {
      return Unreadable(draft.time);
    }
    return time;
  }
  if (!IsPresent(draft.received_at) || !IsPresent(draft.sent_at) ||
      !IsPresent(draft.original_time)) {
    return std::optional<ParsedTime>();
  }
  ParsedTime parts[3];
  const TimeField* const fields[3] = {&draft.received_at, &draft.sent_at, &draft.original_time};
  for (int i = 0; i < 3; ++i) {
    const std::optional<ParsedTime> part = ReadTime(*fields[i]);
    if (!part.has_value()) {
      return Unreadable(*fields[i]);
    }
    parts[i] = *part;
  }
  return std::optional(
      ParsedTime{.instant = parts[0].instant - (parts[1].instant - parts[2].instant),
                 .had_zone = parts[0].had_zone && parts[1].had_zone && parts[2].had_zone});
}

}  // namespace

Result<EventTime> DetermineEventTime(const Draft& draft, std::optional<Instant> broker_time,
                                     std::optional<Instant> event_time_max) {
  // Kafka's "no timestamp" is -1.
  const bool has_broker_time = broker_time.has_value() && *broker_time >= kEpoch;
  FOOTHOLD_ASSIGN(std::optional<ParsedTime> stated, StatedTime(draft));
  // A receive time that cannot be read cannot bound anything; the broker's can.
  std::optional<ParsedTime> received = ReadTime(draft.received_at);
  if (received.has_value() && received->instant < kEpoch) {
    received = std::nullopt;
  }

  if (!stated.has_value()) {
    if (has_broker_time) {
      stated = ParsedTime{.instant = *broker_time};
    } else if (received.has_value()) {
      stated = received;
    } else if (IsPresent(draft.received_at)) {
      return Unreadable(draft.received_at);
    } else if (event_time_max.has_value()) {
      stated = ParsedTime{.instant = *event_time_max};
    } else {
      return Error(Code::kInvalid,
                   "no time: neither the record nor one before it in the file has one");
    }
  }

  EventTime time{.occurred_at = stated->instant, .was_without_zone = !stated->had_zone};
  if (time.occurred_at < kEpoch) {
    return Error(Code::kInvalid, "the time is before 1970");
  }
  if (received.has_value() || has_broker_time) {
    const Instant receive_time = received.has_value() ? received->instant : *broker_time;
    if (time.occurred_at > receive_time + kFutureMax) {
      time.occurred_at = receive_time;
      time.was_in_future = true;
    }
  } else if (event_time_max.has_value() && time.occurred_at > *event_time_max + kFileJumpMax) {
    return Error(Code::kInvalid, fmt::format("the time {} is more than 366 days ahead of the "
                                             "largest so far, {}",
                                             FormatRfc3339(std::min(time.occurred_at, kLatest)),
                                             FormatRfc3339(*event_time_max)));
  }
  if (time.occurred_at > kLatest) {
    return Error(Code::kInvalid, "the time is after the year 9999");
  }
  return time;
}

}  // namespace foothold::intake
