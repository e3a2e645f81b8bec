#include "src/app/company_feed.h"

#include <array>
#include <utility>

#include "src/base/hash.h"

namespace foothold::app {

Result<std::unique_ptr<CompanyFeed>> CompanyFeed::Open(const CompanyOptions& options,
                                                       const std::string& topic,
                                                       std::int32_t partitions,
                                                       log::MemoryLog* log) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, log->NewAdmin());
  const std::array<log::TopicSpec, 1> specs{{{.name = topic, .partitions = partitions}}};
  FOOTHOLD_TRY(admin->CreateTopics(specs));
  return std::unique_ptr<CompanyFeed>(new CompanyFeed(options, topic, partitions, log));
}

Result<bool> CompanyFeed::LayIn(Instant until, std::size_t count_max) {
  for (std::size_t i = 0; i < count_max; ++i) {
    if (!next_.has_value() || next_->at >= until) {
      reached_ = std::max(reached_, until);
      return true;
    }
    FOOTHOLD_TRY(StatusOf(
        log_->AppendInput({.topic = topic_,
                           .partition = PartitionId{PartitionOfKey(next_->key, partitions_)},
                           .key = next_->key,
                           .value = next_->value,
                           .headers = {},
                           .timestamp = next_->at})));
    reached_ = next_->at;
    ++record_count_;
    next_ = company_.Next();
  }
  return false;
}

}  // namespace foothold::app
