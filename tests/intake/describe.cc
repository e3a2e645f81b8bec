#include "tests/intake/describe.h"

#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::intake {

DecoderOptions OptionsOf(std::string_view preset,
                         const std::map<std::string, std::string>& overrides) {
  Result<Mapping> mapping = MakeMapping(preset, overrides);
  FOOTHOLD_CHECK(mapping.has_value(), "a test's mapping is right");
  DecoderOptions options;
  options.mapping = *std::move(mapping);
  return options;
}

InputRecord LiveRecord(std::string_view value) {
  InputRecord record;
  record.value = value;
  record.broker_time = kBrokerTime;
  return record;
}

InputRecord FileRecord(std::string_view value) {
  InputRecord record;
  record.value = value;
  return record;
}

std::string DescribeBag(const BagView& bag) {
  std::string text = "{";
  std::string_view rest = bag.bytes();
  while (const std::optional<BagEntry> entry = BagView::Next(&rest)) {
    const bool is_text = std::holds_alternative<std::string_view>(entry->value);
    const bool is_null = std::holds_alternative<std::monostate>(entry->value);
    const char* const quote = is_text ? "\"" : "";
    text += fmt::format("{}{}: {}{}{}", text.size() > 1 ? ", " : "", entry->name, quote,
                        is_null ? "null" : ScalarText(entry->value), quote);
  }
  return text + "}";
}

std::string Describe(const Outcome& outcome) {
  if (const auto* const rejected = std::get_if<Rejected>(&outcome)) {
    return fmt::format("rejected {}: {}", RejectReasonName(rejected->reason), rejected->detail);
  }
  if (const auto* const skipped = std::get_if<Skipped>(&outcome)) {
    return fmt::format("skipped {}", SkipReasonName(skipped->reason));
  }
  const auto* const unplaced = std::get_if<Unplaced>(&outcome);
  if (unplaced != nullptr && unplaced->flaw.has_value()) {
    return fmt::format("unplaced {}, {}: {}", CallKindName(unplaced->accepted.event.kind),
                       RejectReasonName(unplaced->flaw->reason), unplaced->flaw->detail);
  }
  const Accepted& accepted = unplaced != nullptr ? unplaced->accepted : std::get<Accepted>(outcome);
  const Event& event = accepted.event;
  std::string text = unplaced != nullptr ? fmt::format("unplaced {}", CallKindName(event.kind))
                                         : fmt::format("accepted {} tenant={}",
                                                       CallKindName(event.kind), event.tenant);
  const std::pair<std::string_view, std::string_view> fields[] = {{"user", event.user},
                                                                  {"name", event.name},
                                                                  {"role", event.role},
                                                                  {"previous", event.previous_user},
                                                                  {"id", event.id}};
  for (const auto& [name, value] : fields) {
    if (!value.empty()) {
      text += fmt::format(" {}=\"{}\"", name, value);
    }
  }
  text += fmt::format(" at={}{}{}", FormatRfc3339(event.occurred_at),
                      accepted.was_without_zone ? " (no zone)" : "",
                      accepted.was_in_future ? " (future)" : "");
  if (!event.properties.is_empty()) {
    text += " properties=" + DescribeBag(event.properties);
  }
  if (!event.traits.is_empty()) {
    text += " traits=" + DescribeBag(event.traits);
  }
  return text;
}

}  // namespace foothold::intake
