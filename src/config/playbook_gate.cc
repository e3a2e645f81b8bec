#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::GatePolicy;
using Zone = GatePolicy::Zone;

constexpr Range<std::int32_t> kCap{0, 10'000};
constexpr Range<milliseconds> kBreakerSpan{kMinute, 7 * kDay};
constexpr std::string_view kNone = "none";

constexpr auto kZones = std::to_array<std::pair<std::string_view, Zone>>(
    {{"recipient", Zone::kRecipient}, {"account", Zone::kAccount}, {"utc", Zone::kUtc}});

bool IsNone(const YamlNode& node) { return node.is_scalar() && node.text == kNone; }

// "08:30" -> minutes of the day.
std::optional<std::int32_t> ParseTimeOfDay(std::string_view text) {
  std::int32_t hour = 0;
  std::int32_t minute = 0;
  const char* const end = text.data() + text.size();
  const auto hours = std::from_chars(text.data(), end, hour);
  if (text.size() != 5 || hours.ec != std::errc() || hours.ptr != text.data() + 2 ||
      *hours.ptr != ':') {
    return std::nullopt;
  }
  const auto minutes = std::from_chars(hours.ptr + 1, end, minute);
  if (minutes.ec != std::errc() || minutes.ptr != end || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59) {
    return std::nullopt;
  }
  return hour * 60 + minute;
}

void ReadTimeOfDay(MapReader* reader, std::string_view key, std::int32_t* minutes) {
  const YamlNode* const node = reader->Require(key);
  if (node == nullptr) {
    return;
  }
  const std::optional<std::int32_t> read =
      node->is_scalar() ? ParseTimeOfDay(node->text) : std::nullopt;
  if (!read.has_value()) {
    reader->problems()->Add(node->place,
                            reader->PathOf(key) + ": expected a time of the day such as 20:00");
    return;
  }
  *minutes = *read;
}

void CompileQuietHours(const YamlNode& node, Draft* draft) {
  GatePolicy* const gate = &draft->playbook.gate;
  if (IsNone(node)) {
    gate->quiet_from = 0;
    gate->quiet_to = 0;
    return;
  }
  MapReader reader(node, "gate.quiet_hours", draft->problems);
  ReadTimeOfDay(&reader, "from", &gate->quiet_from);
  ReadTimeOfDay(&reader, "to", &gate->quiet_to);
  reader.ReadChoice("zone", kZones, &gate->zone);
  reader.Finish();
}

// "5x of the last 7 days".
std::optional<double> ParseFactor(std::string_view text) {
  constexpr std::string_view kBase = "x of the last 7 days";
  if (!text.ends_with(kBase)) {
    return std::nullopt;
  }
  text.remove_suffix(kBase.size());
  double factor = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), factor);
  const bool is_whole = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
  return is_whole && factor >= 1 && factor <= 1000 ? std::optional(factor) : std::nullopt;
}

void CompileBreaker(const YamlNode& node, Draft* draft) {
  GatePolicy* const gate = &draft->playbook.gate;
  if (IsNone(node)) {
    gate->breaker_factor = 0;
    return;
  }
  MapReader reader(node, "gate.breaker", draft->problems);
  if (const YamlNode* above = reader.Require("above")) {
    const std::optional<double> factor =
        above->is_scalar() ? ParseFactor(above->text) : std::nullopt;
    if (!factor.has_value()) {
      draft->problems->Add(above->place,
                           "gate.breaker.above: expected a factor from 1, such as '5x of the last "
                           "7 days'");
    }
    gate->breaker_factor = factor.value_or(gate->breaker_factor);
  }
  reader.ReadDuration("of", kBreakerSpan, &gate->breaker_span);
  reader.ReadInteger("at_least", Range<std::int32_t>{1, 1'000'000}, &gate->breaker_floor);
  reader.Finish();
}

}  // namespace

void CompileGate(const YamlNode& node, Draft* draft) {
  GatePolicy* const gate = &draft->playbook.gate;
  MapReader reader(node, "gate", draft->problems);
  if (const YamlNode* user = reader.Take("user")) {
    MapReader caps(*user, "gate.user", draft->problems);
    caps.ReadInteger("per_day", kCap, &gate->user_per_day);
    caps.ReadInteger("per_week", kCap, &gate->user_per_week);
    caps.Finish();
  }
  if (const YamlNode* account = reader.Take("account")) {
    MapReader caps(*account, "gate.account", draft->problems);
    caps.ReadInteger("per_day", kCap, &gate->account_per_day);
    caps.ReadInteger("per_week", kCap, &gate->account_per_week);
    caps.ReadInteger("cs_per_week", kCap, &gate->cs_per_week);
    caps.Finish();
  }
  if (const YamlNode* quiet_hours = reader.Take("quiet_hours")) {
    CompileQuietHours(*quiet_hours, draft);
  }
  if (const YamlNode* holdout = reader.Take("holdout")) {
    gate->holdout = ReadNumberValue(*holdout, "gate.holdout", Range<double>{0, 1}, draft->problems)
                        .value_or(gate->holdout);
  }
  if (const YamlNode* breaker = reader.Take("breaker")) {
    CompileBreaker(*breaker, draft);
  }
  reader.Finish();
}

}  // namespace foothold::config
