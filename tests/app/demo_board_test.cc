#include "src/app/demo_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/codec/outputs.h"

namespace foothold::app {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

constexpr Instant kStart = InstantFromMs(1'767'571'200'000);

const stream::TopicNames& Topics() {
  static const stream::TopicNames kTopics = stream::TopicNames::ForApp("demo");
  return kTopics;
}

log::RecordView ViewOf(std::string_view topic, std::optional<std::string_view> value,
                       std::span<const log::Header> headers = {}) {
  log::RecordView view;
  view.topic = topic;
  view.key = "key";
  view.value = value;
  view.headers = headers;
  return view;
}

// Publishes records as the engine does and lets a board read them.
class Publisher {
 public:
  Publisher() {
    codec::OutputOptions options{.app = "demo", .encodings = {}};
    options.of(codec::OutputTopic::kUserStatus).format = codec::OutputFormat::kProtobufRaw;
    options.of(codec::OutputTopic::kAccountStatus).format = codec::OutputFormat::kProtobufRaw;
    encoder_.emplace(std::move(options));
  }

  Status Publish(const journey::OutputRecord& record) {
    const codec::EncodedOutput output = encoder_->Encode(record);
    log::RecordView view = ViewOf(codec::DefaultName(output.topic), output.value);
    view.key = output.key;
    return board.Apply(view);
  }

  Board board{Topics()};

