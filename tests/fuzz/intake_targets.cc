// The way of a source's record into the journal.

#include <string>
#include <string_view>
#include <tuple>
#include <variant>

#include <fmt/format.h>

#include "src/codec/journal.h"
#include "src/intake/decoder.h"
#include "src/stream/accepted_event.h"
#include "src/stream/progress_note.h"
#include "tests/fuzz/decoders.h"
#include "tests/fuzz/targets.h"

namespace foothold::fuzz {
namespace {

auto PartsOf(const journey::Event& event) {
  return std::tuple(event.kind, event.tenant, event.user, event.id, event.fingerprint, event.name,
                    event.occurred_at, event.is_product, event.role, event.is_role_override,
                    event.previous_user, event.properties.bytes(), event.traits.bytes(),
                    event.position);
}

const std::string kSource = "product";  // Events keep a view of it.

std::string CheckRead(const Result<codec::JournalBatchReader>& batch, const journey::Event& event) {
  if (!batch.has_value()) {
    return "the batch cannot be read: " + batch.error().message();
  }
  const Result<codec::JournalEntry> entry = batch->entry(0);
  if (!entry.has_value()) {
    return "the entry cannot be read: " + entry.error().message();
  }
  const auto* const record = std::get_if<codec::PersonRecord>(&*entry);
  const journey::Event& read = record != nullptr ? record->event : std::get<journey::Event>(*entry);
  return PartsOf(read) == PartsOf(event) ? "" : "the event came back as another";
}

std::string ThroughTheJournal(const intake::Accepted& accepted, const log::RecordView& record) {
  const journey::Event event = stream::ToJourney(accepted.event, kSource, record);
  codec::JournalBatchWriter writer;
  writer.Append(event);
  const std::string bytes = writer.Take();
  return CheckRead(codec::JournalBatchReader::Open(bytes), event);
}

// As stream::PeopleFeed does it.
std::string ThroughThePeopleTopic(const intake::Unplaced& unplaced, const log::RecordView& record) {
  codec::PersonRecord entry{.event = stream::ToJourney(unplaced.accepted.event, kSource, record),
                            .at = kBrokerTime};
  if (unplaced.flaw.has_value()) {
    entry.flaw = intake::RejectReasonName(unplaced.flaw->reason);
    entry.flaw_detail = unplaced.flaw->detail;
  }
  entry.raw = codec::RawRecord{
      .key = record.key, .value = record.value, .headers = {}, .timestamp = record.timestamp};
  codec::JournalBatchWriter writer;
  writer.Append(entry);
  const std::string bytes = writer.Take();
  return CheckRead(codec::JournalBatchReader::Open(bytes), entry.event);
}

}  // namespace

std::string Intake(std::string_view bytes) {
  if (bytes.empty()) {
    return "";
  }
  const auto presets = intake::PresetNames();
  const std::string& preset = presets[static_cast<unsigned char>(bytes.front()) % presets.size()];
  bytes.remove_prefix(1);
  intake::Decoder decoder(OptionsOf(preset));
  const intake::Outcome outcome = decoder.Decode(LiveRecord(bytes));
  const log::RecordView record{.topic = "events",
                               .partition = PartitionId{3},
                               .offset = 17,
                               .timestamp = kBrokerTime,
                               .key = std::string_view("key"),
                               .value = bytes,
                               .headers = {}};
  if (const auto* const accepted = std::get_if<intake::Accepted>(&outcome)) {
    return ThroughTheJournal(*accepted, record);
  }
  if (const auto* const unplaced = std::get_if<intake::Unplaced>(&outcome)) {
    return ThroughThePeopleTopic(*unplaced, record);
  }
  return "";
}

std::string ProgressNote(std::string_view note) {
  const intake::ReadProgress read = stream::DecodeProgressNote(note);
  const std::string written = stream::EncodeProgressNote(read);
  if (stream::EncodeProgressNote(stream::DecodeProgressNote(written)) != written) {
    return fmt::format("'{}' is not what is read of it", written);
  }
  return "";
}

}  // namespace foothold::fuzz
