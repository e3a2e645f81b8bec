#include "src/codec/outputs.h"

#include <chrono>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "proto/account_status.pb.h"
#include "proto/activation_changed.pb.h"
#include "proto/interventions.pb.h"
#include "proto/onboarding_progress.pb.h"
#include "proto/user_status.pb.h"
#include "src/base/json.h"
#include "src/codec/record_json.h"
#include "tests/codec/example_records.h"
#include "tests/codec/published.h"

namespace foothold::codec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

OutputEncoder JsonEncoder() { return OutputEncoder({.app = "foothold", .encodings = {}}); }

OutputEncoder EncoderOf(OutputTopic topic, const TopicEncoding& encoding) {
  OutputOptions options{.app = "foothold", .encodings = {}};
  options.of(topic) = encoding;
  return OutputEncoder(std::move(options));
}

std::string HeaderOf(const EncodedOutput& output, std::string_view name) {
  for (const OutputHeader& header : output.headers) {
    if (header.name == name) {
      return header.value;
    }
  }
  return "(none)";
}

std::vector<std::string_view> HeaderNames(const EncodedOutput& output) {
  std::vector<std::string_view> names;
  for (const OutputHeader& header : output.headers) {
    names.push_back(header.name);
  }
  return names;
}

// The whole record: topic, key, headers and value.
std::string Example(const EncodedOutput& output) {
  std::string json = "{\"topic\":";
  AppendJsonString(DefaultName(output.topic), &json);
  json += ",\"key\":";
  AppendJsonString(output.key, &json);
  json += ",\"headers\":{";
  for (const OutputHeader& header : output.headers) {
    json += json.back() == '{' ? "" : ",";
    AppendJsonString(header.name, &json);
    json += ':';
    AppendJsonString(header.value, &json);
  }
  json += "},\"value\":" + output.value.value_or("null") + '}';
  return PrettyJson(json);
}

TEST(OutputsTest, EveryRecordIsAsItsPublishedExample) {
  OutputEncoder encoder = JsonEncoder();
  const std::string folder = "proto/examples/";
  ExpectPublished(folder + "activation.changed.user.json",
                  Example(encoder.Encode(ExampleUserActivation())));
  ExpectPublished(folder + "activation.changed.account.json",
                  Example(encoder.Encode(ExampleAccountActivation())));
  ExpectPublished(folder + "onboarding.progress.json", Example(encoder.Encode(ExampleProgress())));
  ExpectPublished(folder + "onboarding.user-status.json",
                  Example(encoder.Encode(ExampleUserStatus())));
  ExpectPublished(folder + "onboarding.account-status.json",
                  Example(encoder.Encode(ExampleAccountStatus())));
  ExpectPublished(folder + "dropoff.risk.changed.user.json",
                  Example(encoder.Encode(ExampleUserRisk())));
  ExpectPublished(folder + "dropoff.risk.changed.account.json",
                  Example(encoder.Encode(ExampleAccountRisk())));
  ExpectPublished(folder + "intervention.requested.email.json",
                  Example(encoder.Encode(ExampleEmail())));
  ExpectPublished(folder + "intervention.requested.cs.json",
                  Example(encoder.Encode(ExampleCsTask())));
  ExpectPublished(folder + "intervention.cancelled.json",
                  Example(encoder.Encode(ExampleCancelled())));
  ExpectPublished(folder + "intervention.suppressed.json",
                  Example(encoder.Encode(ExampleSuppressed())));
  ExpectPublished(folder + "intervention.outcome.json", Example(encoder.Encode(ExampleOutcome())));
  ExpectPublished(folder + "intervention.shadow.json", Example(encoder.Encode(ExampleShadow())));
}