 private:
  std::optional<codec::OutputEncoder> encoder_;
};

journey::UserStatus Analyst(const std::string& id, journey::UserState state) {
  journey::UserStatus status;
  status.tenant = "acme";
  status.user = id;
  status.role = "analyst";
  status.name = "Ada " + id;
  status.activation_state = state;
  status.steps = {{.name = "look", .step_class = "setup", .met_at = kStart},
                  {.name = "export", .step_class = "value", .met_at = std::nullopt}};
  status.current_step = 2;
  status.step_name = "export";
  status.step_entered_at = kStart;
  status.anchor_first_access = kStart;
  status.as_of = kStart + kDay;
  return status;
}

journey::UserStatus Activated(const std::string& id, milliseconds after) {
  journey::UserStatus status = Analyst(id, journey::UserState::kActivated);
  status.steps[1].met_at = kStart + after;
  status.time_to_value_from_first_access_s = after.count() / 1'000;
  return status;
}

journey::AccountStatus Acme(journey::AccountState state) {
  journey::AccountStatus status;
  status.tenant = "acme";
  status.account.name = "Acme Ltd";
  status.account.plan = "team";
  status.account.mrr = 900;
  status.activation_state = state;
  status.created_at = kStart;
  status.as_of = kStart + kDay;
  return status;
}

TEST(BoardTest, AFunnelCountsPeopleByRoleAndStep) {
  Publisher publisher;
  ASSERT_TRUE(publisher.Publish(Analyst("a", journey::UserState::kInProgress)).ok());
  ASSERT_TRUE(publisher.Publish(Analyst("b", journey::UserState::kWindowExpired)).ok());
  for (int hours : {10, 20, 90}) {
    const std::string id = "done" + std::to_string(hours);
    ASSERT_TRUE(publisher.Publish(Activated(id, hours * kHour)).ok());
  }
  journey::UserStatus invited = Analyst("c", journey::UserState::kNotStarted);
  invited.anchor_first_access = std::nullopt;
  invited.steps[0].met_at = std::nullopt;
  ASSERT_TRUE(publisher.Publish(invited).ok());

  const Picture picture = publisher.board.Draw();

  EXPECT_THAT(picture.roles, ElementsAre(RoleRow{.role = "analyst",
                                                 .members = 6,
                                                 .with_access = 5,
                                                 .in_time = 3,
                                                 .late = 0,
                                                 .expired = 1,
                                                 .steps = {{.name = "look", .reached = 5},
                                                           {.name = "export", .reached = 3}},
                                                 .median_from_access = 20 * kHour,
                                                 .median_from_signup = std::nullopt}));
  EXPECT_EQ(picture.statuses, 6);
}

TEST(BoardTest, TheNewestStatusOfAPersonReplacesTheOnesBefore) {
  Publisher publisher;
  ASSERT_TRUE(publisher.Publish(Analyst("a", journey::UserState::kInProgress)).ok());
  ASSERT_TRUE(publisher.Publish(Activated("a", kHour)).ok());

  const Picture picture = publisher.board.Draw();

  ASSERT_THAT(picture.roles, SizeIs(1));
  EXPECT_EQ(picture.roles[0].members, 1);
  EXPECT_EQ(picture.roles[0].in_time, 1);
  ASSERT_THAT(picture.news, SizeIs(1));
  EXPECT_EQ(picture.news[0].kind, News::Kind::kActivated);
  EXPECT_EQ(picture.news[0].text, "Ada a, analyst of acme: activated in 1.0 h");
}

TEST(BoardTest, WhoWasRemovedMergedOrThereBeforeIsNotInTheFunnel) {
  Publisher publisher;
  journey::UserStatus removed = Analyst("a", journey::UserState::kInProgress);
  removed.removed_at = kStart;
  journey::UserStatus veteran = Analyst("b", journey::UserState::kInProgress);
  veteran.is_history_known = false;
  ASSERT_TRUE(publisher.Publish(removed).ok());
  ASSERT_TRUE(publisher.Publish(veteran).ok());
  ASSERT_TRUE(publisher.Publish(Analyst("c", journey::UserState::kInProgress)).ok());
  ASSERT_TRUE(publisher.Publish(journey::StatusTombstone{.tenant = "acme", .user = "c"}).ok());

  const Picture picture = publisher.board.Draw();

  EXPECT_THAT(picture.roles, IsEmpty());
  EXPECT_EQ(picture.before_history, 1);
}

TEST(BoardTest, StuckAreThoseWhoCanStillBeWonBack) {
  Publisher publisher;
  ASSERT_TRUE(publisher.Publish(Acme(journey::AccountState::kPartial)).ok());
  const auto stuck_for = [](const std::string& id, int days) {
    journey::UserStatus status = Analyst(id, journey::UserState::kInProgress);
    status.step_entered_at = kStart - days * kDay;
    status.as_of = kStart;
    return status;
  };
  for (int days : {2, 3, 9, 13, 14, 40}) {
    ASSERT_TRUE(publisher.Publish(stuck_for("u" + std::to_string(days), days)).ok());
  }
  journey::UserStatus done = stuck_for("done", 5);
  done.activation_state = journey::UserState::kActivatedLate;
  ASSERT_TRUE(publisher.Publish(done).ok());

  // The clock is that of the newest status, Acme's.
  const Picture picture = publisher.board.Draw();

  EXPECT_EQ(picture.clock, kStart + kDay);
  EXPECT_THAT(picture.stuck_steps, ElementsAre(StuckStep{.role = "analyst",
                                                         .step = "export",
                                                         .people = 3,
                                                         .longer = 3,
                                                         .longest_days = 10,
                                                         .longest_person = "Ada u9, Acme Ltd"}));
  EXPECT_THAT(picture.stuck_accounts,
              ElementsAre(StuckAccount{
                  .name = "Acme Ltd", .plan = "team", .mrr = 900, .people = 3, .members = 7}));
}

TEST(BoardTest, WhoHasNoNameYetIsCalledByTheirMail) {
  Publisher publisher;
  journey::UserStatus status = Analyst("a", journey::UserState::kWindowExpired);
  status.name = std::nullopt;
  status.email = "ada.park@acme.example";
  ASSERT_TRUE(publisher.Publish(status).ok());

  EXPECT_EQ(publisher.board.Draw().news.front().text,
            "ada.park, analyst of acme: ran out of time before export");
}

TEST(BoardTest, AccountsCountByTheirState) {
  Publisher publisher;
  ASSERT_TRUE(publisher.Publish(Analyst("a", journey::UserState::kInProgress)).ok());
  ASSERT_TRUE(publisher.Publish(Acme(journey::AccountState::kPartial)).ok());
  EXPECT_EQ(publisher.board.Draw().accounts_partial, 1);

  journey::AccountStatus activated = Acme(journey::AccountState::kActivated);
  activated.activated_at = kStart + 2 * kDay;
  ASSERT_TRUE(publisher.Publish(activated).ok());

  const Picture picture = publisher.board.Draw();
  EXPECT_EQ(picture.accounts, 1);
  EXPECT_EQ(picture.accounts_partial, 0);
  EXPECT_EQ(picture.accounts_activated, 1);
  EXPECT_EQ(picture.median_of_accounts, 2 * kDay);
  EXPECT_EQ(picture.news.front().kind, News::Kind::kAccountActivated);
}

TEST(BoardTest, DeadLettersCountByReasonAndDecisionsByRecord) {
  Board board(Topics());
  const std::vector<log::Header> bad_time{{.key = "dlq_reason", .value = "bad_time"}};
  const std::vector<log::Header> bad_type{{.key = "dlq_reason", .value = "bad_type"}};
  for (const auto& headers : {bad_time, bad_type, bad_time}) {
    ASSERT_TRUE(board.Apply(ViewOf(Topics().dead_letter, "{", headers)).ok());
  }
  ASSERT_TRUE(board.Apply(ViewOf(Topics().activation_changed, "{}")).ok());
  ASSERT_TRUE(board.Apply(ViewOf(Topics().onboarding_progress, "{}")).ok());

  const Picture picture = board.Draw();

  EXPECT_THAT(picture.rejected, ElementsAre(Pair("bad_time", 2), Pair("bad_type", 1)));
  EXPECT_EQ(picture.rejected_count, 3);
  EXPECT_EQ(picture.decisions, 2);
}

TEST(BoardTest, AStatusThatCannotBeReadIsAnError) {
  Board board(Topics());

  const Status status = board.Apply(ViewOf(Topics().user_status, "{\""));

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), Code::kInvalid);
}

}  // namespace
}  // namespace foothold::app
