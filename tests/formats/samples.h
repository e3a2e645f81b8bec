#pragma once

// The formats of what is kept or sent: what today's build writes of each, and what it reads of any.
//
//   samples/<format>/v<version>/<name>       the bytes, for ever
//   samples/<format>/v<version>/<name>.txt   what is read from them

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/status.h"

namespace foothold::formats {

struct Sample {
  std::string format;
  std::string name;
  std::string bytes;
};

// One or more of every format, the same at every run. A record of the state is
//
//   record := size1 key value      as it stands in the changelog and in the store
std::vector<Sample> SamplesOfToday();

struct Opened {
  int version = 0;                   // Of the bytes.
  std::string text;                  // All that was read, without an end of line.
  std::optional<std::string> again;  // What was read, as today's build writes it; not of outputs.
};
// Errors are the decoders' own; kInvalid if there is no such format. `name`: of an output record
// what stands before '@' is the record's.
Result<Opened> Open(std::string_view format, std::string_view name, std::string_view bytes);

}  // namespace foothold::formats
