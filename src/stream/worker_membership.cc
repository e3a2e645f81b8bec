// Whether a worker that lost its partitions is a member of its group again.

#include <utility>

#include <fmt/format.h>

#include "src/stream/worker.h"

namespace foothold::stream {
namespace {

// How long a group may take to settle beyond the session of whoever is gone.
constexpr milliseconds kRejoinSlack{30'000};

}  // namespace

// A client whose session ended while its brokers were away was seen never to join again: it polls,
// is given nothing, and nothing fails. With new handles it is a member at once.
Status Worker::CheckMembership() {
  const Instant now = around_.clock->Now();
  if (!lost_at_.has_value() || now - *lost_at_ - kRejoinSlack < options_.consumer.session_timeout) {
    return Status();
  }
  const milliseconds since = now - *lost_at_;
  lost_at_ = now;  // If this changes nothing, it is tried again as much later.
  // Where nobody answers nobody can join, and new handles could not be opened.
  const log::TopicPartition any{options_.subscription.front(), PartitionId{0}};
  if (!consumer_->QueryWatermarks(any, options_.call_timeout).has_value()) {
    return Status();
  }
  return Error(Code::kFenced, fmt::format("group {} has given it no partitions since it lost its "
                                          "own {} ago",
                                          options_.consumer.group, FormatDuration(since)));
}

}  // namespace foothold::stream