// The records that are written most go their own way to JSON.
TEST(OutputsTest, JsonSaysWhatTheMessageDoes) {
  journey::ActivationChanged no_person = ExampleUserActivation();
  no_person.person.reset();
  no_person.window.reset();
  no_person.common.role.reset();
  no_person.common.reason = "a \"quoted\"\nreason";
  no_person.common.evidence.resize(30, no_person.common.evidence.front());
  journey::AccountStatus fresh;
  fresh.tenant = "acme";
  fresh.composition.push_back({.role = ""});
  fresh.next_timers.push_back({.kind = "stage", .due = Instant(milliseconds(-5))});
  const std::vector<std::pair<journey::OutputRecord, const google::protobuf::Descriptor*>> records{
      {ExampleUserActivation(), v1::ActivationChanged::descriptor()},
      {ExampleAccountActivation(), v1::ActivationChanged::descriptor()},
      {no_person, v1::ActivationChanged::descriptor()},
      {ExampleProgress(), v1::OnboardingProgress::descriptor()},
      {ExampleUserStatus(), v1::UserStatus::descriptor()},
      {journey::UserStatus{}, v1::UserStatus::descriptor()},
      {ExampleAccountStatus(), v1::AccountStatus::descriptor()},
      {fresh, v1::AccountStatus::descriptor()}};

  for (const bool has_person : {true, false}) {
    OutputOptions as_json{.app = "foothold", .encodings = {}};
    OutputOptions raw = as_json;
    for (std::size_t topic = 0; topic < kOutputTopicCount; ++topic) {
      as_json.encodings[topic].has_person = has_person;
      raw.encodings[topic] = {.format = OutputFormat::kProtobufRaw, .has_person = has_person};
    }
    OutputEncoder json_encoder(as_json);
    OutputEncoder raw_encoder(raw);
    for (const auto& [record, descriptor] : records) {
      std::string expected;
      AppendJson(RecordPlan(*descriptor), raw_encoder.Encode(record).value.value(), &expected);

      EXPECT_EQ(json_encoder.Encode(record).value.value(), expected);
    }
  }
}

TEST(OutputsTest, EverySchemaIsAsItIsPublished) {
  for (const SchemaFile& file : JsonSchemas()) {
    ExpectPublished("proto/schemas/" + file.name, file.text);
  }
}

TEST(OutputsTest, ALogRecordHasEveryHeaderInOrder) {
  const EncodedOutput output = JsonEncoder().Encode(ExampleUserActivation());

  EXPECT_THAT(
      HeaderNames(output),
      ElementsAre("content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time",
                  "ce_subject", "ce_causationid", "ce_correlationid", "ce_expirytime",
                  "ce_dataschema", "ce_fhrev", "ce_fhseq", "ce_fhmode", "ce_fhrule"));
  EXPECT_EQ(HeaderOf(output, "ce_subject"), "account/acme%2Fnorth/user/ann%40acme");
  EXPECT_EQ(HeaderOf(output, "ce_type"), "foothold.activation.changed.v1");
  EXPECT_EQ(HeaderOf(output, "ce_fhrev"), "2747727884");
}

TEST(OutputsTest, AStatusHasARevisionAndNoSequence) {
  const EncodedOutput output = JsonEncoder().Encode(ExampleUserStatus());

  EXPECT_THAT(HeaderNames(output),
              ElementsAre("content-type", "ce_specversion", "ce_id", "ce_source", "ce_type",
                          "ce_time", "ce_subject", "ce_dataschema", "ce_fhrev"));
  EXPECT_EQ(HeaderOf(output, "ce_id").size(), 26U);
}

TEST(OutputsTest, TheIdOfAStatusIsThatOfItsRepeatsAlone) {
  OutputEncoder encoder = JsonEncoder();
  journey::UserStatus status = ExampleUserStatus();
  const std::string first = HeaderOf(encoder.Encode(status), "ce_id");

  EXPECT_EQ(HeaderOf(encoder.Encode(status), "ce_id"), first);
  status.revision += 1;
  EXPECT_NE(HeaderOf(encoder.Encode(status), "ce_id"), first);
}

