#include "src/config/text_file.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include <fmt/format.h>

namespace foothold::config {
namespace {

constexpr std::size_t kBytesMax = std::size_t{16} << 20U;
constexpr std::size_t kChunkBytes = 64 * 1024;

std::string Reason(int error) { return std::generic_category().message(error); }

}  // namespace

Result<std::string> ReadTextFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) {
    return Error(Code::kInvalid, fmt::format("cannot be opened: {}", Reason(errno)));
  }
  std::string text;
  std::string chunk(kChunkBytes, '\0');
  std::size_t size = 0;
  while ((size = std::fread(chunk.data(), 1, chunk.size(), file.get())) > 0) {
    text.append(chunk, 0, size);
    if (text.size() > kBytesMax) {
      return Error(Code::kInvalid, fmt::format("larger than {} bytes", kBytesMax));
    }
  }
  // A directory opens and fails here.
  if (std::ferror(file.get()) != 0) {
    return Error(Code::kInvalid, fmt::format("cannot be read: {}", Reason(errno)));
  }
  return text;
}

}  // namespace foothold::config
