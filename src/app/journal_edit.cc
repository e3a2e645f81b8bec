#include "src/app/journal_edit.h"

#include <algorithm>
#include <variant>

namespace foothold::app {
namespace {

constexpr milliseconds kReleaseApart = kMinute;

// The wall stamp of an entry that shows that all partitions it tells of were read to their ends.
std::optional<Instant> ReadOutAt(const journey::Progress& progress) {
  const bool is_read_out = std::ranges::all_of(
      progress.partitions, [](const auto& entry) { return entry.second.is_at_end; });
  return is_read_out && !progress.people.has_value() ? progress.wall : std::nullopt;
}

}  // namespace

Result<std::string> JournalEdit::Rewrite(PartitionId partition, std::string_view batch) {
  FOOTHOLD_ASSIGN(const codec::JournalBatchReader reader, codec::JournalBatchReader::Open(batch));
  writer_.Clear();
  Instant& released_at = released_at_[partition];
  for (std::size_t i = 0; i < reader.count(); ++i) {
    FOOTHOLD_ASSIGN(codec::JournalEntry entry, reader.entry(i));
    if (auto* const control = std::get_if<codec::Control>(&entry)) {
      if (auto* const publish = std::get_if<codec::PublishPlaybook>(&control->action)) {
        publish->playbook = playbook_;
      } else if (std::holds_alternative<codec::PreparePlaybook>(control->action)) {
        // It holds already, and keeps its number.
        control->action = codec::PublishPlaybook{.playbook = playbook_};
      }
    } else if (auto* const recollection = std::get_if<codec::Recollection>(&entry)) {
      recollection->trackers.clear();  // It was kept when it came.
    } else if (const auto* const release = std::get_if<codec::Release>(&entry)) {
      released_at = std::max(released_at, release->wall);
    }
    std::visit([&](const auto& known) { writer_.Append(known); }, entry);
    const auto* const progress = std::get_if<journey::Progress>(&entry);
    const std::optional<Instant> stamp = progress == nullptr ? std::nullopt : ReadOutAt(*progress);
    const bool has_room = writer_.count() + (reader.count() - i) < codec::kJournalBatchEntriesMax;
    if (stamp.has_value() && *stamp - released_at >= kReleaseApart && has_room) {
      writer_.Append(codec::Release{.wall = *stamp});
      released_at = *stamp;
    }
  }
  return writer_.is_empty() ? std::string(batch) : writer_.Take();
}

}  // namespace foothold::app
