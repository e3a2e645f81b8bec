#include "src/app/sorted_events.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "src/app/input_file.h"
#include "src/intake/decoder.h"

namespace foothold::app {
namespace {

struct TimedLine {
  Instant at;
  std::string text;
};

std::optional<Instant> TimeOf(const intake::Outcome& outcome) {
  if (const auto* accepted = std::get_if<intake::Accepted>(&outcome)) {
    return accepted->event.occurred_at;
  }
  const auto* const unplaced = std::get_if<intake::Unplaced>(&outcome);
  return unplaced == nullptr || unplaced->flaw.has_value()
             ? std::nullopt
             : std::optional(unplaced->accepted.event.occurred_at);
}

class Reader {
 public:
  explicit Reader(intake::DecoderOptions options) : decoder_(std::move(options)) {}

  Status Read(const std::string& path) {
    FOOTHOLD_ASSIGN(const std::unique_ptr<InputFile> file, InputFile::Open(path));
    Instant last = kEpoch;  // Of the record before.
    while (true) {
      FOOTHOLD_ASSIGN(const std::optional<InputFile::Line> line, file->Next());
      if (!line.has_value()) {
        return {};
      }
      bytes_ += static_cast<std::int64_t>(line->text.size());
      if (bytes_ > SortedEvents::kBytesMax) {
        return Status(Code::kInvalid,
                      fmt::format("the files have more than {} GiB of records, which is more than "
                                  "is sorted here: sort them by time and give --in-order",
                                  SortedEvents::kBytesMax >> 30U));
      }
      last = TimeOf(decoder_.Decode({.value = line->text,
                                     .schema_header = std::nullopt,
                                     .broker_time = std::nullopt,
                                     .event_time_max = max_}))
                 .value_or(last);
      max_ = std::max(max_.value_or(last), last);
      lines_.push_back({.at = last, .text = std::string(line->text)});
    }
  }

  std::vector<TimedLine> Sorted() {
    std::ranges::stable_sort(lines_, {}, &TimedLine::at);
    return std::move(lines_);
  }

 private:
  intake::Decoder decoder_;
  std::vector<TimedLine> lines_;
  std::optional<Instant> max_;
  std::int64_t bytes_ = 0;
};

Result<std::string> MakeFile() {
  std::error_code error;
  std::string path = (std::filesystem::temp_directory_path(error) / "foothold-XXXXXX").string();
  const int file = error ? -1 : mkstemp(path.data());
  if (file < 0) {
    return Error(Code::kFatal, fmt::format("{}: no file can be made there: {}", path,
                                           error ? error.message() : std::strerror(errno)));
  }
  close(file);
  return path;
}

}  // namespace

Result<std::unique_ptr<SortedEvents>> SortedEvents::Make(const std::vector<std::string>& files,
                                                         const config::Config& config) {
  const config::Source& source = config.sources.front();
  FOOTHOLD_ASSIGN(intake::Mapping mapping, intake::MakeMapping(source.preset, source.mapping));
  Reader reader({.mapping = std::move(mapping),
                 .record_bytes_max = static_cast<std::size_t>(config.record_bytes_max),
                 .is_product = source.is_product});
  for (const std::string& path : files) {
    FOOTHOLD_TRY(reader.Read(path));
  }
  FOOTHOLD_ASSIGN(std::string path, MakeFile());
  std::unique_ptr<SortedEvents> sorted(new SortedEvents(std::move(path)));
  std::ofstream out(sorted->path_, std::ios::binary | std::ios::trunc);
  for (const TimedLine& line : reader.Sorted()) {
    out << line.text << '\n';
  }
  out.flush();
  if (!out.good()) {
    return Error(Code::kFatal,
                 fmt::format("{} cannot be written: {}", sorted->path_, std::strerror(errno)));
  }
  return sorted;
}

SortedEvents::~SortedEvents() {
  std::error_code error;
  std::filesystem::remove(path_, error);
}

}  // namespace foothold::app
