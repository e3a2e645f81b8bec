#include "src/app/command.h"
#include "src/app/version.h"

namespace foothold::app {

std::vector<Command> Commands() {
  return {
      {.name = "version", .summary = "What this binary is and was built with", .run = &RunVersion},
  };
}

}  // namespace foothold::app
