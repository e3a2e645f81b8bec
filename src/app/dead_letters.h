#pragma once

// The dead letter as the commands see it: what could not be used, why, and where it came from.

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/log/log.h"

namespace foothold::app {

// Where a letter lies in the dead letter's topic: "2:17".
struct LetterPlace {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  friend auto operator<=>(const LetterPlace&, const LetterPlace&) = default;
};
std::string ToString(const LetterPlace& place);
// nullopt: not of that form.
std::optional<LetterPlace> PlaceOf(std::string_view text);

struct Letter {
  LetterPlace place;
  Instant at;  // When it was written.
  std::string reason = {};
  std::string detail = {};
  std::string topic = {};  // The source's, and where in it.
  std::int32_t source_partition = 0;
  std::int64_t source_offset = 0;
  std::optional<Instant> timestamp = {};  // The source record's.
  bool is_cut = false;                    // The value is not whole.
  // As they came.
  std::optional<std::string> key = {};
  std::optional<std::string> value = {};
  std::vector<std::pair<std::string, std::optional<std::string>>> headers = {};
};

// Which letters are meant; what is empty selects all.
struct LetterChoice {
  std::string reason;
  std::string topic;
  std::set<LetterPlace> places;
};
bool IsChosen(const LetterChoice& choice, const Letter& letter);

// A mark in the dead letter's topic: the letter at that place went back to its source.
inline constexpr const char* kRequeuedHeader = "dlq_requeued";

// What a record of the topic is; neither: a stranger's.
std::optional<Letter> LetterOf(const log::RecordView& record);
std::optional<LetterPlace> RequeuedBy(const log::RecordView& record);

// Reads the whole topic. kInvalid: it does not exist.
using TakeLetter = std::function<Status(Letter letter)>;
Status ReadLetters(log::Log* log, const std::string& topic, const TakeLetter& take);
// The places of letters that went back already.
Result<std::set<LetterPlace>> ReadRequeued(log::Log* log, const std::string& topic);

}  // namespace foothold::app
