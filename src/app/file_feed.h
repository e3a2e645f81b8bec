#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/app/input_file.h"
#include "src/base/status.h"
#include "src/log/memory_log.h"

namespace foothold::app {

// Lays the lines of files into a log in memory, each file a topic of one partition whose offsets
// are the line numbers, no further ahead of their reader than it needs: a file may be larger than
// memory.
//
// A file that has more lines always has some waiting, so that its partition is never taken for read
// to its end. Not thread-safe.
class FileFeed {
 public:
  // Opens the files and makes their topics. `group` is the reader's. kInvalid names a file.
  static Result<std::unique_ptr<FileFeed>> Open(const std::vector<std::string>& paths,
                                                std::string group, log::MemoryLog* log);

  // Tops up what the reader has consumed, and frees that. True once all files are laid in whole.
  Result<bool> TopUp();

  // Of all bytes of the files, how many were taken in: 0 to 1; -1 if that cannot be told.
  double share_read() const;

 private:
  struct Source {
    std::unique_ptr<InputFile> file;
    std::int64_t laid_next = 0;  // One past the last line laid in.
    bool is_at_end = false;
  };

  FileFeed(std::string group, log::MemoryLog* log) : group_(std::move(group)), log_(log) {}
  Status TopUp(Source* source);

  std::string group_;
  log::MemoryLog* log_;
  std::unique_ptr<log::Consumer> asker_;
  std::vector<Source> sources_;
};

}  // namespace foothold::app
