// Bytes of a source.

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/intake/decoder.h"
#include "tests/fuzz/decoders.h"
#include "tests/fuzz/targets.h"

namespace foothold::fuzz {
namespace {

// The end of the year 9999: a record may say itself when it was received.
constexpr Instant kLatest = InstantFromMs(253'402'300'799'999);
constexpr std::size_t kRecordBytesMax = 1U << 20U;

std::string DescribeEvent(const intake::Event& event) {
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {} {} {} {}", static_cast<int>(event.kind),
                     event.tenant, event.user, event.id, event.fingerprint, event.name,
                     ToMs(event.occurred_at), event.is_product, static_cast<int>(event.name_class),
                     event.role, event.is_role_override, event.previous_user,
                     event.properties.bytes(), event.traits.bytes());
}

// All that an outcome says.
std::string Describe(const intake::Outcome& outcome) {
  if (const auto* const rejected = std::get_if<intake::Rejected>(&outcome)) {
    return fmt::format("rejected {} {} {}", intake::RejectReasonName(rejected->reason),
                       rejected->detail, rejected->tenant);
  }
  if (const auto* const skipped = std::get_if<intake::Skipped>(&outcome)) {
    return fmt::format("skipped {}", intake::SkipReasonName(skipped->reason));
  }
  if (const auto* const unplaced = std::get_if<intake::Unplaced>(&outcome)) {
    return fmt::format("unplaced {} {}", DescribeEvent(unplaced->accepted.event),
                       unplaced->flaw.has_value() ? unplaced->flaw->detail : "");
  }
  const auto& accepted = std::get<intake::Accepted>(outcome);
  return fmt::format("accepted {} {} {}", DescribeEvent(accepted.event), accepted.was_without_zone,
                     accepted.was_in_future);
}

std::string CheckEvent(const intake::Event& event) {
  if (event.id.empty()) {
    return "an event without id";
  }
  if (!event.properties.IsWellFormed() || !event.traits.IsWellFormed()) {
    return "a bag that cannot be read";
  }
  if (event.occurred_at < kEpoch || event.occurred_at > kLatest) {
    return fmt::format("the event's time is {}", FormatRfc3339(event.occurred_at));
  }
  return "";
}

std::string CheckOutcome(const intake::Outcome& outcome) {
  if (const auto* const rejected = std::get_if<intake::Rejected>(&outcome)) {
    return rejected->detail.empty() ? "rejected without a word why" : "";
  }
  if (const auto* const unplaced = std::get_if<intake::Unplaced>(&outcome)) {
    const intake::Event& event = unplaced->accepted.event;
    return !event.tenant.empty() || event.user.empty() ? "unplaced, but not by user alone"
                                                       : CheckEvent(event);
  }
  if (const auto* const accepted = std::get_if<intake::Accepted>(&outcome)) {
    return accepted->event.tenant.empty() ? "accepted without an account"
                                          : CheckEvent(accepted->event);
  }
  return "";
}

// One decoder of each preset that has seen everything before, and one that is new now and then.
std::string DecodeTwice(std::string_view preset, const intake::InputRecord& record) {
  static std::map<std::string, std::unique_ptr<intake::Decoder>, std::less<>> decoders;
  std::unique_ptr<intake::Decoder>& used = decoders[std::string(preset)];
  if (used == nullptr) {
    used = std::make_unique<intake::Decoder>(OptionsOf(preset));
  }
  intake::Decoder fresh(OptionsOf(preset));
  const intake::Outcome outcome = used->Decode(record);
  if (std::string wrong = CheckOutcome(outcome); !wrong.empty()) {
    return wrong;
  }
  const std::string first = Describe(outcome);
  const std::string second = Describe(fresh.Decode(record));
  return first == second ? "" : fmt::format("once '{}', then '{}'", first, second);
}

}  // namespace

intake::DecoderOptions OptionsOf(std::string_view preset) {
  Result<intake::Mapping> mapping = intake::MakeMapping(preset, {});
  FOOTHOLD_CHECK(mapping.has_value(), "every preset stands by itself");
  return {.mapping = *std::move(mapping), .record_bytes_max = kRecordBytesMax, .is_product = true};
}

intake::InputRecord LiveRecord(std::string_view value) {
  return {.value = value, .schema_header = {}, .broker_time = kBrokerTime, .event_time_max = {}};
}

std::string JsonSegment(std::string_view record) {
  return DecodeTwice("segment", LiveRecord(record));
}

std::string JsonRudderstack(std::string_view record) {
  return DecodeTwice("rudderstack", LiveRecord(record));
}

std::string JsonPosthog(std::string_view record) {
  return DecodeTwice("posthog", LiveRecord(record));
}

std::string JsonMixpanel(std::string_view record) {
  return DecodeTwice("mixpanel", LiveRecord(record));
}

std::string ProtobufRaw(std::string_view record) {
  return DecodeTwice("foothold", LiveRecord(record));
}

std::string ProtobufFramed(std::string_view bytes) {
  const std::string framed = '\0' + std::string(bytes);
  if (std::string wrong = DecodeTwice("foothold", LiveRecord(framed)); !wrong.empty()) {
    return wrong;
  }
  constexpr std::size_t kHeaderBytesMax = 20;
  const std::size_t header_size =
      bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front()) % kHeaderBytesMax;
  intake::InputRecord record = LiveRecord(bytes.substr(std::min(header_size, bytes.size())));
  record.schema_header = bytes.substr(0, header_size);
  return DecodeTwice("foothold", record);
}

}  // namespace foothold::fuzz