// A stimulus that a commit cuts: both are of its position.
TEST(OutputsTest, TwoStatusesOfOnePositionThatSayTwoThingsAreNoRepeats) {
  OutputEncoder encoder = JsonEncoder();
  journey::UserStatus status = ExampleUserStatus();
  const std::string first = HeaderOf(encoder.Encode(status), "ce_id");

  status.risk_score = status.risk_score.value_or(0) + 1;
  EXPECT_NE(HeaderOf(encoder.Encode(status), "ce_id"), first);
}

TEST(OutputsTest, KeysNameTheTenantAndOfAUserStatusTheUser) {
  OutputEncoder encoder = JsonEncoder();

  EXPECT_EQ(encoder.Encode(ExampleUserActivation()).key, "acme/north");
  EXPECT_EQ(encoder.Encode(ExampleProgress()).key, "acme/north");
  EXPECT_EQ(encoder.Encode(ExampleAccountStatus()).key, "acme/north");
  EXPECT_EQ(encoder.Encode(ExampleUserStatus()).key, "acme%2Fnorth|ann%40acme");
  EXPECT_EQ(encoder.Encode(ExampleUserStatus()).tenant, "acme/north");
}

TEST(OutputsTest, ATombstoneHasTheKeyOfItsStatusAndNoValue) {
  OutputEncoder encoder = JsonEncoder();

  const EncodedOutput user =
      encoder.Encode(journey::StatusTombstone{.tenant = "acme/north", .user = "ann@acme"});
  const EncodedOutput account =
      encoder.Encode(journey::StatusTombstone{.tenant = "acme/north", .user = std::nullopt});

  EXPECT_EQ(user.topic, OutputTopic::kUserStatus);
  EXPECT_EQ(user.key, "acme%2Fnorth|ann%40acme");
  EXPECT_EQ(user.value, std::nullopt);
  EXPECT_EQ(account.topic, OutputTopic::kAccountStatus);
  EXPECT_EQ(account.key, "acme/north");
}

TEST(OutputsTest, ThePersonIsLeftOutWhereTheTopicSaysSo) {
  OutputEncoder activations = EncoderOf(OutputTopic::kActivationChanged, {.has_person = false});
  OutputEncoder statuses = EncoderOf(OutputTopic::kUserStatus, {.has_person = false});

  const std::string activation = activations.Encode(ExampleUserActivation()).value.value();
  const std::string status = statuses.Encode(ExampleUserStatus()).value.value();

  EXPECT_THAT(activation, HasSubstr("\"person\":null"));
  EXPECT_THAT(activation, Not(HasSubstr("ann@acme.example")));
  EXPECT_THAT(status, HasSubstr("\"email\":null,\"name\":null"));
  EXPECT_THAT(status, Not(HasSubstr("ann@acme.example")));
}

TEST(OutputsTest, EvidenceEndsAtTwentyAndSaysHowManyThereWere) {
  journey::ActivationChanged record = ExampleUserActivation();
  record.common.evidence.assign(30, record.common.evidence.front());
  record.common.evidence_count = 57;
  OutputEncoder encoder =
      EncoderOf(OutputTopic::kActivationChanged, {.format = OutputFormat::kProtobufRaw});

  const EncodedOutput output = encoder.Encode(record);

  v1::ActivationChanged message;
  ASSERT_TRUE(message.ParseFromString(output.value.value()));
  EXPECT_EQ(message.evidence_size(), 20);
  EXPECT_EQ(message.evidence_count(), 57);
}

TEST(OutputsTest, NumbersAreExactAndShort) {
  journey::AccountStatus record = ExampleAccountStatus();
  record.account.mrr = 100000;
  record.account.contract_value = 0.1;
  record.account.seats = 1e300;
  record.activation_rate = 0.33349;
  record.revision = 9'223'372'036'854'775'807;

  const std::string value = JsonEncoder().Encode(record).value.value();

  EXPECT_THAT(value, HasSubstr("\"mrr\":100000,\"contractValue\":0.1,\"seats\":1e+300,"));
  EXPECT_THAT(value, HasSubstr("\"activationRate\":0.333,"));
  EXPECT_THAT(value, HasSubstr("\"revision\":9223372036854775807}"));
}

