// The operator's commands on the log in memory, and what they print.

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/completion.h"
#include "src/app/control_desk.h"
#include "src/app/dead_letters.h"
#include "src/app/group_places.h"
#include "src/app/requeue.h"
#include "src/app/state_json.h"
#include "src/app/state_reader.h"
#include "src/app/tap.h"
#include "src/app/top_sample.h"
#include "src/codec/state.h"
#include "src/log/memory_log.h"
#include "state/schema.h"
#include "tests/app/child.h"
#include "tests/fakes/manual_clock.h"

namespace foothold::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A log with the topics of an app and one source.
class OperatorTest : public testing::Test {
 protected:
  OperatorTest() : log_(clock_) {
    config_.app = "shop";
    config_.journal.partitions = 2;
    config::Source source;
    source.name = "product";
    source.topics = {"events"};
    config_.sources.push_back(std::move(source));
    for (const auto& [name, partitions] :
         std::map<std::string, std::int32_t>{{"events", 2},
                                             {"onboarding.dead-letter", 4},
                                             {"shop-state-changelog", 2},
                                             {"shop-journal", 2}}) {
      const log::TopicSpec topic{.name = name, .partitions = partitions};
      EXPECT_TRUE((*log_.NewAdmin())->CreateTopics({&topic, 1}).ok());
    }
  }

