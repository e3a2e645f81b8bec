#include "src/app/state_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

namespace foothold::app {

Result<std::unique_ptr<StateFolder>> StateFolder::Claim(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return Error(Code::kFatal,
                 fmt::format("state folder {} cannot be made: {}; correct state.dir or the "
                             "permissions above it",
                             path, error.message()));
  }
  const std::string lock_path = path + "/LOCK";
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) {
    return Error(Code::kFatal,
                 fmt::format("state folder {} cannot be written: {}; correct state.dir or its "
                             "permissions",
                             path, std::strerror(errno)));
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    close(lock);
    return Error(Code::kFatal,
                 why == EWOULDBLOCK
                     ? fmt::format("state folder {} is in use by another process: stop that one, "
                                   "or give this one its own instance name and state.dir",
                                   path)
                     : fmt::format("state folder {} cannot be locked: {}; state.dir must lie on a "
                                   "local file system",
                                   path, std::strerror(why)));
  }
  return std::unique_ptr<StateFolder>(new StateFolder(lock));
}

StateFolder::~StateFolder() { close(lock_); }

}  // namespace foothold::app
