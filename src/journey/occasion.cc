#include "src/journey/occasion.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/base/ulid.h"
#include "src/journey/import_source.h"

namespace foothold::journey {
namespace {

constexpr milliseconds kBackfillAge = 24 * kHour;

// What stands for the name of a call that has none.
std::string_view NameOfCall(CallKind kind) {
  switch (kind) {
    case CallKind::kTrack:
      return "track";
    case CallKind::kIdentify:
      return "identify";
    case CallKind::kGroup:
      return "group";
    case CallKind::kPage:
      return "page";
    case CallKind::kScreen:
      return "screen";
    case CallKind::kAlias:
      return "alias";
  }
  return "";
}

}  // namespace

Instant DecisionTime(const Context& context, const Visit& visit, const Event* event,
                     Instant fallback) {
  if (visit.due.has_value()) {
    return *visit.due;
  }
  if (event != nullptr) {
    return std::max(event->occurred_at, context.clock.value_or(event->occurred_at));
  }
  return std::max(fallback, context.clock.value_or(fallback));
}

Mode ModeOf(const Occasion& occasion, Correcting correcting) {
  if (occasion.context.is_redeciding) {
    return Mode::kRedecided;
  }
  if (correcting == Correcting::kYes) {
    return Mode::kCorrection;
  }
  const std::optional<Instant>& wall = occasion.context.wall;
  const bool is_old = wall.has_value() && occasion.decided_at < *wall - kBackfillAge;
  const bool is_imported =
      occasion.event != nullptr && occasion.event->position.source == kImportSource;
  return is_old || is_imported ? Mode::kBackfill : Mode::kLive;
}

std::string CausationOf(const Occasion& occasion, std::string_view timer) {
  if (occasion.event != nullptr) {
    return std::string(occasion.event->id);
  }
  return fmt::format("timer:{}@{}", timer,
                     FormatRfc3339(occasion.visit.due.value_or(occasion.decided_at)));
}

std::string IdOf(const Occasion& occasion, const RecordName& name) {
  const std::string_view definition = name.rule.empty() ? occasion.definition.label() : name.rule;
  std::string text;
  const auto append_number = [&text](auto number) {
    std::array<char, 24> digits;
    text.append(digits.data(),
                std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
  };
  for (const std::string_view part : {std::string_view(occasion.account.tenant), name.user,
                                      name.kind, definition, std::string_view(name.episode)}) {
    append_number(part.size());
    text.append(":").append(part);
  }
  text.append("#");
  append_number(name.sequence);
  return MakeUlid(occasion.decided_at, HashWide(text));
}

LogCommon CommonOf(const Occasion& occasion, RecordName name, Mode mode) {
  LogCommon common;
  common.tenant = occasion.account.tenant;
  if (!name.user.empty()) {
    common.user = std::string(name.user);
  }
  common.decided_at = occasion.decided_at;
  common.definition = occasion.definition.label();
  common.sequence = name.sequence;
  common.mode = mode;
  common.ce_id = IdOf(occasion, name);
  common.correlation = std::move(name.episode);
  common.rule = std::move(name.rule);
  common.revision = occasion.context.revision;
  return common;
}

void AddEvidence(const std::vector<const Occurrence*>& occurrences, LogCommon* common) {
  common->evidence_count = static_cast<std::int64_t>(occurrences.size());
  for (const Occurrence* occurrence : occurrences) {
    if (common->evidence.size() == kEvidenceMax) {
      return;
    }
    common->evidence.push_back(EvidenceOf(*occurrence));
  }
}

void AddEventAsEvidence(const Occasion& occasion, LogCommon* common) {
  if (occasion.event == nullptr) {
    return;
  }
  const Event& event = *occasion.event;
  common->evidence_count = 1;
  common->evidence.push_back({.event_id = std::string(event.id),
                              .event = event.name.empty()
                                           ? std::string(NameOfCall(event.kind))
                                           : occasion.definition.DisplayNameOf(event.name),
                              .occurred_at = event.occurred_at,
                              .source = std::string(event.position.source),
                              .topic = std::string(event.position.topic),
                              .partition = event.position.partition.value,
                              .offset = event.position.offset});
}

// "2026-03-01 09:00 UTC".
std::string DateOf(Instant at) {
  const std::string text = FormatRfc3339(at);
  return text.substr(0, 10) + ' ' + text.substr(11, 5) + " UTC";
}

}  // namespace foothold::journey