  void Append(const std::string& topic, std::int32_t partition, std::optional<std::string_view> key,
              std::optional<std::string_view> value, std::vector<log::Header> headers = {}) {
    ASSERT_TRUE(log_.AppendInput({.topic = topic,
                                  .partition = PartitionId{partition},
                                  .key = key,
                                  .value = value,
                                  .headers = headers,
                                  .timestamp = clock_.Now()})
                    .has_value());
  }
  void AppendLetter(std::string_view value, std::string_view reason, std::string_view topic,
                    std::vector<log::Header> more = {}) {
    std::vector<log::Header> headers{{"trace", "7"},
                                     {"dlq_reason", reason},
                                     {"dlq_detail", "why"},
                                     {"dlq_topic", topic},
                                     {"dlq_partition", "1"},
                                     {"dlq_offset", "42"},
                                     {"dlq_timestamp", "2026-01-01T00:00:00.000Z"},
                                     {"dlq_app", "shop"}};
    headers.insert(headers.end(), more.begin(), more.end());
    Append("onboarding.dead-letter", 2, "k", value, headers);
  }
  std::vector<std::string> Values(const std::string& topic) {
    std::vector<std::string> values;
    const auto reader = *log_.ReadCommitted({&topic, 1});
    for (const log::RecordView& record : reader->Read(1'000)) {
      values.emplace_back(record.value.value_or("null"));
    }
    return values;
  }

  ManualWallClock clock_;
  log::MemoryLog log_;
  config::Config config_;
};

TEST_F(OperatorTest, ALetterIsReadWithoutWhatIntakeAdded) {
  AppendLetter("{broken", "unparseable", "events");
  std::vector<Letter> letters;

  const Status read = ReadLetters(&log_, "onboarding.dead-letter", [&](const Letter& letter) {
    letters.push_back(letter);
    return Status();
  });

  ASSERT_TRUE(read.ok()) << read.message();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(ToString(letters[0].place), "2:0");
  EXPECT_EQ(letters[0].reason, "unparseable");
  EXPECT_EQ(letters[0].topic, "events");
  EXPECT_EQ(letters[0].source_partition, 1);
  EXPECT_EQ(letters[0].source_offset, 42);
  ASSERT_EQ(letters[0].headers.size(), 1U);
  EXPECT_EQ(letters[0].headers[0].first, "trace");
}

TEST_F(OperatorTest, RequeueingTwiceWritesOnce) {
  AppendLetter("{broken", "unparseable", "events");
  AppendLetter("{other", "bad_time", "events");

  const auto first = Requeue(&log_, config_, {.reason = "unparseable", .topic = {}, .places = {}});
  const auto second = Requeue(&log_, config_, {.reason = "unparseable", .topic = {}, .places = {}});

  ASSERT_TRUE(first.has_value()) << first.error().message();
  ASSERT_TRUE(second.has_value()) << second.error().message();
  EXPECT_EQ(first->places.size(), 1U);
  EXPECT_TRUE(second->places.empty());
  EXPECT_EQ(second->left_out.at("went back before"), 1);
  EXPECT_THAT(Values("events"), ElementsAre("{broken"));
}

TEST_F(OperatorTest, WhatCannotGoBackStaysAndIsSaid) {
  AppendLetter("{cut", "unparseable", "events", {{"dlq_truncated", "2000000"}});
  AppendLetter("{gone", "unparseable", "an.old.topic");

  const auto plan = PlanRequeue(&log_, config_, {});

  ASSERT_TRUE(plan.has_value()) << plan.error().message();
  EXPECT_TRUE(plan->places.empty());
  EXPECT_EQ(plan->left_out.at("cut to fit, its bytes are not whole"), 1);
  EXPECT_EQ(plan->left_out.at("an.old.topic is no source of this configuration"), 1);
}

TEST(LetterPlaceTest, APlaceIsAPartitionAndAnOffset) {
  EXPECT_EQ(PlaceOf("2:17"), (LetterPlace{.partition = 2, .offset = 17}));
  for (const char* const wrong : {"", "2", ":", "2:", ":17", "2:x", "-1:2", "2:17:3"}) {
    EXPECT_EQ(PlaceOf(wrong), std::nullopt) << wrong;
  }
}

TEST(ResetTargetTest, IsAnEndATimeOrAnOffset) {
  EXPECT_EQ(ResetTargetOf("earliest")->kind, ResetTarget::Kind::kEarliest);
  EXPECT_EQ(ResetTargetOf("latest")->kind, ResetTarget::Kind::kLatest);
  EXPECT_EQ(ResetTargetOf("17")->offset, 17);
  EXPECT_EQ(ResetTargetOf("2026-03-01T00:00:00Z")->time, InstantFromMs(1'772'323'200'000));
  EXPECT_EQ(ResetTargetOf(""), std::nullopt);
  EXPECT_EQ(ResetTargetOf("yesterday"), std::nullopt);
}

TEST_F(OperatorTest, IntakeIsSetBackByWhoHoldsEveryPartition) {
  Append("events", 0, std::nullopt, "a");
  Append("events", 1, std::nullopt, "b");
  const auto plan = PlanReset(&log_, config_, {.kind = ResetTarget::Kind::kLatest}, "", -1);
  ASSERT_TRUE(plan.has_value()) << plan.error().message();

  const Status committed = CommitReset(&log_, config_, *plan, milliseconds{1'000});

  ASSERT_TRUE(committed.ok()) << committed.message();
  const auto places = PlacesOf(&log_, config_, "intake");
  ASSERT_EQ(places->size(), 2U);
  for (const GroupPlace& place : *places) {
    EXPECT_EQ(place.committed, 1);
    EXPECT_EQ(place.lag(), 0);
  }
}

TEST_F(OperatorTest, WhileAnotherMemberReadsIntakeIsNotSetBack) {
  const auto other = *log_.NewConsumer({.group = "shop-intake"});
  const std::vector<std::string> topics{"events"};
  ASSERT_TRUE(other->Subscribe(topics).ok());
  for (auto batch = other->Poll(milliseconds{0}); batch.has_value() && batch->change.has_value();
       batch = other->Poll(milliseconds{0})) {
    std::vector<log::Position> starts;
    for (const log::TopicPartition& source : batch->change->partitions) {
      starts.push_back({source, NextOffset{0}});
    }
    ASSERT_TRUE(other->AcceptAssigned(starts).ok());
  }
  const auto plan = PlanReset(&log_, config_, {.kind = ResetTarget::Kind::kEarliest}, "", -1);

  const Status committed = CommitReset(&log_, config_, *plan, milliseconds{50});

  EXPECT_EQ(committed.code(), Code::kInvalid);
  EXPECT_THAT(committed.message(), HasSubstr("shop-intake has other members"));
}

TEST_F(OperatorTest, AnOffsetOutsideOfWhatIsRetainedIsRefused) {
  Append("events", 0, std::nullopt, "a");
  const ResetTarget target{.kind = ResetTarget::Kind::kOffset, .offset = 2};

  EXPECT_THAT(PlanReset(&log_, config_, target, "events", 0).error().message(),
              HasSubstr("events[0] holds offsets 0 to 1: 2 lies outside"));
  EXPECT_THAT(PlanReset(&log_, config_, target, "", -1).error().message(),
              HasSubstr("--topic and --partition"));
}

TEST_F(OperatorTest, StateIsTheLastValueOfEachKey) {
  journey::User user;
  user.tenant = "acme";
  user.id = "ada";
  const std::string key = state::UserKey("acme", "ada");
  const std::string gone = state::UserKey("acme", "ben");
  const std::string old = state::MakeValue(codec::EncodeUser(user), std::nullopt);
  user.contribution.role = "admin";
  const std::string value = state::MakeValue(codec::EncodeUser(user), clock_.Now());
  Append("shop-state-changelog", 1, key, old);
  Append("shop-state-changelog", 1, gone, old);
  Append("shop-state-changelog", 1, key, value);
  Append("shop-state-changelog", 1, gone, std::nullopt);
  std::string lines;

  const Status read =
      ReadChangelog(&log_, config_, {.prefix = state::UserKeyPrefix("acme")},
                    [&](std::int32_t partition, std::string_view k, std::string_view v) {
                      return AppendStateLine(partition, k, v, &lines);
                    });

  ASSERT_TRUE(read.ok()) << read.message();
  EXPECT_THAT(lines, AllOf(HasSubstr(R"({"partition":1,"kind":"user","tenant":"acme","id":"ada")"),
                           HasSubstr(R"("due":"2026-01-01T00:00:00.000Z")"),
                           HasSubstr(R"("role":"admin")")));
  EXPECT_EQ(LineCount(lines), 1U);
}

TEST(TapTest, ARecordIsALineAndFiltersAskForItsSubjectAndRule) {
  const std::vector<log::Header> headers{{"ce_time", "2026-03-01T10:00:00.000Z"},
                                         {"ce_subject", "account/acme/user/ada%20low"},
                                         {"ce_fhrule", "stalled@3"},
                                         {"ce_fhmode", "backfill"}};
  const log::RecordView record{
      .topic = "interventions.in_app",
      .partition = PartitionId{0},
      .offset = 0,
      .timestamp = kEpoch,
      .key = std::nullopt,
      .value = R"({"template":"next_step","reason":"Stopped after a step."})",
      .headers = headers};

  EXPECT_EQ(TapLine(record),
            "2026-03-01T10:00:00.000Z  interventions.in_app  acme/ada%20low  stalled@3  backfill  "
            "next_step: Stopped after a step.");
  EXPECT_TRUE(Passes({.tenant = "acme", .user = "ada low", .rule = "stalled"}, record));
  EXPECT_FALSE(Passes({.tenant = "acm", .user = {}, .rule = {}}, record));
  EXPECT_FALSE(Passes({.tenant = {}, .user = "ada", .rule = {}}, record));
  EXPECT_FALSE(Passes({.tenant = {}, .user = {}, .rule = "stall"}, record));
}

TEST(TapTest, ALineStaysOneLineWhateverPeopleWrote) {
  const std::string rest(300, 'x');
  const std::string value =
      R"({"template":"the \"next\" step","reason":"Ada\nLow\u001b[2J stopped: )" + rest + R"("})";
  const log::RecordView record{.topic = "interventions.in_app",
                               .partition = PartitionId{0},
                               .offset = 0,
                               .timestamp = kEpoch,
                               .key = "acme",
                               .value = value,
                               .headers = {}};

  EXPECT_EQ(TapLine(record),
            "1970-01-01T00:00:00.000Z  interventions.in_app  acme  the \"next\" step: "
            "Ada\\nLow\\u001b[2J stopped: " +
                rest);
}

TEST(TopTest, TheMetricsOfAnInstanceBecomeItsLines) {
  const Instant now = InstantFromMs(1'772'323'200'000);
  const std::string metrics =
      "# HELP x y\n"
      "foothold_worker_assigned_partitions{stage=\"journey\",worker=\"0\"} 3\n"
      "foothold_worker_assigned_partitions{stage=\"journey\",worker=\"1\"} 5\n"
      "foothold_worker_lag_records{partition=\"0\",stage=\"journey\",topic=\"j\"} 7\n"
      "foothold_worker_lag_seconds{partition=\"0\",stage=\"journey\",topic=\"j\"} 1.5\n"
      "foothold_journey_clock_timestamp_seconds{partition=\"0\"} 1772323100\n"
      "foothold_journey_clock_held_info{holder=\"app \\\"x\\\"[2]\",partition=\"0\"} 1\n"
      "foothold_intake_records_total{source=\"a\"} 100\n"
      "foothold_intake_records_total{source=\"b\"} 20\n";
  const InstanceSample before =
      SampleOf("foothold_intake_records_total{source=\"a\"} 100\n", now - milliseconds{2'000});

  const std::vector<std::string> lines = Describe("a:1", SampleOf(metrics, now), before);

  EXPECT_THAT(lines, ElementsAre("a:1  records 10.0/s, rejected 0.0/s, decisions 0.0/s",
                                 "  journey  2 workers    8 partitions  lag 7 records, 1.5 s",
                                 "  clock 2026-02-28T23:58:20.000Z, held by app \"x\"[2] (in 1)"));
}

TEST(CompletionTest, EveryCommandIsThereAndItsVerbsAreThoseItKnows) {
  const std::vector<Command> commands = Commands();
  for (const char* const shell : {"bash", "zsh", "fish"}) {
    const std::string script = CompletionScript(shell, commands);
    for (const Command& command : commands) {
      EXPECT_THAT(script, HasSubstr(command.name)) << shell;
    }
  }
  EXPECT_THAT(CompletionScript("bash", commands),
              AllOf(HasSubstr("dlq) words='list show requeue' ;;"),
                    HasSubstr("complete -o default -F _foothold foothold")));
}

TEST(ApprovalTest, WhatNobodyCanAskForIsRefusedAndTheRightFormSaid) {
  journey::Playbook playbook;
  playbook.rules.resize(2);
  playbook.rules[0].name = "stalled";
  playbook.rules[0].rungs.resize(1);
  playbook.rules[1].name = "risk_high";
  playbook.rules[1].subject = journey::SubjectKind::kAccount;
  playbook.rules[1].rungs.resize(2);
  const auto refusal = [&](const codec::ApprovalWord& word) {
    return CheckApproval(playbook, word).message();
  };

  EXPECT_EQ(refusal({.tenant = "acme", .user = {}, .rule = "stalled", .rung = 1}),
            "rule stalled asks for users: whose request? 'acme|USER'");
  EXPECT_EQ(refusal({.tenant = "acme", .user = "ada", .rule = "risk_high", .rung = 1}),
            "rule risk_high asks for accounts: 'acme', without a user");
  EXPECT_EQ(refusal({.tenant = "acme", .user = "ada", .rule = "stalled", .rung = 2}),
            "rule stalled has 1 rung, and no rung 2");
  EXPECT_EQ(refusal({.tenant = "acme", .user = "ada", .rule = "stalled", .rung = 0}), "");
  EXPECT_EQ(refusal({.tenant = "acme", .user = {}, .rule = "risk_high", .rung = 2}), "");
}

TEST(MistakesTest, OperatorsCommandsSayWhatIsThere) {
  EXPECT_THAT(RunFoothold({"dlq", "lst"}).error, HasSubstr("did you mean 'list'?"));
  EXPECT_THAT(RunFoothold({"dlq", "list", "--reason", "unparsable"}).error,
              AllOf(HasSubstr("--reason unparsable is none; did you mean unparseable?"),
                    HasSubstr("there are unknown_framing, too_large, unparseable")));
  EXPECT_EQ(RunFoothold({"dlq", "requeue", "--reason", "late", "--execute"}).code, kExitConfig);
  EXPECT_THAT(RunFoothold({"dlq", "show", "17"}).error, HasSubstr("PARTITION:OFFSET"));
  EXPECT_THAT(RunFoothold({"offsets", "reset"}).error, HasSubstr("--to takes earliest"));
  EXPECT_THAT(RunFoothold({"state", "get"}).error, HasSubstr("get whom?"));
  EXPECT_THAT(RunFoothold({"erase", "acme"}).error, HasSubstr("whom? TENANT USER"));
  EXPECT_THAT(RunFoothold({"erase", "acme", "ada"}).error, HasSubstr("--config FILE"));
  EXPECT_THAT(RunFoothold({"tap", "-o", "xml"}).error, HasSubstr("-o"));
  EXPECT_THAT(RunFoothold({"top"}).error, HasSubstr("--instance host:port"));
  EXPECT_THAT(RunFoothold({"completion", "tcsh"}).error, HasSubstr("bash, zsh, fish"));
}

}  // namespace
}  // namespace foothold::app