TEST(OutputsTest, TextsThatJsonCannotHoldAreEscaped) {
  journey::UserStatus record = ExampleUserStatus();
  record.name = std::string("a\"b\\c\n\x01 東京 \0", 16);

  const std::string value = JsonEncoder().Encode(record).value.value();

  EXPECT_THAT(value, HasSubstr(R"("name":"a\"b\\c\n\u0001 東京 \u0000")"));
}

TEST(OutputsTest, TimesBeyondFourDigitsOfYearsAreTheNearestInside) {
  journey::AccountStatus record = ExampleAccountStatus();
  record.account.contract_at = ParseRfc3339("9999-12-31T23:59:59.999Z").value().instant + kDay;
  record.account.trial_ends_at = Instant::min();
  record.as_of = Instant::max();

  const EncodedOutput output = JsonEncoder().Encode(record);

  EXPECT_THAT(output.value.value(), HasSubstr("\"contractAt\":\"9999-12-31T23:59:59.999Z\""));
  EXPECT_THAT(output.value.value(), HasSubstr("\"trialEndsAt\":\"0000-01-01T00:00:00.000Z\""));
  EXPECT_EQ(HeaderOf(output, "ce_time"), "9999-12-31T23:59:59.999Z");
}

TEST(OutputsTest, AFramedRecordHasMagicSchemaAndIndexInFront) {
  OutputEncoder encoder = EncoderOf(
      OutputTopic::kUserStatus, {.format = OutputFormat::kProtobufFramed, .schema_id = 0x01020304});

  const EncodedOutput output = encoder.Encode(ExampleUserStatus());

  const std::string& value = output.value.value();
  EXPECT_EQ(value.substr(0, 6), std::string("\0\1\2\3\4\0", 6));
  v1::UserStatus message;
  ASSERT_TRUE(message.ParseFromString(value.substr(6)));
  EXPECT_EQ(message.user_id(), "ann@acme");
  EXPECT_EQ(message.history(), v1::HISTORY_KNOWN);
  EXPECT_EQ(message.activation_state(), v1::ACTIVATION_STATE_IN_PROGRESS);
  EXPECT_FALSE(message.has_activated());
  EXPECT_EQ(HeaderOf(output, "content-type"), "application/protobuf");
}

TEST(OutputsTest, EveryRecordIsTheFirstMessageOfItsFile) {
  EXPECT_EQ(v1::ActivationChanged::descriptor()->index(), 0);
  EXPECT_EQ(v1::OnboardingProgress::descriptor()->index(), 0);
  EXPECT_EQ(v1::UserStatus::descriptor()->index(), 0);
  EXPECT_EQ(v1::AccountStatus::descriptor()->index(), 0);
}

TEST(OutputsTest, ARequestAndItsCancellationGoToTheTopicOfTheChannelTheRestToTheLog) {
  OutputEncoder encoder = JsonEncoder();
  journey::InterventionRequested request = ExampleEmail();
  const auto topic_of = [&](journey::Channel channel) {
    request.ask.channel = channel;
    return encoder.Encode(request).topic;
  };

  EXPECT_EQ(topic_of(journey::Channel::kEmail), OutputTopic::kInterventionsEmail);
  EXPECT_EQ(topic_of(journey::Channel::kInApp), OutputTopic::kInterventionsInApp);
  EXPECT_EQ(topic_of(journey::Channel::kCs), OutputTopic::kInterventionsCs);
  EXPECT_EQ(encoder.Encode(ExampleCancelled()).topic, OutputTopic::kInterventionsInApp);
  EXPECT_EQ(encoder.Encode(ExampleSuppressed()).topic, OutputTopic::kInterventionsLog);
  EXPECT_EQ(encoder.Encode(ExampleOutcome()).topic, OutputTopic::kInterventionsLog);
  EXPECT_EQ(encoder.Encode(ExampleShadow()).topic, OutputTopic::kInterventionsLog);
  EXPECT_EQ(encoder.Encode(ExampleUserRisk()).topic, OutputTopic::kDropoffRiskChanged);
}

TEST(OutputsTest, AnInterventionNamesItsRecordRuleAndExpiry) {
  const EncodedOutput output = JsonEncoder().Encode(ExampleEmail());

  EXPECT_EQ(HeaderOf(output, "ce_type"), "foothold.intervention.requested.v1");
  EXPECT_EQ(HeaderOf(output, "ce_dataschema"), "urn:foothold:schema:intervention.requested:v1");
  EXPECT_EQ(HeaderOf(output, "ce_fhrule"), "stalled@3");
  EXPECT_EQ(HeaderOf(output, "ce_expirytime"), "2026-11-11T07:55:00.000Z");
  EXPECT_EQ(HeaderOf(JsonEncoder().Encode(ExampleUserRisk()), "ce_fhrule"), "default@3");
}

TEST(OutputsTest, ThePersonOfAnInterventionIsLeftOutWhereTheTopicSaysSo) {
  OutputEncoder emails = EncoderOf(OutputTopic::kInterventionsEmail, {.has_person = false});
  OutputEncoder logs = EncoderOf(OutputTopic::kInterventionsLog, {.has_person = false});
  OutputEncoder risks = EncoderOf(OutputTopic::kDropoffRiskChanged, {.has_person = false});

  for (const EncodedOutput& output :
       {emails.Encode(ExampleEmail()), logs.Encode(ExampleSuppressed()),
        logs.Encode(ExampleShadow()), risks.Encode(ExampleUserRisk())}) {
    EXPECT_THAT(output.value.value(), HasSubstr("\"person\":null"));
    EXPECT_THAT(output.value.value(), Not(HasSubstr("ann@acme.example")));
    EXPECT_THAT(output.value.value(), Not(HasSubstr("\"name\":\"Ann")));
  }
}

TEST(OutputsTest, FramingNamesAnInterventionByItsPlaceInTheFile) {
  OutputEncoder encoder = EncoderOf(OutputTopic::kInterventionsLog,
                                    {.format = OutputFormat::kProtobufFramed, .schema_id = 7});

  const std::string value = encoder.Encode(ExampleOutcome()).value.value();

  // One index, in the zigzag of variable-length numbers: 3.
  EXPECT_EQ(value.substr(0, 7), std::string("\0\0\0\0\7\2\6", 7));
  v1::InterventionOutcome message;
  ASSERT_TRUE(message.ParseFromString(value.substr(7)));
  EXPECT_EQ(message.outcome(), v1::OUTCOME_CONVERTED);
  EXPECT_EQ(message.rung(), 2);
}

TEST(OutputsTest, AnAccountHasNoPersonAndNoLevelBeforeItsFirst) {
  const std::string value = JsonEncoder().Encode(ExampleAccountRisk()).value.value();

  EXPECT_THAT(value, HasSubstr("\"from\":null,\"to\":\"high\""));
  EXPECT_THAT(value, HasSubstr("\"person\":null"));
  EXPECT_THAT(JsonEncoder().Encode(ExampleCsTask()).value.value(), HasSubstr("\"person\":null"));
}

TEST(OutputsTest, NothingOfARecordIsLeftInTheNext) {
  OutputEncoder encoder = JsonEncoder();
  encoder.Encode(ExampleUserActivation());
  const std::string second = encoder.Encode(ExampleAccountActivation()).value.value();

  EXPECT_EQ(second, JsonEncoder().Encode(ExampleAccountActivation()).value.value());
  EXPECT_THAT(second, HasSubstr("\"window\":null,\"progress\":[]"));
  EXPECT_THAT(second, HasSubstr("\"person\":null"));
}

}  // namespace
}  // namespace foothold::codec
