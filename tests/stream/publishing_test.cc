// A playbook that asks of the past what no state has kept: what is said of it, and how a running
// service comes to know it before the playbook holds.

#include "src/stream/publishing.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/codec/state.h"
#include "src/config/playbook_file.h"
#include "state/schema.h"
#include "tests/stream/service.h"

namespace foothold::stream {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

using Kept = std::map<std::string, std::vector<journey::TrackerState>>;

journey::Playbook PlaybookOf(std::string_view more, std::int32_t version) {
  const std::string text = fmt::format("extends: default\nplaybook: next\nversion: 1\n{}", more);
  journey::Playbook playbook = config::ReadPlaybook(text, "next.yaml").value().playbook;
  playbook.version = version;
  return playbook;
}

// Viewers are to have pinned two insights, and somebody of the account is to have set a goal.
journey::Playbook Next() {
  return PlaybookOf(
      "roles:\n"
      "  viewer:\n"
      "    milestone: {did: insight.pinned, at_least: 2, within: 30d of signup}\n"
      "blockers:\n"
      "  goal_missing:\n"
      "    detail: Nobody has set a goal.\n"
      "    when: {not: {account_did: goal.set}, for: 24h of created}\n"
      "rules:\n"
      "  pinned_one:\n"
      "    title: Pinned one insight\n"
      "    for: user\n"
      "    when: {did: insight.pinned}\n"
      "    rungs: [{at: trigger, until: 7d, channel: in_app, template: more}]\n",
      2);
}

TEST(PublishingTest, WhatTheStateHasNotKeptNeedsHistory) {
  const PublishPlan plan = PlanPublish(config::DefaultPlaybook(), Next());

  EXPECT_EQ(plan.kind, PublishPlan::Kind::kNeedsHistory);
  EXPECT_THAT(plan.lines, Contains("not kept so far: insight.pinned"));
  EXPECT_THAT(plan.lines, Contains("not kept so far: goal.set"));
}

TEST(PublishingTest, WhatIsKeptForTheNextOneIsAllItAsksFor) {
  const journey::Playbook current = config::DefaultPlaybook();

  const journey::Playbook keeping = KeepingFor(current, Next());

  EXPECT_THAT(NotKept(keeping, Next()), IsEmpty());
  EXPECT_TRUE(journey::Validate(keeping).ok());
  EXPECT_EQ(keeping.rules, current.rules);
  EXPECT_EQ(keeping.version, current.version);
  for (std::size_t i = 0; i < current.trackers.size(); ++i) {
    EXPECT_EQ(keeping.trackers[i].key, current.trackers[i].key);
  }
}

TEST(PublishingTest, EventsThatGetAnotherNameAtTheSameTimeAreTold) {
  const journey::Playbook next = PlaybookOf(
      "events:\n"
      "  insight.pinned: [insight.starred]\n"
      "roles:\n"
      "  viewer: {milestone: {did: insight.pinned, within: 30d of signup}}\n",
      2);

  const PublishPlan plan = PlanPublish(config::DefaultPlaybook(), next);

  EXPECT_EQ(plan.kind, PublishPlan::Kind::kNeedsOtherNames);
  EXPECT_THAT(plan.lines, Contains(HasSubstr("insight.starred is insight.pinned")));
}

// The service before, beside one under the next playbook from the beginning.
class PreparingTest : public ::testing::Test {
 protected:
  static constexpr ServiceOptions kOptions{
      .source_partitions = 1, .journal_partitions = 1, .people_partitions = 1};

  PreparingTest() : live_(kOptions), other_(kOptions) {
    live_.Start();
    other_.Start();
    Say(&other_, codec::PublishPlaybook{Next()});
  }

