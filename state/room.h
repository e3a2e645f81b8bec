#pragma once

#include <string>

#include "src/base/status.h"

namespace foothold::state {

// Whether there is room in the folder to open a store in: RocksDB as it is packaged ends the
// process with an assertion when the disk is full at that moment. kFatal names the folder and the
// remedy. Leaves nothing behind.
Status CheckRoom(const std::string& path);

}  // namespace foothold::state
