#include "state/room.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace foothold::state {
namespace {

// Opening writes some 30 KB, in a few files.
constexpr off_t kRoomBytes = 64L << 10;

}  // namespace

Status CheckRoom(const std::string& path) {
  const std::string probe = path + "/ROOM";
  const int file = open(probe.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  const int error = file < 0 ? errno : posix_fallocate(file, 0, kRoomBytes);
  if (file >= 0) {
    close(file);
    unlink(probe.c_str());
  }
  if (error == 0) {
    return Status();
  }
  const bool is_full = error == ENOSPC || error == EFBIG || error == EDQUOT;
  return Error(Code::kFatal,
               fmt::format("state store {}: cannot open: {}; {}", path, std::strerror(error),
                           is_full ? "make room on that disk, then start again"
                                   : "check that disk and folder"));
}

}  // namespace foothold::state
