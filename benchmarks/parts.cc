#include "benchmarks/parts.h"

#include <cstdlib>
#include <filesystem>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "benchmarks/traffic.h"
#include "src/base/check.h"
#include "src/codec/journal.h"
#include "src/config/playbook_file.h"
#include "src/intake/decoder.h"
#include "src/stream/accepted_event.h"
#include "state/schema.h"

namespace foothold::benchmarks {
namespace {

constexpr std::size_t kStateMemory = std::size_t{256} << 20;  // As the service has by default.

intake::Decoder SegmentDecoder() {
  Result<intake::Mapping> mapping = intake::MakeMapping("segment", {});
  FOOTHOLD_CHECK(mapping.has_value(), "there is a preset segment");
  intake::DecoderOptions options;
  options.mapping = *std::move(mapping);
  return intake::Decoder(std::move(options));
}

}  // namespace

std::vector<std::string> SegmentCalls(std::size_t count) {
  Traffic traffic({.events = static_cast<std::int64_t>(count), .users = 1'000, .malformed_ppm = 0});
  std::vector<std::string> calls;
  std::string key;
  std::string value;
  while (traffic.Next(&key, &value)) {
    calls.push_back(value);
  }
  return calls;
}

std::string SegmentCall(const Call& call) {
  const std::string at = FormatRfc3339(call.at);
  return fmt::format(
      R"({{"type":"track","event":"{}","messageId":"{}-{}","userId":"{}","timestamp":"{}",)"
      R"("context":{{"groupId":"acme","traits":{{"role":"{}"}}}},"properties":{{{}}}}})",
      call.event, call.user, call.at.time_since_epoch().count(), call.user, at, call.role,
      call.properties);
}

EventList EventsOf(const std::vector<std::string>& calls) {
  intake::Decoder decoder = SegmentDecoder();
  codec::JournalBatchWriter writer;
  EventList list;
  const std::string source = "product";
  for (const std::string& call : calls) {
    intake::InputRecord record;
    record.value = call;
    const intake::Outcome outcome = decoder.Decode(record);
    const auto* const accepted = std::get_if<intake::Accepted>(&outcome);
    FOOTHOLD_CHECK(accepted != nullptr, "a benchmark's record is accepted");
    log::RecordView place;
    place.topic = "events";
    place.offset = static_cast<std::int64_t>(list.batches.size());
    writer.Append(stream::ToJourney(accepted->event, source, place));
    list.batches.push_back(writer.Take());
  }
  for (const std::string& batch : list.batches) {
    const Result<codec::JournalBatchReader> reader = codec::JournalBatchReader::Open(batch);
    FOOTHOLD_CHECK(reader.has_value(), "what was just written can be read");
    const Result<codec::JournalEntry> entry = reader->entry(0);
    FOOTHOLD_CHECK(entry.has_value(), "what was just written can be read");
    list.events.push_back(std::get<journey::Event>(*entry));
  }
  return list;
}

journey::Playbook ActivationPlaybook() {
  config::Checked<config::CompiledPlaybook> compiled =
      config::LoadPlaybook(FOOTHOLD_SOURCE_DIR "/benchmarks/activation.yaml");
  FOOTHOLD_CHECK(compiled.has_value(), "benchmarks/activation.yaml is right");
  return std::move(compiled->playbook);
}

Tenant::Tenant(const journey::Definition* definition) : definition_(definition) {
  journey::Roster roster;
  roster.sources.push_back({.name = "product",
                            .topic_partitions = {{"events", 1}},
                            .is_required = true,
                            .is_product = true,
                            .history_begin = kEpoch});
  clock_.Apply(roster);
  account_.tenant = "acme";
}

std::vector<journey::OutputRecord> Tenant::Do(const journey::Event& event) {
  std::vector<journey::OutputRecord> records;
  now_ = event.occurred_at - kMinute;
  ++revision_;
  for (const journey::Visit& visit : journey::VisitsOf(*definition_, event)) {
    Run(visit, &event, &records);
  }
  return records;
}

void Tenant::Run(const journey::Visit& visit, const journey::Event* event,
                 std::vector<journey::OutputRecord>* records) {
  journey::Subjects subjects;
  subjects.account = &account_;
  if (const std::string& id = visit.target.user; !id.empty()) {
    subjects.user = &users_[id];
    subjects.user->tenant = account_.tenant;
    subjects.user->id = id;
  }
  const journey::Context context{.clock = now_,
                                 .wall = std::nullopt,
                                 .revision = revision_,
                                 .sources = &clock_,
                                 .app = "bench"};
  journey::Decision decision = journey::Advance(*definition_, context, visit, event, subjects);
  for (journey::OutputRecord& record : decision.records) {
    records->push_back(std::move(record));
  }
  for (const journey::Visit& follow_up : decision.follow_ups) {
    Run(follow_up, nullptr, records);
  }
  for (std::size_t i = 0; i < decision.walks.size(); ++i) {
    for (auto& [id, member] : users_) {
      journey::Visit recheck;
      recheck.kind = journey::VisitKind::kRecheck;
      recheck.target = {.tenant = account_.tenant, .user = id, .email = {}};
      Run(recheck, nullptr, records);
    }
  }
}

TemporaryStore::TemporaryStore() {
  std::string pattern = (std::filesystem::temp_directory_path() / "foothold-parts-XXXXXX").string();
  FOOTHOLD_CHECK(mkdtemp(pattern.data()) != nullptr, "there is a folder for temporary files");
  folder_ = pattern;
  Result<std::unique_ptr<state::Store>> opened =
      state::Store::Open({.path = folder_ + "/0",
                          .identity = "bench/0",
                          .memory = state::SharedMemory::Create(kStateMemory)});
  FOOTHOLD_CHECK(opened.has_value(), "a store can be opened in the folder of temporary files");
  store_ = std::move(*opened);
}

TemporaryStore::~TemporaryStore() {
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string KeyOf(std::uint64_t number) {
  return state::UserKey(fmt::format("account-{:06}", number / 8),
                        fmt::format("user-{:07}", number));
}

}  // namespace foothold::benchmarks