  void Take(const std::string& record) {
    live_.Produce(0, record);
    live_.Run();
    other_.Produce(0, record);
    other_.Run();
  }
  static void Say(Service* service, const codec::ControlAction& action) {
    ControlWriter writer(&service->log(), {.app = "shop",
                                           .instance = "desk",
                                           .topics = service->topics(),
                                           .journal_partitions = 1,
                                           .people_partitions = 1,
                                           .retry = {.retries_max = 3}});
    const Result<ControlWriter::Ledger> said = writer.Say(action, std::nullopt);
    ASSERT_TRUE(said.has_value()) << said.error().message();
    service->Run();
  }
  // What a service keeps for what the next playbook asks and the first did not.
  static Kept KeptBy(const Service& service) {
    Kept kept;
    for (const char kind : {'u', 'a'}) {
      const Status scanned =
          service.journey_task(PartitionId{0})
              ->store()
              .Scan(std::string(1, kind), "", [&](std::string_view key, std::string_view value) {
                const std::string_view payload = state::ParseValue(value).value().payload;
                const std::vector<journey::TrackerState> states =
                    kind == 'u' ? codec::DecodeUser(payload).value().trackers
                                : codec::DecodeAccount(payload).value().trackers;
                for (const journey::Tracker& tracker : NotKept(config::DefaultPlaybook(), Next())) {
                  for (const journey::TrackerState& state : states) {
                    if (state.key == tracker.key) {
                      kept[std::string(key)].push_back(state);
                    }
                  }
                }
                return true;
              });
      EXPECT_TRUE(scanned.ok()) << scanned.message();
    }
    return kept;
  }
  // Writes into the live journal what the other service knows now.
  void Recall(const Kept& kept) {
    codec::JournalBatchWriter batch;
    for (const auto& [key, states] : kept) {
      const state::ParsedKey parsed = state::ParseKey(key).value();
      batch.Append(
          codec::Recollection{.tenant = parsed.tenant, .user = parsed.id, .trackers = states});
    }
    const std::string value = batch.Take();
    const auto producer =
        live_.log()
            .NewProducer({.transactional_id = "shop-prepare", .topics = {live_.topics().journal}})
            .value();
    ASSERT_TRUE(producer->Init(milliseconds{1'000}).ok());
    ASSERT_TRUE(producer->Begin().ok());
    ASSERT_TRUE(producer
                    ->Send({.topic = live_.topics().journal,
                            .partition = PartitionId{0},
                            .key = std::nullopt,
                            .value = value,
                            .headers = {},
                            .timestamp = std::nullopt})
                    .ok());
    ASSERT_TRUE(producer->Commit(milliseconds{1'000}).ok());
    live_.Run();
  }
  void SignUp(const std::string& user, Instant at) {
    Take(Track("acme", user, "Signed Up", at, R"({"role":"viewer"})"));
  }
  static std::string StatusOf(Service* service, const std::string& user) {
    const auto statuses = service->LastStatuses();
    const auto found = statuses.find("onboarding.user-status acme|" + user);
    return found == statuses.end() ? "" : found->second;
  }

  Service live_;
  Service other_;
};

TEST_F(PreparingTest, WhatCameBeforeMeanwhileAndAfterIsKeptAsIfItHadAlwaysBeen) {
  SignUp("ada", kStart);
  SignUp("ben", kStart);
  Take(Track("acme", "ada", "insight.pinned", kStart + kHour));
  Take(Track("acme", "ben", "insight.pinned", kStart + 2 * kHour));
  EXPECT_THAT(KeptBy(live_), IsEmpty());

  Say(&live_, codec::PreparePlaybook{Next()});
  Take(Track("acme", "ada", "insight.pinned", kStart + 3 * kHour));
  const Kept past = KeptBy(other_);
  Take(Track("acme", "eve", "goal.set", kStart + 4 * kHour));
  // What comes late is known earlier.
  Take(Track("acme", "ada", "insight.pinned", kStart + kHour / 2));
  EXPECT_NE(KeptBy(live_), KeptBy(other_));

  Recall(past);
  EXPECT_EQ(KeptBy(live_), KeptBy(other_));
  Recall(past);  // Twice is once.
  EXPECT_EQ(KeptBy(live_), KeptBy(other_));

  Take(fmt::format(R"({{"type":"alias","userId":"bea","previousId":"ben","messageId":"a1",)"
                   R"("timestamp":"{}","context":{{"groupId":"acme"}}}})",
                   FormatRfc3339(kStart + 5 * kHour)));
  EXPECT_EQ(KeptBy(live_), KeptBy(other_));

  live_.Kill();
  ASSERT_TRUE(live_.TryStart().ok());
  live_.Run();
  Take(Track("acme", "bea", "insight.pinned", kStart + 6 * kHour));
  EXPECT_EQ(KeptBy(live_), KeptBy(other_));
}

TEST_F(PreparingTest, NothingIsDecidedOtherwiseUntilItIsPublishedAndThenAsRedecided) {
  SignUp("ada", kStart);
  Take(Track("acme", "ada", "insight.pinned", kStart + kHour));
  Take(Track("acme", "ada", "goal.set", kStart + kHour));
  Take(Track("acme", "ada", "insight.pinned", kStart + 2 * kHour));
  const std::vector<Output> before = live_.Decisions();
  EXPECT_THAT(StatusOf(&live_, "ada"), Not(HasSubstr(R"("activationState":"activated")")));

  Say(&live_, codec::PreparePlaybook{Next()});
  Recall(KeptBy(other_));
  EXPECT_EQ(live_.Decisions(), before);

  Say(&live_, codec::PublishPlaybook{Next()});

  EXPECT_THAT(StatusOf(&live_, "ada"), HasSubstr(R"("activationState":"activated")"));
  EXPECT_THAT(StatusOf(&other_, "ada"), HasSubstr(R"("activationState":"activated")"));
  std::vector<std::string> activated;
  for (const Output& output : live_.Decisions()) {
    if (output.topic == live_.topics().activation_changed &&
        output.value.value_or("").find(R"("userId":"ada")") != std::string::npos &&
        output.value->find(R"("to":"activated")") != std::string::npos) {
      activated.push_back(output.headers.at("ce_fhmode"));
    }
  }
  EXPECT_THAT(activated, ElementsAre("redecided"));
}

// Ada pinned something, and eve was asked for things, days ago. No rung of anybody comes due
// between the last two records.
TEST_F(PreparingTest, WhatWasAskedIsNotAskedAgainAndNothingStaleIsAsked) {
  SignUp("ada", kStart);
  Take(Track("acme", "eve", "Signed Up", kStart, R"({"role":"admin"})"));
  Take(Track("acme", "ada", "insight.pinned", kStart + kHour));
  for (int day = 1; day <= 8; ++day) {
    Take(Track("other", "bob", "heartbeat", kStart + day * kDay));
  }
  const auto asked = [this] {
    std::vector<std::string> ids;
    const TopicNames& topics = live_.topics();
    for (const Output& output : live_.Committed(
             {topics.interventions_email, topics.interventions_in_app, topics.interventions_cs})) {
      if (output.headers.at("ce_type") == "foothold.intervention.requested.v1") {
        ids.push_back(output.headers.at("ce_fhrule") + " " + output.headers.at("ce_time") + " " +
                      output.headers.at("ce_id"));
      }
    }
    return ids;
  };
  const std::vector<std::string> before = asked();
  ASSERT_THAT(before, Not(IsEmpty()));

  Say(&live_, codec::PreparePlaybook{Next()});
  Recall(KeptBy(other_));
  Say(&live_, codec::PublishPlaybook{Next()});
  Take(Track("other", "bob", "heartbeat", kStart + 8 * kDay + kHour));

  EXPECT_EQ(KeptBy(live_), KeptBy(other_));
  EXPECT_EQ(asked(), before);
}

TEST_F(PreparingTest, WhoIsNotThereAnyMoreIsNotMadeAnew) {
  SignUp("ada", kStart);
  Take(Track("acme", "ada", "insight.pinned", kStart + kHour));
  Say(&live_, codec::PreparePlaybook{Next()});
  Kept past = KeptBy(other_);
  const auto ada = past.extract(past.begin());
  Kept of_nobody;
  of_nobody[state::UserKey("acme", "nobody")] = ada.mapped();

  Recall(of_nobody);

  EXPECT_THAT(KeptBy(live_), IsEmpty());
  EXPECT_THAT(live_.LastStatuses(), SizeIs(other_.LastStatuses().size()));
}

TEST(PreparedLedgerTest, TheLedgerTellsWhatIsPreparedUntilSomethingIsPublished) {
  Service service({.source_partitions = 1});
  service.Start();
  ControlWriter writer(&service.log(), {.app = "shop",
                                        .instance = "desk",
                                        .topics = service.topics(),
                                        .journal_partitions = 2,
                                        .people_partitions = 2,
                                        .retry = {.retries_max = 3}});

  const Result<ControlWriter::Ledger> prepared = writer.Say(codec::PreparePlaybook{Next()}, 1);
  ASSERT_TRUE(prepared.has_value()) << prepared.error().message();
  EXPECT_EQ(prepared->playbook->version, 1);
  ASSERT_TRUE(prepared->prepared.has_value());
  EXPECT_EQ(*prepared->prepared, prepared->history.size() - 1);

  const Result<ControlWriter::Ledger> published = writer.Say(codec::PublishPlaybook{Next()}, 1);
  ASSERT_TRUE(published.has_value()) << published.error().message();
  EXPECT_FALSE(published->prepared.has_value());
}

}  // namespace
}  // namespace foothold::stream
