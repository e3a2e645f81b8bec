#pragma once

#include <memory>
#include <string>

#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/config/config.h"
#include "src/log/log.h"

namespace foothold::app {

// The page of a `run`, as `serve` in foothold.yaml has it: a server, and a thread that keeps the
// read model up to date. What goes wrong there later is logged and stops nothing else.
class RunPage {
 public:
  // Null if `serve.listen` is empty. The topics are there; all else outlives the page. kInvalid,
  // kFatal: the address, the token, the folder of the read model.
  static Result<std::unique_ptr<RunPage>> Open(const config::Config& config, log::Log* log,
                                               const WallClock* clock, const Logger* logger);
  ~RunPage();
  RunPage(const RunPage&) = delete;
  RunPage& operator=(const RunPage&) = delete;

 private:
  struct Parts;
  explicit RunPage(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace foothold::app
