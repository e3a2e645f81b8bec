#include "src/app/command.h"
#include "src/app/replay.h"
#include "src/app/version.h"

namespace foothold::app {

std::vector<Command> Commands() {
  return {
      {.name = "replay",
       .summary = "Events of files, or a journal, through the engine; one JSON line a record",
       .run = &RunReplay},
      {.name = "version", .summary = "What this binary is and was built with", .run = &RunVersion},
  };
}

}  // namespace foothold::app
