#pragma once

// Rights on the tests' broker, given by a request of Kafka's own: librdkafka 2.0 knows no
// transactional ids in them.

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/status.h"

namespace foothold::kafka {

// Kafka's numbers.
enum class AclResource : std::int8_t { kTopic = 2, kGroup = 3, kTransactionalId = 5 };
enum class AclPattern : std::int8_t { kLiteral = 3, kPrefixed = 4 };
enum class AclOperation : std::int8_t {
  kRead = 3,
  kWrite = 4,
  kCreate = 5,
  kDescribe = 8,
  kDescribeConfigs = 10,
};

struct Right {
  std::string user;
  AclResource resource = AclResource::kTopic;
  AclPattern pattern = AclPattern::kLiteral;
  std::string name;
  AclOperation operation = AclOperation::kRead;
};

// `servers`: one "127.0.0.1:port" where nobody logs in and everything is allowed. Blocks. kFatal:
// there is no answer, or one right at least was refused.
Status Grant(const std::string& servers, const std::vector<Right>& rights);

}  // namespace foothold::kafka
