// The port's contract on a real broker.

#include "tests/log/conformance.h"

#include <gtest/gtest.h>

#include "src/kafka/admin.h"
#include "tests/kafka/broker.h"
#include "tests/kafka/harness.h"

namespace foothold::kafka {
namespace {

class KafkaUnderTest final : public log::LogUnderTest {
 public:
  KafkaUnderTest() : log_(OpenLog(SharedServers())) {}

  log::Log& log() override { return *log_; }
  bool is_real_broker() const override { return true; }
  std::string UniqueName(std::string_view stem) override { return NewName(std::string(stem)); }

  Status DeleteRecordsBefore(const log::TopicPartition& source, NextOffset offset) override {
    const auto client = Must(Client::Open(
        {.properties = {{"bootstrap.servers", SharedServers()}}, .on_log = nullptr}, {}));
    return kafka::DeleteRecordsBefore(client->handle(), {.source = source, .next = offset},
                                      kPatience);
  }

 private:
  std::unique_ptr<KafkaLog> log_;
};

}  // namespace

std::unique_ptr<log::LogUnderTest> MakeKafkaUnderTest() {
  return std::make_unique<KafkaUnderTest>();
}

}  // namespace foothold::kafka

namespace foothold::log {

INSTANTIATE_TEST_SUITE_P(Kafka, LogConformance,
                         testing::Values(LogForm{"Kafka", &kafka::MakeKafkaUnderTest}),
                         LogFormName);

}  // namespace foothold::log
