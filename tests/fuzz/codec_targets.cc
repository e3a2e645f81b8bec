// Batches of the journal, and values of the output topics.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/codec/journal.h"
#include "src/codec/output_reader.h"
#include "src/codec/status_reader.h"
#include "tests/fuzz/targets.h"

namespace foothold::fuzz {
namespace {

// Field numbers on the wire (proto/journal.proto): the checksum's tag, and those of a batch's entry
// and of an entry's control.
constexpr char kChecksumTag = '\x09';
constexpr char kEntryTag = '\x22';
constexpr char kControlTag = '\x22';

// A batch of that body, with the checksum that agrees.
std::string Seal(std::string_view body) {
  const std::uint64_t checksum = Hash64(body);
  std::string batch(1, kChecksumTag);
  for (unsigned shift = 0; shift < 64; shift += 8) {
    batch.push_back(static_cast<char>(checksum >> shift));
  }
  return batch.append(body);
}

void AppendSized(char tag, std::string_view bytes, std::string* out) {
  out->push_back(tag);
  std::size_t size = bytes.size();
  for (; size >= 0x80; size >>= 7U) {
    out->push_back(static_cast<char>(size | 0x80U));
  }
  out->push_back(static_cast<char>(size));
  out->append(bytes);
}

std::string CheckRefusal(const Status& status) {
  if (status.code() != Code::kCorrupt && status.code() != Code::kFatal) {
    return "refused as " + status.ToString();
  }
  return status.message().empty() ? "refused without a word why" : "";
}

// The entries of a batch as a batch of our own: the first that fit.
Result<std::string> WriteAgain(const codec::JournalBatchReader& batch) {
  codec::JournalBatchWriter writer;
  const std::size_t count = std::min(batch.count(), codec::kJournalBatchEntriesMax);
  for (std::size_t i = 0; i < count; ++i) {
    FOOTHOLD_ASSIGN(const codec::JournalEntry entry, batch.entry(i));
    std::visit([&](const auto& known) { writer.Append(known); }, entry);
  }
  return writer.is_empty() ? std::string() : writer.Take();
}

std::string CheckBatch(std::string_view bytes) {
  const Result<codec::JournalBatchReader> batch = codec::JournalBatchReader::Open(bytes);
  if (!batch.has_value()) {
    return CheckRefusal(batch.error());
  }
  const Result<std::string> once = WriteAgain(*batch);
  if (!once.has_value()) {
    return CheckRefusal(once.error());
  }
  if (once->empty()) {
    return "";
  }
  const Result<codec::JournalBatchReader> again = codec::JournalBatchReader::Open(*once);
  if (!again.has_value()) {
    return "what was written cannot be read: " + again.error().message();
  }
  const Result<std::string> twice = WriteAgain(*again);
  if (!twice.has_value()) {
    return "an entry that was written cannot be read: " + twice.error().message();
  }
  return *twice == *once ? "" : "entries are others once they were written";
}

}  // namespace

std::string Journal(std::string_view body) { return CheckBatch(Seal(body)); }

std::string ControlEntry(std::string_view body) {
  std::string entry;
  AppendSized(kControlTag, body, &entry);
  std::string batch;
  AppendSized(kEntryTag, entry, &batch);
  return CheckBatch(Seal(batch));
}

std::string Outputs(std::string_view bytes) {
  static constexpr auto kRecords = std::to_array<std::string_view>(
      {"activation.changed", "dropoff.risk.changed", "onboarding.progress",
       "onboarding.user-status", "onboarding.account-status", "intervention.requested",
       "intervention.cancelled", "intervention.suppressed", "intervention.outcome",
       "intervention.shadow"});
  static codec::OutputReader used;
  if (bytes.empty()) {
    return "";
  }
  const std::string_view record =
      kRecords[static_cast<unsigned char>(bytes.front()) % kRecords.size()];
  bytes.remove_prefix(1);
  codec::OutputReader fresh;
  const Result<std::string> json = used.ToJson(record, "application/protobuf", bytes);
  if (json != fresh.ToJson(record, "application/protobuf", bytes)) {
    return "the reader tells by what it read before";
  }
  if (!json.has_value() && json.error().code() != Code::kInvalid) {
    return "refused as " + json.error().ToString();
  }
  const auto user = codec::DecodeUserStatus(bytes);
  const auto account = codec::DecodeAccountStatus(bytes);
  if ((!user.has_value() && user.error().code() != Code::kInvalid) ||
      (!account.has_value() && account.error().code() != Code::kInvalid)) {
    return "a status is refused by another code than kInvalid";
  }
  return "";
}

}  // namespace foothold::fuzz
