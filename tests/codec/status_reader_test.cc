#include "src/codec/status_reader.h"

#include <gtest/gtest.h>

#include "src/codec/outputs.h"
#include "tests/codec/example_records.h"

namespace foothold::codec {
namespace {

std::string Encoded(const journey::OutputRecord& record) {
  OutputOptions options{.app = "foothold", .encodings = {}};
  options.of(OutputTopic::kUserStatus).format = OutputFormat::kProtobufRaw;
  options.of(OutputTopic::kAccountStatus).format = OutputFormat::kProtobufRaw;
  return OutputEncoder(std::move(options)).Encode(record).value.value();
}

// The example, with whatever it leaves out.
journey::UserStatus FullUserStatus() {
  journey::UserStatus status = ExampleUserStatus();
  status.is_history_known = false;
  status.integration_connected = status.profile_completed;
  status.first_report_exported = status.as_of;
  status.activated = status.as_of;
  status.activation_state = journey::UserState::kActivatedLate;
  status.activation_class = journey::ActivationClass::kLate;
  status.dropoff_risk = "medium";
  status.risk_score = 55;
  status.risk_reasons = {
      {.signal = "idle", .weight = 25, .fact = "nothing for 3 days", .since = status.as_of}};
  status.measurement = {.is_complete = false, .why = {"history_unknown"}, .since = status.as_of};
  status.anchor_signup = status.anchor_invite;
  status.days_since_signup = 4;
  status.time_to_value_from_signup_s = 86'400;
  status.time_to_value_from_first_access_s = 0;
  status.open_interventions = {"01K9A000000000000000000000"};
  status.last_outreach_at = status.as_of;
  status.removed_at = status.as_of;
  return status;
}

TEST(StatusReaderTest, AUsersStatusComesBackAsItWas) {
  EXPECT_EQ(DecodeUserStatus(Encoded(ExampleUserStatus())), ExampleUserStatus());
  EXPECT_EQ(DecodeUserStatus(Encoded(FullUserStatus())), FullUserStatus());
  EXPECT_EQ(DecodeUserStatus(Encoded(journey::UserStatus{})), journey::UserStatus{});
}

TEST(StatusReaderTest, AnAccountsStatusComesBackAsItWas) {
  journey::AccountStatus full = ExampleAccountStatus();
  full.activation_rate = 0.667;  // As the topic has it.
  full.activation_state = journey::AccountState::kActivated;
  full.activated_at = full.as_of;
  full.stage_entered_at = full.created_at;
  full.days_in_stage = 6;
  full.blockers = {{.name = "owner missing", .since = full.as_of, .detail = "nobody"}};
  full.dropoff_risk = "high";
  full.risk_score = 80;
  full.funnel = {
      {.transition = "setup/activation", .entered = 5, .completed = 2, .median_s = 3600}};

  EXPECT_EQ(DecodeAccountStatus(Encoded(full)), full);
  EXPECT_EQ(DecodeAccountStatus(Encoded(journey::AccountStatus{})), journey::AccountStatus{});
}

TEST(StatusReaderTest, OtherBytesAreRefused) {
  EXPECT_EQ(DecodeUserStatus("{\"tenantId\":1}").error().code(), Code::kInvalid);
  EXPECT_EQ(DecodeUserStatus("").error().code(), Code::kInvalid);
  EXPECT_EQ(DecodeAccountStatus("").error().code(), Code::kInvalid);
  const std::string value = Encoded(ExampleAccountStatus());
  EXPECT_EQ(DecodeAccountStatus(value.substr(0, value.size() - 1)).error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace foothold::codec
