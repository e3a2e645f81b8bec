#pragma once

#include <memory>
#include <string>

#include "src/base/status.h"

namespace foothold::app {

// The folder of an app's state, held by this process alone from Claim() to the destructor, or to
// the end of the process, however it ends.
//
// Thread-safe: there is nothing to call.
class StateFolder {
 public:
  // Makes the folder where it is missing. kFatal: it cannot be made or written, or another process
  // holds it; the message names it and the remedy.
  static Result<std::unique_ptr<StateFolder>> Claim(const std::string& path);

  ~StateFolder();
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

 private:
  explicit StateFolder(int lock) : lock_(lock) {}

  int lock_;  // A descriptor of the lock file.
};

}  // namespace foothold::app
