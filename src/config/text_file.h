#pragma once

#include <string>

#include "src/base/status.h"

namespace foothold::config {

// The whole of a file, at most 16 MiB. kInvalid says why it cannot be read.
Result<std::string> ReadTextFile(const std::string& path);

}  // namespace foothold::config
