// Bytes of a source -> event, by preset. Everywhere the same fact: somebody made a dashboard.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <benchmark/benchmark.h>

#include "benchmarks/parts.h"
#include "proto/event.pb.h"
#include "src/base/check.h"
#include "src/intake/decoder.h"

namespace foothold::benchmarks {
namespace {

constexpr std::size_t kCalls = 1'000;

constexpr std::string_view kSegment =
    R"({"type":"track","event":"Dashboard Created","messageId":"ajs-next-0123456789abcdef",)"
    R"("userId":"user-0000042","timestamp":"2026-01-05T09:30:00.000Z",)"
    R"("receivedAt":"2026-01-05T09:30:00.250Z","context":{"groupId":"account-000005",)"
    R"("traits":{"role":"analyst"},"locale":"en-GB","timezone":"Europe/Berlin"},)"
    R"("properties":{"dashboardId":"dashboard-7","durationMs":1200,"variant":"control"}})";

constexpr std::string_view kPosthog =
    R"({"event":"Dashboard Created","uuid":"0198-0123456789abcdef","distinct_id":"user-0000042",)"
    R"("timestamp":"2026-01-05T09:30:00.000Z","properties":{"$groups":{"company":)"
    R"("account-000005"},"$set":{"role":"analyst"},"$lib":"posthog-js","$timezone":)"
    R"("Europe/Berlin","dashboardId":"dashboard-7","durationMs":1200,"variant":"control"}})";

constexpr std::string_view kMixpanel =
    R"({"event":"Dashboard Created","properties":{"$insert_id":"0123456789abcdef",)"
    R"("distinct_id":"user-0000042","$user_id":"user-0000042","time":1767605400,)"
    R"("company_id":"account-000005","mp_lib":"web","$timezone":"Europe/Berlin",)"
    R"("dashboardId":"dashboard-7","durationMs":1200,"variant":"control"},)"
    R"("$set":{"role":"analyst"}})";

std::string ProtobufEvent() {
  v1::Event event;
  event.set_kind(v1::Event::KIND_TRACK);
  event.set_event("Dashboard Created");
  event.set_tenant_id("account-000005");
  event.set_user_id("user-0000042");
  event.set_event_id("0123456789abcdef");
  event.mutable_occurred_at()->set_seconds(1'767'605'400);
  event.mutable_received_at()->set_seconds(1'767'605'400);
  event.set_role("analyst");
  (*event.mutable_properties())["dashboardId"].set_text("dashboard-7");
  (*event.mutable_properties())["durationMs"].set_integer(1200);
  (*event.mutable_properties())["variant"].set_text("control");
  return event.SerializeAsString();
}

void DecodeAll(benchmark::State& state, const std::string& preset,
               const std::vector<std::string>& records) {
  Result<intake::Mapping> mapping = intake::MakeMapping(preset, {});
  FOOTHOLD_CHECK(mapping.has_value(), "the preset is one of those that are known");
  intake::DecoderOptions options;
  options.mapping = *std::move(mapping);
  intake::Decoder decoder(std::move(options));
  std::size_t next = 0;
  std::int64_t bytes = 0;
  for (auto _ : state) {
    intake::InputRecord record;
    record.value = records[next];
    bytes += static_cast<std::int64_t>(records[next].size());
    const intake::Outcome outcome = decoder.Decode(record);
    FOOTHOLD_CHECK(std::holds_alternative<intake::Accepted>(outcome), "the record is accepted");
    next = next + 1 == records.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(bytes);
}

void Register(const std::string& name, const std::string& preset,
              std::vector<std::string> records) {
  benchmark::RegisterBenchmark(name.c_str(),
                               [preset, records = std::move(records)](benchmark::State& state) {
                                 DecodeAll(state, preset, records);
                               });
}

}  // namespace

void RegisterDecoding() {
  Register("decode/traffic", "segment", SegmentCalls(kCalls));
  Register("decode/segment", "segment", {std::string(kSegment)});
  Register("decode/rudderstack", "rudderstack", {std::string(kSegment)});
  Register("decode/posthog", "posthog", {std::string(kPosthog)});
  Register("decode/mixpanel", "mixpanel", {std::string(kMixpanel)});
  Register("decode/protobuf", "foothold", {ProtobufEvent()});
}

}  // namespace foothold::benchmarks
