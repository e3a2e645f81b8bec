#include "src/app/file_feed.h"

#include <algorithm>
#include <filesystem>
#include <utility>

namespace foothold::app {
namespace {

// Several polls' worth, so that one turn of the reader never empties a partition.
constexpr std::int64_t kLinesAheadMax = 4'000;
constexpr milliseconds kAtOnce{0};

}  // namespace

Result<std::unique_ptr<FileFeed>> FileFeed::Open(const std::vector<std::string>& paths,
                                                 std::string group, log::MemoryLog* log) {
  std::unique_ptr<FileFeed> feed(new FileFeed(std::move(group), log));
  FOOTHOLD_ASSIGN(feed->asker_, log->NewConsumer({.reads_uncommitted = true}));
  for (const std::string& path : paths) {
    Source source;
    FOOTHOLD_ASSIGN(source.file, InputFile::Open(path));
    FOOTHOLD_TRY(log->CreateInputTopic(path));
    feed->sources_.push_back(std::move(source));
  }
  return feed;
}

Result<bool> FileFeed::TopUp() {
  log_->TrimConsumed(group_);
  bool is_done = true;
  for (Source& source : sources_) {
    if (!source.is_at_end) {
      FOOTHOLD_TRY(TopUp(&source));
    }
    is_done = is_done && source.is_at_end;
  }
  return is_done;
}

double FileFeed::share_read() const {
  double read = 0;
  double all = 0;
  for (const Source& source : sources_) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(source.file->path(), error);
    if (error) {  // Standard input, a pipe.
      return -1;
    }
    read += static_cast<double>(source.file->bytes_read());
    all += static_cast<double>(size);
  }
  return all > 0 ? std::min(1.0, read / all) : -1;
}

Status FileFeed::TopUp(Source* source) {
  FOOTHOLD_ASSIGN(const log::Watermarks range,
                  asker_->QueryWatermarks({source->file->path(), PartitionId{0}}, kAtOnce));
  while (source->laid_next - range.low < kLinesAheadMax) {
    FOOTHOLD_ASSIGN(const std::optional<InputFile::Line> line, source->file->Next());
    if (!line.has_value()) {
      source->is_at_end = true;
      return {};
    }
    FOOTHOLD_TRY(StatusOf(log_->AppendInput({.topic = source->file->path(),
                                             .partition = PartitionId{0},
                                             .key = std::nullopt,
                                             .value = line->text,
                                             .headers = {},
                                             .timestamp = kEpoch},  // It has none.
                                            NextOffset{line->number})));
    source->laid_next = line->number + 1;
  }
  return {};
}

}  // namespace foothold::app
