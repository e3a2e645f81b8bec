#include "src/stream/fold_place.h"

#include <array>
#include <charconv>
#include <system_error>

#include <fmt/format.h>

namespace foothold::stream {
namespace {

constexpr std::string_view kVersion = "1 ";
constexpr const char* kCheckpoint = "checkpoint";  // A counter of meta.

}  // namespace

std::string EncodeCommitNote(const CommitNote& note) {
  return fmt::format("{}{} {} {:d} {} {} {}", kVersion, note.checkpoint.value, note.number,
                     note.is_draining, note.reached.next.value, note.reached.entry,
                     note.reached.steps);
}

std::optional<CommitNote> DecodeCommitNote(std::string_view note) {
  if (!note.starts_with(kVersion)) {
    return std::nullopt;
  }
  note.remove_prefix(kVersion.size());
  std::array<std::int64_t, 6> numbers{};
  const char* at = note.data();
  const char* const end = at + note.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && (at == end || *at++ != ' ')) {
      return std::nullopt;
    }
    const auto [next, error] = std::from_chars(at, end, numbers.at(i));
    if (error != std::errc() || numbers.at(i) < 0) {
      return std::nullopt;
    }
    at = next;
  }
  if (at != end) {
    return std::nullopt;
  }
  return CommitNote{.checkpoint = NextOffset{numbers[0]},
                    .number = static_cast<std::uint64_t>(numbers[1]),
                    .is_draining = numbers[2] != 0,
                    .reached = {.next = NextOffset{numbers[3]},
                                .entry = static_cast<std::uint32_t>(numbers[4]),
                                .steps = static_cast<std::uint64_t>(numbers[5])}};
}

std::uint64_t CheckpointNumber(const codec::Meta& meta) {
  const auto found = meta.counters.find(kCheckpoint);
  return found == meta.counters.end() ? 0 : found->second;
}

void NumberCheckpoint(codec::Meta* meta) { ++meta->counters[kCheckpoint]; }

}  // namespace foothold::stream
