// Following the topics of a system, on a log in memory.

#include "src/app/follower.h"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/codec/outputs.h"
#include "src/log/memory_log.h"
#include "tests/app/child.h"
#include "tests/fakes/manual_clock.h"
#include "tests/readmodel/records.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() : log_(clock_) {}

  void MakeTopics() {
    std::vector<log::TopicSpec> specs;
    for (const std::string& topic : ModelFeed(topics_, nullptr).Topics()) {
      specs.push_back({.name = topic, .partitions = 2});
    }
    ASSERT_TRUE(log_.NewAdmin().value()->CreateTopics(specs).ok());
  }

  void Write(const journey::OutputRecord& record, std::int32_t partition = 0) {
    const codec::EncodedOutput& encoded = encoder_.Encode(record);
    std::vector<log::Header> headers;
    for (const codec::OutputHeader& header : encoded.headers) {
      headers.push_back({.key = header.name, .value = header.value});
    }
    const auto written = log_.AppendInput({.topic = topics_.Of(encoded.topic),
                                           .partition = PartitionId{partition},
                                           .key = encoded.key,
                                           .value = encoded.value,
                                           .headers = headers});
    ASSERT_TRUE(written.has_value()) << written.error().message();
  }

  std::unique_ptr<readmodel::ReadModel> Open() {
    return readmodel::OpenModel({.path = folder_.PathOf("model.sqlite"), .origin = "x"});
  }

  // Follows until everything is in that is there now.
  void Follow(readmodel::ReadModel* model) {
    Follower follower(&log_, Follower::Find(&log_, topics_).value(), &clock_, 90 * kDay, model);
    std::atomic<bool> is_caught_up = false;
    Status status;
    std::jthread thread(
        [&](const std::stop_token& stop) { status = follower.Run(stop, &is_caught_up); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_caught_up && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    thread.request_stop();
    thread.join();
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_TRUE(is_caught_up);
  }

  static std::string Tenants(const readmodel::ReadModel& model) {
    return readmodel::Each(model.Ask(readmodel::AccountsQuestion{.sort = "name"}), "accounts",
                           "tenantId");
  }

  const stream::TopicNames topics_ = stream::TopicNames::ForApp("shop");
  ManualWallClock clock_{readmodel::Day(10)};
  log::MemoryLog log_;
  codec::OutputEncoder encoder_{codec::OutputOptions{.app = "shop", .encodings = {}}};
  const Folder folder_;
};

TEST_F(FollowerTest, ASystemThatNeverRanIsNamedByItsTopic) {
  const Result<Follower::Source> source = Follower::Find(&log_, topics_);

  ASSERT_FALSE(source.has_value());
  EXPECT_EQ(source.error().code(), Code::kInvalid);
  EXPECT_THAT(source.error().message(), HasSubstr("onboarding.account-status is not there"));
}

TEST_F(FollowerTest, AnotherStartReadsTheTailAlone) {
  MakeTopics();
  Write(readmodel::AccountOf("a"));
  Write(readmodel::AccountOf("b"), 1);
  {
    const auto model = Open();
    Follow(model.get());
    EXPECT_EQ(Tenants(*model), "a b");
  }
  // What has been read may be gone: of a tail alone the model is whole.
  ASSERT_TRUE(
      log_.DeleteRecordsBefore({topics_.account_status, PartitionId{0}}, NextOffset{1}).ok());
  ASSERT_TRUE(
      log_.DeleteRecordsBefore({topics_.account_status, PartitionId{1}}, NextOffset{1}).ok());
  Write(readmodel::AccountOf("c"));

  const auto model = Open();
  Follow(model.get());

  EXPECT_EQ(Tenants(*model), "a b c");
}

TEST_F(FollowerTest, AFileThatIsGoneComesBack) {
  MakeTopics();
  Write(readmodel::AccountOf("a"));
  Write(readmodel::PersonOf("a", "u"));
  Write(readmodel::RequestOf("a", "i1"));
  Follow(Open().get());
  std::filesystem::remove(folder_.PathOf("model.sqlite"));

  const auto model = Open();
  EXPECT_EQ(Tenants(*model), "");
  Follow(model.get());

  EXPECT_EQ(Tenants(*model), "a");
  EXPECT_EQ(readmodel::At(model->Ask(readmodel::PeopleQuestion{.tenant = "a"}), "/total"), "1");
  EXPECT_EQ(readmodel::At(model->Ask(readmodel::InterventionsQuestion{}), "/total"), "1");
}

TEST_F(FollowerTest, PlacesBehindTheEndOfATopicMeanThatItIsAnotherOne) {
  MakeTopics();
  Write(readmodel::AccountOf("new"));
  const auto model = Open();
  readmodel::Take(model.get(), {readmodel::AccountOf("old")},
                  {{.topic = topics_.account_status, .partition = 0, .next = 99}});

  Follow(model.get());

  EXPECT_EQ(Tenants(*model), "new");
}

}  // namespace
}  // namespace foothold::app
