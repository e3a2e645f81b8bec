#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/base/status.h"
#include "src/config/config.h"

namespace foothold::app {

// The records of files in the order of their event times, in one file of its own that goes with the
// object: exports lie by user or by table, and a run of them in that order would decide as if most
// of it had come months late.
//
// A record that has no time of its own, or that cannot be read, stays behind the one before it.
// Not thread-safe.
class SortedEvents {
 public:
  // How much of records is sorted, in memory.
  inline static constexpr std::int64_t kBytesMax = 2LL << 30U;

  // Reads the files as the source of `config` says. kInvalid: a file cannot be read, or there is
  // more than kBytesMax; the message says what to do.
  static Result<std::unique_ptr<SortedEvents>> Make(const std::vector<std::string>& files,
                                                    const config::Config& config);
  ~SortedEvents();
  SortedEvents(const SortedEvents&) = delete;
  SortedEvents& operator=(const SortedEvents&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit SortedEvents(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace foothold::app
