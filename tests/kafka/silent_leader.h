#pragma once

// A member of a group that leads it and never hands its partitions out: whoever joins beside it is
// left between joining and the first assignment.

#include <string>

#include "src/base/status.h"

namespace foothold::kafka {

// Not thread-safe. Its membership ends with its session, half a minute after the last join.
class SilentLeader {
 public:
  // `servers` as of TestBroker::servers(), one node. It does not join yet.
  SilentLeader(const std::string& servers, std::string group);
  ~SilentLeader();
  SilentLeader(const SilentLeader&) = delete;
  SilentLeader& operator=(const SilentLeader&) = delete;

  // Joins, or joins again, and waits until all members have. How many they are, or kRetry
  // while the broker takes no members (its group is still being loaded, or its topic made).
  Result<int> Join();

 private:
  Result<std::string> Ask(std::string request);

  const std::string group_;
  std::string member_;
  int socket_ = -1;
};

}  // namespace foothold::kafka
