#include "src/app/input_file.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace foothold::app {
namespace {

constexpr std::size_t kChunkBytes = 1U << 18U;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\f\v") == std::string_view::npos;
}

}  // namespace

// zlib reads what is not gzip as it is.
struct InputFile::Stream {
  explicit Stream(gzFile opened) : file(opened) {}
  ~Stream() { gzclose(file); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  gzFile file;
};

InputFile::InputFile(std::string path, std::unique_ptr<Stream> stream)
    : path_(std::move(path)), stream_(std::move(stream)) {}

InputFile::~InputFile() = default;

Result<std::unique_ptr<InputFile>> InputFile::Open(const std::string& path) {
  const int descriptor = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return Error(Code::kInvalid, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  struct stat info {};
  if (fstat(descriptor, &info) == 0 && S_ISDIR(info.st_mode)) {
    close(descriptor);
    return Error(Code::kInvalid, fmt::format("{}: is a folder, not a file of events", path));
  }
  gzFile file = gzdopen(descriptor, "rb");
  if (file == nullptr) {
    close(descriptor);
    return Error(Code::kInvalid, fmt::format("{}: out of memory", path));
  }
  gzbuffer(file, kChunkBytes);
  return std::unique_ptr<InputFile>(new InputFile(path, std::make_unique<Stream>(file)));
}

Status InputFile::Fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  const std::size_t held = buffer_.size();
  buffer_.resize(held + kChunkBytes);
  const int got = gzread(stream_->file, buffer_.data() + held, kChunkBytes);
  buffer_.resize(held + static_cast<std::size_t>(got < 0 ? 0 : got));
  int error = Z_OK;
  const char* text = gzerror(stream_->file, &error);
  // A gzip file that ends in the middle gives its bytes first and Z_BUF_ERROR then.
  if (got < 0 || (got == 0 && error != Z_OK && error != Z_STREAM_END)) {
    if (error == Z_ERRNO) {
      return Error(Code::kFatal, fmt::format("{}: cannot be read after line {}: {}", path_,
                                             next_number_, std::strerror(errno)));
    }
    // zlib's words begin with the descriptor: "<fd:3>: unexpected end of file".
    std::string_view why = text;
    why.remove_prefix(why.find(">: ") == std::string_view::npos ? 0 : why.find(">: ") + 3);
    return Error(Code::kFatal, fmt::format("{}: is damaged after line {} ({}): get it again, or "
                                           "mend it with gzip",
                                           path_, next_number_, why));
  }
  is_at_end_ = got == 0;
  return {};
}

Result<std::optional<InputFile::Line>> InputFile::Next() {
  while (true) {
    const std::size_t end = buffer_.find('\n', begin_);
    if (end == std::string::npos && !is_at_end_) {
      FOOTHOLD_TRY(Fill());
      continue;
    }
    if (end == std::string::npos && begin_ == buffer_.size()) {
      return std::optional<Line>();
    }
    const std::size_t stop = end == std::string::npos ? buffer_.size() : end;
    std::string_view text = std::string_view(buffer_).substr(begin_, stop - begin_);
    begin_ = end == std::string::npos ? stop : end + 1;
    const std::int64_t number = next_number_++;
    if (IsBlank(text)) {
      continue;
    }
    if (text.back() == '\r') {
      text.remove_suffix(1);
    }
    return std::optional<Line>({.number = number, .text = text});
  }
}

std::int64_t InputFile::bytes_read() const { return gzoffset(stream_->file); }

}  // namespace foothold::app
