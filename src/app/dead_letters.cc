#include "src/app/dead_letters.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string_view>

#include <fmt/format.h>

#include "src/app/topic_reader.h"

namespace foothold::app {
namespace {

template <class Number>
std::optional<Number> NumberOf(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < 0) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::string> Copy(const std::optional<std::string_view>& bytes) {
  return bytes.has_value() ? std::optional<std::string>(*bytes) : std::nullopt;
}

// Reads what intake added, which stands behind the record's own headers.
bool ReadAdded(std::span<const log::Header> headers, Letter* letter) {
  bool has_place = false;
  for (const log::Header& header : headers) {
    const std::string_view value = header.value.value_or("");
    if (header.key == "dlq_reason") {
      letter->reason = value;
    } else if (header.key == "dlq_detail") {
      letter->detail = value;
    } else if (header.key == "dlq_topic") {
      letter->topic = value;
    } else if (header.key == "dlq_partition") {
      const auto number = NumberOf<std::int32_t>(value);
      has_place = number.has_value();
      letter->source_partition = number.value_or(0);
    } else if (header.key == "dlq_offset") {
      letter->source_offset = NumberOf<std::int64_t>(value).value_or(0);
    } else if (header.key == "dlq_timestamp") {
      const auto read = ParseRfc3339(value);
      if (read.has_value()) {
        letter->timestamp = read->instant;
      }
    } else if (header.key == "dlq_truncated") {
      letter->is_cut = true;
    }
  }
  return has_place && !letter->topic.empty();
}

}  // namespace

std::string ToString(const LetterPlace& place) {
  return fmt::format("{}:{}", place.partition, place.offset);
}

std::optional<LetterPlace> PlaceOf(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    return std::nullopt;
  }
  const auto partition = NumberOf<std::int32_t>(text.substr(0, colon));
  const auto offset = NumberOf<std::int64_t>(text.substr(colon + 1));
  if (!partition.has_value() || !offset.has_value()) {
    return std::nullopt;
  }
  return LetterPlace{.partition = *partition, .offset = *offset};
}

bool IsChosen(const LetterChoice& choice, const Letter& letter) {
  return (choice.reason.empty() || choice.reason == letter.reason) &&
         (choice.topic.empty() || choice.topic == letter.topic) &&
         (choice.places.empty() || choice.places.contains(letter.place));
}

std::optional<Letter> LetterOf(const log::RecordView& record) {
  const auto reason =
      std::find_if(record.headers.rbegin(), record.headers.rend(),
                   [](const log::Header& header) { return header.key == "dlq_reason"; });
  if (reason == record.headers.rend()) {
    return std::nullopt;
  }
  const auto added = static_cast<std::size_t>(record.headers.rend() - reason) - 1;
  Letter letter{.place = {.partition = record.partition.value, .offset = record.offset},
                .at = record.timestamp};
  if (!ReadAdded(record.headers.subspan(added), &letter)) {
    return std::nullopt;
  }
  letter.key = Copy(record.key);
  letter.value = Copy(record.value);
  for (const log::Header& header : record.headers.first(added)) {
    letter.headers.emplace_back(std::string(header.key), Copy(header.value));
  }
  return letter;
}

std::optional<LetterPlace> RequeuedBy(const log::RecordView& record) {
  for (const log::Header& header : record.headers) {
    if (header.key == kRequeuedHeader) {
      return PlaceOf(header.value.value_or(""));
    }
  }
  return std::nullopt;
}

Status ReadLetters(log::Log* log, const std::string& topic, const TakeLetter& take) {
  FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches, StretchesOf(log, topic));
  return ReadStretches(log, stretches, [&](const log::RecordView& record) -> Result<bool> {
    std::optional<Letter> letter = LetterOf(record);
    if (letter.has_value()) {
      FOOTHOLD_TRY(take(*std::move(letter)));
    }
    return true;
  });
}

Result<std::set<LetterPlace>> ReadRequeued(log::Log* log, const std::string& topic) {
  FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches, StretchesOf(log, topic));
  std::set<LetterPlace> requeued;
  FOOTHOLD_TRY(ReadStretches(log, stretches, [&](const log::RecordView& record) -> Result<bool> {
    if (const std::optional<LetterPlace> place = RequeuedBy(record); place.has_value()) {
      requeued.insert(*place);
    }
    return true;
  }));
  return requeued;
}

}  // namespace foothold::app
