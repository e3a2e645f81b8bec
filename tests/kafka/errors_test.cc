#include "src/kafka/errors.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace foothold::kafka {
namespace {

enum class Flag { kNone, kRetriable, kAbortable, kFatal };

struct Row {
  rd_kafka_resp_err_t error;
  Flag flag;
  Code code;
};

Code CodeFor(const Row& row) {
  return CodeOf({.error = row.error,
                 .is_retriable = row.flag == Flag::kRetriable,
                 .is_abortable = row.flag == Flag::kAbortable,
                 .is_fatal = row.flag == Flag::kFatal});
}

// One line for each that was seen on a real broker.
TEST(ErrorsTest, EveryMeasuredErrorHasTheCodeThatSaysWhatToDo) {
  const std::vector<Row> rows = {
      {RD_KAFKA_RESP_ERR__TRANSPORT, Flag::kRetriable, Code::kRetry},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, Flag::kRetriable, Code::kRetry},
      {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, Flag::kRetriable, Code::kRetry},
      {RD_KAFKA_RESP_ERR__QUEUE_FULL, Flag::kNone, Code::kRetry},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, Flag::kNone, Code::kRetry},
      {RD_KAFKA_RESP_ERR__TIMED_OUT, Flag::kAbortable, Code::kAborted},
      {RD_KAFKA_RESP_ERR__STATE, Flag::kAbortable, Code::kAborted},
      {RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION, Flag::kAbortable, Code::kAborted},
      {RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID, Flag::kAbortable, Code::kAborted},
      {RD_KAFKA_RESP_ERR__FENCED, Flag::kFatal, Code::kFenced},
      {RD_KAFKA_RESP_ERR_INVALID_TXN_STATE, Flag::kFatal, Code::kFenced},
      {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, Flag::kFatal, Code::kFenced},
      {RD_KAFKA_RESP_ERR__FATAL, Flag::kNone, Code::kFenced},
      {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, Flag::kFatal, Code::kFenced},
      {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, Flag::kNone, Code::kRetry},
      {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, Flag::kNone, Code::kFatal},
      {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT, Flag::kFatal, Code::kFatal},
      {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, Flag::kFatal, Code::kFatal},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Flag::kAbortable, Code::kFatal},
      {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, Flag::kNone, Code::kFatal},
      {RD_KAFKA_RESP_ERR__AUTHENTICATION, Flag::kNone, Code::kFatal},
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Flag::kNone, Code::kRetry},
      {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, Flag::kNone, Code::kRetry},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, Flag::kNone, Code::kInvalid},
  };

  for (const Row& row : rows) {
    EXPECT_EQ(CodeName(CodeFor(row)), CodeName(row.code)) << rd_kafka_err2name(row.error);
  }
}

TEST(ErrorsTest, AnErrorThatNothingIsKnownOfAsksForNewHandles) {
  EXPECT_EQ(CodeOf({.error = RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE}), Code::kFenced);
}

TEST(ErrorsTest, AMessageNamesWhatFailedTheErrorAndTheRemedy) {
  const Status status = StatusFrom("starting shop-intake-0-0",
                                   RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED);

  EXPECT_EQ(status.code(), Code::kFatal);
  EXPECT_EQ(
      status.message(),
      "starting shop-intake-0-0: Broker: Transactional Id authorization failed "
      "(TRANSACTIONAL_ID_AUTHORIZATION_FAILED); grant Write and Describe on the transactional "
      "id");
}

TEST(ErrorsTest, ADeniedCallOnATopicNamesTheRightThatItNeeds) {
  const Status denied = StatusOfTopicCall("creating topic shop-journal", "Create",
                                          RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const Status other = StatusOfTopicCall("creating topic shop-journal", "Create",
                                         RD_KAFKA_RESP_ERR_POLICY_VIOLATION);

  EXPECT_EQ(denied.code(), Code::kFatal);
  EXPECT_EQ(denied.message(),
            "creating topic shop-journal: Broker: Topic authorization failed "
            "(TOPIC_AUTHORIZATION_FAILED); grant Create on the topic");
  EXPECT_EQ(other.message().find("grant"), std::string::npos) << other.message();
}

}  // namespace
}  // namespace foothold::kafka
