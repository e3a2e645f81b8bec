#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"

namespace foothold::app {

// The lines of a file of events: plain or gzip (told by its content), or standard input ("-").
//
// Not thread-safe.
class InputFile {
 public:
  struct Line {
    std::int64_t number = 0;  // From 0; blank lines have numbers too.
    std::string_view text;    // Without its end ("\n" or "\r\n"); lives until the next call.
  };

  // kInvalid names the path and why it cannot be read.
  static Result<std::unique_ptr<InputFile>> Open(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  // The next line that is not blank; nullopt at the end. A last line without an end counts. kFatal:
  // the file is damaged or cannot be read further; it names the path and the line.
  Result<std::optional<Line>> Next();

  const std::string& path() const { return path_; }
  // Bytes of the file taken in so far, as they lie on the disk.
  std::int64_t bytes_read() const;

 private:
  struct Stream;
  InputFile(std::string path, std::unique_ptr<Stream> stream);
  Status Fill();

  std::string path_;
  std::unique_ptr<Stream> stream_;
  std::string buffer_;  // What was read and not given yet, from `begin_` on.
  std::size_t begin_ = 0;
  std::int64_t next_number_ = 0;
  bool is_at_end_ = false;
};

}  // namespace foothold::app
