// What an operator reads when something is wrong: one clear line, the right code, no secret.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::kafka {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr milliseconds kShort{200};
// Nothing listens there.
constexpr const char* kNobody = "127.0.0.1:1";

Properties Credentials(const std::string& user, const std::string& password) {
  return {{"security.protocol", "SASL_PLAINTEXT"},
          {"sasl.mechanism", "PLAIN"},
          {"sasl.username", user},
          {"sasl.password", password}};
}

// The first failure of Poll() within patience.
Status FirstFailure(log::Consumer* consumer) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    Result<log::Batch> batch = consumer->Poll(kShort);
    if (!batch.has_value()) {
      return batch.error();
    }
    if (batch->change) {
      Accept(consumer, *batch->change);
    }
  }
  return Status();
}

void ExpectFailure(const Status& status, Code code, const std::string& part) {
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(CodeName(status.code()), CodeName(code)) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(part));
}

TEST(KafkaFailureTest, WithoutABrokerEveryFirstCallSaysThatNoneAnswers) {
  const auto log = OpenLog(kNobody);
  const std::string expected = "no broker of 127.0.0.1:1 answers";

  const auto producer = Must(log->NewProducer({.transactional_id = "id", .topics = {"topic"}}));
  ExpectFailure(producer->Init(milliseconds{1'500}), Code::kRetry, expected);

  const auto consumer = NewMember(log.get(), "group");
  Must(consumer->Subscribe(std::vector<std::string>{"topic"}));
  ExpectFailure(FirstFailure(consumer.get()), Code::kRetry, expected);
}

TEST(KafkaFailureTest, AWrongPasswordIsFatalAndIsNotRepeatedInTheMessage) {
  const auto log = OpenLog(SharedBroker().sasl_servers(), Credentials(kAdminUser, "guessed-wrong"));

  const auto producer = Must(log->NewProducer({.transactional_id = "id", .topics = {"topic"}}));
  const Status status = producer->Init(kPatience);
  ExpectFailure(status, Code::kFatal, "sasl.password");
  EXPECT_THAT(status.message(), Not(HasSubstr("guessed-wrong")));

  const auto consumer = NewMember(log.get(), "group");
  Must(consumer->Subscribe(std::vector<std::string>{"topic"}));
  ExpectFailure(FirstFailure(consumer.get()), Code::kFatal, "sasl.password");

  ExpectFailure(StatusOf(Must(log->NewAdmin())->DescribeTopic("topic")), Code::kFatal,
                "sasl.password");
}

TEST(KafkaFailureTest, TheRightPasswordWorks) {
  const auto log = OpenLog(SharedBroker().sasl_servers(), Credentials(kAdminUser, kPassword));
  const std::string topic = MakeTopic(log.get(), 1);

  WriteNumbers(log.get(), topic, PartitionId{0}, 2);

  EXPECT_EQ(ReadAll(log.get(), topic, 1)[PartitionId{0}].size(), 2U);
}

TEST(KafkaFailureTest, MissingPermissionsAreFatalAndNamed) {
  const auto log = OpenLog(SharedServers());
  const std::string topic = MakeTopic(log.get(), 1);
  const auto powerless =
      OpenLog(SharedBroker().sasl_servers(), Credentials(kPowerlessUser, kPassword));

  const auto producer =
      Must(powerless->NewProducer({.transactional_id = "their-id", .topics = {topic}}));
  const Status init = producer->Init(kPatience);
  ExpectFailure(init, Code::kFatal, "their-id");
  EXPECT_THAT(init.message(), HasSubstr("grant Write and Describe on the transactional id"));

  const auto consumer = NewMember(powerless.get(), "their-group");
  Must(consumer->Subscribe(std::vector{topic}));
  ExpectFailure(FirstFailure(consumer.get()), Code::kFatal, "grant Read");

  const log::TopicSpec spec{.name = NewName("new"), .partitions = 1, .configs = {}};
  ExpectFailure(Must(powerless->NewAdmin())->CreateTopics(std::span(&spec, 1)), Code::kFatal,
                spec.name);
}

TEST(KafkaFailureTest, ATopicThatDoesNotExistIsFatalOnceTheGraceIsOver) {
  const auto log = Must(KafkaLog::Open({.properties = {{"bootstrap.servers", SharedServers()}},
                                        .on_log = nullptr,
                                        .unknown_topic_grace = milliseconds{1'500}}));
  const auto consumer = NewMember(log.get(), NewName("group"));
  Must(consumer->Subscribe(std::vector<std::string>{"nowhere"}));
  ExpectFailure(FirstFailure(consumer.get()), Code::kFatal, "topic nowhere does not exist");

  const auto producer =
      Must(log->NewProducer({.transactional_id = NewName("id"), .topics = {"nowhere"}}));
  ExpectFailure(producer->Init(kPatience), Code::kFatal, "topic nowhere does not exist");
}

TEST(KafkaFailureTest, AnUnusableTopicSettingIsFatalAndNamed) {
  const auto log = OpenLog(SharedServers());
  const log::TopicSpec spec{
      .name = NewName("topic"), .partitions = 1, .configs = {{"cleanup.policy", "sometimes"}}};

  const Status status = Must(log->NewAdmin())->CreateTopics(std::span(&spec, 1));

  ExpectFailure(status, Code::kFatal, "cleanup.policy");
  EXPECT_THAT(status.message(), HasSubstr(spec.name));
}

Status OpenStatus(const Properties& properties) {
  return StatusOf(KafkaLog::Open({.properties = properties, .on_log = nullptr}));
}

TEST(KafkaFailureTest, PropertiesAreCheckedAtOpening) {
  ExpectFailure(OpenStatus({}), Code::kFatal, "bootstrap.servers is missing");
  ExpectFailure(OpenStatus({{"bootstrap.servers", kNobody}, {"sasl.pasword", "hush"}}),
                Code::kFatal, "did you mean sasl.password?");
  ExpectFailure(OpenStatus({{"bootstrap.servers", kNobody}, {"linger.ms", "soon"}}), Code::kFatal,
                "linger.ms");
  ExpectFailure(OpenStatus({{"bootstrap.servers", kNobody}, {"isolation.level", "whatever"}}),
                Code::kFatal, "isolation.level is set by Foothold itself");
  const Status secret = OpenStatus(
      {{"bootstrap.servers", kNobody}, {"security.protocol", "SSL"}, {"ssl.key.pem", "not-a-key"}});
  ExpectFailure(secret, Code::kFatal, "ssl.key.pem");
  EXPECT_THAT(secret.message(), Not(HasSubstr("not-a-key")));
}

}  // namespace
}  // namespace foothold::kafka
