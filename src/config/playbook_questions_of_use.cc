// Questions of events, sessions, days and time.

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_questions.h"

namespace foothold::config {
namespace {

using journey::ConditionKind;
using journey::ConditionNode;

constexpr Range<milliseconds> kSpan{kMinute, 400 * kDay};
constexpr std::int32_t kSessionsAsked = 48;  // As many as are kept; so with days and repeats.
constexpr std::int32_t kDaysAsked = 400;
constexpr Range<std::int32_t> kRepeatsAsked{3, 1000};
constexpr std::int32_t kStruggleSessionsAsked = 8;

enum class Repeatable { kPage, kAction };
constexpr auto kRepeatables = std::to_array<std::pair<std::string_view, Repeatable>>(
    {{"page", Repeatable::kPage}, {"action", Repeatable::kAction}});
enum class Unit { kSession };
constexpr auto kUnits =
    std::to_array<std::pair<std::string_view, Unit>>({{"session", Unit::kSession}});
enum class After { kStep, kTrigger };
constexpr auto kAfterStep =
    std::to_array<std::pair<std::string_view, After>>({{"step", After::kStep}});
constexpr auto kAfterTrigger =
    std::to_array<std::pair<std::string_view, After>>({{"trigger", After::kTrigger}});

}  // namespace

std::optional<milliseconds> QuestionReader::Span(const YamlNode& value, const std::string& path) {
  return ReadDurationValue(value, path, kSpan, draft_->problems);
}

std::optional<journey::Moment> QuestionReader::MomentAt(std::string_view key,
                                                        const YamlNode& value) {
  ConditionScope plain = scope_;
  plain.has_trigger = false;
  return CompileMoment(value, reader_.PathOf(key), plain, draft_);
}

bool QuestionReader::ReadOccurrences(const YamlNode& value, Actor actor) {
  std::optional<Occurrences> counted = CompileOccurrences(&reader_, &value, actor, draft_);
  ConditionNode node = NodeOf(ConditionKind::kDid);
  const YamlNode* const within = reader_.Take("within");
  const YamlNode* const in_last = reader_.Take("in_last");
  const YamlNode* const after = reader_.node().Find("after");
  After trigger = After::kTrigger;
  reader_.ReadChoice("after", kAfterTrigger, &trigger);
  if (!counted.has_value()) {
    return false;
  }
  std::string label = counted->label;
  if (actor == Actor::kAccount) {
    label += " by anyone";
  }
  if ((within != nullptr ? 1 : 0) + (in_last != nullptr ? 1 : 0) + (after != nullptr ? 1 : 0) > 1) {
    return Wrong(value, "one of within, in_last and after, not several");
  }
  if (within != nullptr) {
    node.moment = MomentAt("within", *within);
    label += " within " + within->text;
  }
  if (in_last != nullptr) {
    node.span = Span(*in_last, reader_.PathOf("in_last")).value_or(kDay);
    label += " in the last " + in_last->text;
  }
  if (after != nullptr && !scope_.has_trigger) {
    return Wrong(*after, "there is no trigger here");
  }
  if (after != nullptr) {
    node.is_after_trigger = true;
    label += " after the trigger";
  }
  counted->tracker.is_latest = in_last != nullptr || after != nullptr;
  if (counted->tracker.is_latest && !counted->tracker.distinct.empty()) {
    return Wrong(value, "distinct values are not counted in the last days or after a trigger");
  }
  node.at_least = counted->at_least;
  node.tracker = draft_->AddTracker(std::move(counted->tracker));
  return Take(std::move(node), std::move(label)) &&
         (within == nullptr || question_.nodes.back().moment.has_value());
}

bool QuestionReader::ReadDid(const YamlNode& value) {
  if (value.is_scalar() && value.text == "any_step") {
    return Take(NodeOf(ConditionKind::kAnyStep), "any step");
  }
  return ReadOccurrences(value, Actor::kUser);
}

bool QuestionReader::ReadAccountDid(const YamlNode& value) {
  return ReadOccurrences(value, Actor::kAccount);
}

bool QuestionReader::ReadSince(const YamlNode& value) {
  ConditionNode node = NodeOf(ConditionKind::kReached);
  node.moment = MomentAt("since", value);
  const bool is_read = node.moment.has_value();
  return Take(std::move(node), value.text + " is past") && is_read;
}

bool QuestionReader::ReadIdle(const YamlNode& value) {
  const bool is_after_step = reader_.node().Find("after") != nullptr;
  After after = After::kStep;
  reader_.ReadChoice("after", kAfterStep, &after);
  const std::optional<milliseconds> span = Span(value, reader_.PathOf("idle"));
  if (!span.has_value()) {
    return false;
  }
  if (is_after_step) {
    ConditionNode node = NodeOf(ConditionKind::kIdle);
    node.span = *span;
    return Take(std::move(node), fmt::format("idle for {} after a step", value.text));
  }
  ConditionNode node = NodeOf(ConditionKind::kReached);
  YamlNode moment = value;
  moment.text += " of last_seen";
  node.moment = MomentAt("idle", moment);
  const bool is_read = node.moment.has_value();
  return Take(std::move(node), "idle for " + value.text) && is_read;
}

bool QuestionReader::ReadSpan(const YamlNode& value, ConditionKind kind, std::string label) {
  ConditionNode node = NodeOf(kind);
  const std::optional<milliseconds> span = Span(value, reader_.PathOf(value.key));
  node.span = span.value_or(kDay);
  return Take(std::move(node), std::move(label)) && span.has_value();
}

bool QuestionReader::ReadStepNotMet(const YamlNode& value) {
  return ReadSpan(value, ConditionKind::kStepOpenFor, "current step not met for " + value.text);
}

std::optional<std::int32_t> QuestionReader::AtLeast(const YamlNode& value, std::int32_t max) {
  MapReader bound(value, reader_.PathOf(value.key), draft_->problems);
  const YamlNode* const node = bound.Require("at_least");
  std::int32_t count = 0;
  bound.ReadInteger("at_least", Range<std::int32_t>{1, max}, &count);
  bound.Finish();
  return node != nullptr && count > 0 ? std::optional(count) : std::nullopt;
}

bool QuestionReader::ReadSessions(const YamlNode& value) {
  ConditionNode node = NodeOf(ConditionKind::kSessions);
  const std::optional<std::int32_t> count = AtLeast(value, kSessionsAsked);
  const YamlNode* const within = reader_.Take("within");
  std::string label = fmt::format("{} sessions", count.value_or(1));
  bool is_read = count.has_value();
  node.at_least = count.value_or(1);
  if (within != nullptr) {
    node.moment = MomentAt("within", *within);
    is_read = is_read && node.moment.has_value();
    label += " within " + within->text;
  }
  return Take(std::move(node), std::move(label)) && is_read;
}

bool QuestionReader::ReadActiveDays(const YamlNode& value) {
  if (value.is_map() && value.Find("days") == nullptr) {
    ConditionNode node = NodeOf(ConditionKind::kActiveDays);
    const std::optional<std::int32_t> count = AtLeast(value, kDaysAsked);
    node.at_least = count.value_or(1);
    return Take(std::move(node), fmt::format("{} active days", count.value_or(1))) &&
           count.has_value();
  }
  constexpr std::string_view kBase = " of days 0..30";
  MapReader bound(value, reader_.PathOf(value.key), draft_->problems);
  std::string days;
  std::string below;
  bound.ReadText("days", &days);
  bound.ReadText("below", &below);
  bound.Finish();
  double share = 0;
  const bool has_base = below.ends_with(kBase);
  const char* const end = below.data() + below.size() - (has_base ? kBase.size() : 0);
  const auto parsed = std::from_chars(below.data(), end, share);
  const bool is_share = parsed.ec == std::errc() && parsed.ptr == end && share > 0 && share <= 1;
  if (days != "30..60" || !has_base || !is_share) {
    return Wrong(value,
                 "expected {at_least: 3}, or days 30..60 against the first 30: {days: 30..60, "
                 "below: 0.4 of days 0..30}");
  }
  ConditionNode node = NodeOf(ConditionKind::kUseFalls);
  node.number = share;
  return Take(std::move(node), "active days or core features of days 30..60 below " + below);
}

bool QuestionReader::ReadCoreTime(const YamlNode& value) {
  MapReader bound(value, reader_.PathOf(value.key), draft_->problems);
  const YamlNode* const at_least = bound.Require("at_least");
  bound.Finish();
  if (at_least == nullptr) {
    return false;
  }
  ConditionNode node = NodeOf(ConditionKind::kCoreTime);
  const std::optional<milliseconds> span = Span(*at_least, bound.PathOf("at_least"));
  node.span = span.value_or(kMinute);
  return Take(std::move(node), at_least->text + " of core time") && span.has_value();
}

bool QuestionReader::ReadRepeated(const YamlNode& value) {
  ConditionNode node = NodeOf(ConditionKind::kRepeated);
  node.at_least = kRepeatsAsked.min;
  Repeatable what = Repeatable::kPage;
  Unit unit = Unit::kSession;
  reader_.ReadChoice("repeated", kRepeatables, &what);
  reader_.ReadInteger("at_least", kRepeatsAsked, &node.at_least);
  reader_.ReadChoice("in", kUnits, &unit);
  reader_.ReadInteger("sessions", Range<std::int32_t>{1, kStruggleSessionsAsked}, &node.sessions);
  std::string label = fmt::format("the same {} {} times in a session", value.text, node.at_least);
  if (node.sessions > 1) {
    label += fmt::format(", in {} sessions", node.sessions);
  }
  return Take(std::move(node), std::move(label));
}

}  // namespace foothold::config
