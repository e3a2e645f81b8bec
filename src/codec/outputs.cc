#include "src/codec/outputs.h"

#include <utility>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "proto/account_status.pb.h"
#include "proto/activation_changed.pb.h"
#include "proto/dropoff_risk_changed.pb.h"
#include "proto/interventions.pb.h"
#include "proto/onboarding_progress.pb.h"
#include "proto/user_status.pb.h"
#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/base/ulid.h"
#include "src/codec/record_json.h"
#include "src/codec/record_messages.h"
#include "src/codec/wire.h"

namespace foothold::codec {
namespace {

using google::protobuf::Message;

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kProtobufType = "application/protobuf";

std::string TimeText(Instant at) {
  std::string text;
  AppendTime(at, &text);
  return text;
}

std::string SubjectOf(std::string_view tenant, const std::optional<std::string>& user) {
  std::string subject = "account/" + PercentEncode(tenant);
  if (user.has_value()) {
    subject += "/user/" + PercentEncode(*user);
  }
  return subject;
}

std::string UserKeyOf(std::string_view tenant, std::string_view user) {
  return PercentEncode(tenant) + '|' + PercentEncode(user);
}

// A status says how things are at a position of the journal: its id is made of that.
std::string StatusId(Instant as_of, OutputTopic topic, std::string_view subject,
                     std::int64_t revision) {
  return MakeUlid(as_of, HashWide(fmt::format("{} {} {}", DefaultName(topic), subject, revision)));
}

OutputTopic TopicOf(journey::Channel channel) {
  switch (channel) {
    case journey::Channel::kEmail:
      return OutputTopic::kInterventionsEmail;
    case journey::Channel::kInApp:
      return OutputTopic::kInterventionsInApp;
    case journey::Channel::kCs:
      return OutputTopic::kInterventionsCs;
  }
  FOOTHOLD_CHECK(false, "a channel outside its enum");
}

// What Confluent's readers expect in front: 0, the schema's id, and which message of the file it is
// (a list of numbers; the first message has a short form).
void AppendFrame(std::int32_t schema_id, int message_index, std::string* out) {
  out->push_back('\0');
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    out->push_back(static_cast<char>(static_cast<std::uint32_t>(schema_id) >> (shift - 8)));
  }
  if (message_index == 0) {
    out->push_back('\0');
    return;
  }
  AppendVarint(ZigZag(1), out);
  AppendVarint(ZigZag(message_index), out);
}

}  // namespace

std::string_view DefaultName(OutputTopic topic) {
  switch (topic) {
    case OutputTopic::kActivationChanged:
      return "activation.changed";
    case OutputTopic::kOnboardingProgress:
      return "onboarding.progress";
    case OutputTopic::kUserStatus:
      return "onboarding.user-status";
    case OutputTopic::kAccountStatus:
      return "onboarding.account-status";
    case OutputTopic::kDropoffRiskChanged:
      return "dropoff.risk.changed";
    case OutputTopic::kInterventionsEmail:
      return "interventions.email";
    case OutputTopic::kInterventionsInApp:
      return "interventions.in_app";
    case OutputTopic::kInterventionsCs:
      return "interventions.cs";
    case OutputTopic::kInterventionsLog:
      return "interventions.log";
  }
  FOOTHOLD_CHECK(false, "every output topic has a name");
}

// Options, plans and messages that are used again.
class OutputEncoder::Encodings {
 public:
  explicit Encodings(OutputOptions options)
      : options_(std::move(options)), source_("/foothold/" + options_.app) {}

  EncodedOutput operator()(const journey::ActivationChanged& record) {
    const OutputTopic topic = OutputTopic::kActivationChanged;
    ToMessage(record, options_.of(topic).has_person, &activation_);
    return Log({topic, "activation.changed"}, record.common, activation_plan_, activation_);
  }

  EncodedOutput operator()(const journey::DropoffRiskChanged& record) {
    const OutputTopic topic = OutputTopic::kDropoffRiskChanged;
    ToMessage(record, options_.of(topic).has_person, &risk_);
    return Log({topic, "dropoff.risk.changed"}, record.common, risk_plan_, risk_);
  }

  EncodedOutput operator()(const journey::OnboardingProgress& record) {
    ToMessage(record, &progress_);
    return Log({OutputTopic::kOnboardingProgress, "onboarding.progress"}, record.common,
               progress_plan_, progress_);
  }

  EncodedOutput operator()(const journey::InterventionRequested& record) {
    const OutputTopic topic = TopicOf(record.ask.channel);
    ToMessage(record, options_.of(topic).has_person, &requested_);
    return Log({topic, "intervention.requested"}, record.common, requested_plan_, requested_);
  }

  EncodedOutput operator()(const journey::InterventionCancelled& record) {
    ToMessage(record, &cancelled_);
    return Log({TopicOf(record.channel), "intervention.cancelled"}, record.common, cancelled_plan_,
               cancelled_);
  }

  EncodedOutput operator()(const journey::InterventionSuppressed& record) {
    const OutputTopic topic = OutputTopic::kInterventionsLog;
    ToMessage(record, options_.of(topic).has_person, &suppressed_);
    return Log({topic, "intervention.suppressed"}, record.common, suppressed_plan_, suppressed_);
  }

  EncodedOutput operator()(const journey::InterventionOutcome& record) {
    ToMessage(record, &outcome_);
    return Log({OutputTopic::kInterventionsLog, "intervention.outcome"}, record.common,
               outcome_plan_, outcome_);
  }

  EncodedOutput operator()(const journey::InterventionShadow& record) {
    const OutputTopic topic = OutputTopic::kInterventionsLog;
    ToMessage(record, options_.of(topic).has_person, &shadow_);
    return Log({topic, "intervention.shadow"}, record.common, shadow_plan_, shadow_);
  }

  EncodedOutput operator()(const journey::UserStatus& record) {
    const OutputTopic topic = OutputTopic::kUserStatus;
    ToMessage(record, options_.of(topic).has_person, &user_);
    EncodedOutput output{.topic = topic,
                         .record = DefaultName(topic),
                         .tenant = record.tenant,
                         .key = UserKeyOf(record.tenant, record.user),
                         .value = Value(topic, user_plan_, user_),
                         .headers = {}};
    AppendStatusHeaders(SubjectOf(record.tenant, record.user), record.as_of, record.revision,
                        &output);
    return output;
  }

  EncodedOutput operator()(const journey::AccountStatus& record) {
    const OutputTopic topic = OutputTopic::kAccountStatus;
    ToMessage(record, &account_);
    EncodedOutput output{.topic = topic,
                         .record = DefaultName(topic),
                         .tenant = record.tenant,
                         .key = record.tenant,
                         .value = Value(topic, account_plan_, account_),
                         .headers = {}};
    AppendStatusHeaders(SubjectOf(record.tenant, std::nullopt), record.as_of, record.revision,
                        &output);
    return output;
  }

  EncodedOutput operator()(const journey::StatusTombstone& record) const {
    const bool is_user = record.user.has_value();
    const OutputTopic topic = is_user ? OutputTopic::kUserStatus : OutputTopic::kAccountStatus;
    return {.topic = topic,
            .record = DefaultName(topic),
            .tenant = record.tenant,
            .key = is_user ? UserKeyOf(record.tenant, *record.user) : record.tenant,
            .value = std::nullopt,
            .headers = {}};
  }

 private:
  // Where a record goes, and what it is.
  struct Place {
    OutputTopic topic;
    std::string_view record;
  };

  EncodedOutput Log(const Place& place, const journey::LogCommon& common, const RecordPlan& plan,
                    const Message& message) const {
    EncodedOutput output{.topic = place.topic,
                         .record = place.record,
                         .tenant = common.tenant,
                         .key = common.tenant,
                         .value = Value(place.topic, plan, message),
                         .headers = {}};
    AppendLogHeaders(common, &output);
    return output;
  }

  std::string Value(OutputTopic topic, const RecordPlan& plan, const Message& message) const {
    const TopicEncoding& encoding = options_.of(topic);
    std::string value;
    switch (encoding.format) {
      case OutputFormat::kJson:
        value.reserve(2048);
        AppendJson(plan, message, &value);
        return value;
      case OutputFormat::kProtobufFramed:
        AppendFrame(encoding.schema_id, message.GetDescriptor()->index(), &value);
        break;
      case OutputFormat::kProtobufRaw:
        break;
    }
    FOOTHOLD_CHECK(message.AppendToString(&value), "a record has no required fields");
    return value;
  }

  // The headers that every record begins with.
  void AppendHeaders(std::string ce_id, Instant at, std::string subject,
                     EncodedOutput* output) const {
    const bool is_json = options_.of(output->topic).format == OutputFormat::kJson;
    output->headers.reserve(16);
    output->headers = {
        {.name = "content-type", .value = std::string(is_json ? kJsonType : kProtobufType)},
        {.name = "ce_specversion", .value = "1.0"},
        {.name = "ce_id", .value = std::move(ce_id)},
        {.name = "ce_source", .value = source_},
        {.name = "ce_type", .value = fmt::format("foothold.{}.v1", output->record)},
        {.name = "ce_time", .value = TimeText(at)},
        {.name = "ce_subject", .value = std::move(subject)}};
  }

  void AppendSchemaHeader(EncodedOutput* output) const {
    output->headers.push_back({.name = "ce_dataschema",
                               .value = fmt::format("urn:foothold:schema:{}:v1", output->record)});
  }

  void AppendLogHeaders(const journey::LogCommon& common, EncodedOutput* output) const {
    AppendHeaders(common.ce_id, common.decided_at, SubjectOf(common.tenant, common.user), output);
    std::vector<OutputHeader>& headers = output->headers;
    headers.push_back({.name = "ce_causationid", .value = common.causation});
    headers.push_back({.name = "ce_correlationid", .value = common.correlation});
    if (common.expires_at.has_value()) {
      headers.push_back({.name = "ce_expirytime", .value = TimeText(*common.expires_at)});
    }
    AppendSchemaHeader(output);
    headers.push_back({.name = "ce_fhrev", .value = fmt::format("{}", common.revision)});
    headers.push_back({.name = "ce_fhseq", .value = fmt::format("{}", common.sequence)});
    headers.push_back({.name = "ce_fhmode", .value = std::string(ModeName(common.mode))});
    headers.push_back(
        {.name = "ce_fhrule", .value = common.rule.empty() ? common.definition : common.rule});
  }

  // A status sums up many stimuli: it has no cause, no episode, no mode and no rule of its own.
  void AppendStatusHeaders(std::string subject, Instant as_of, std::int64_t revision,
                           EncodedOutput* output) const {
    std::string ce_id = StatusId(as_of, output->topic, subject, revision);
    AppendHeaders(std::move(ce_id), as_of, std::move(subject), output);
    AppendSchemaHeader(output);
    output->headers.push_back({.name = "ce_fhrev", .value = fmt::format("{}", revision)});
  }

  OutputOptions options_;
  std::string source_;
  RecordPlan activation_plan_{*v1::ActivationChanged::descriptor()};
  RecordPlan progress_plan_{*v1::OnboardingProgress::descriptor()};
  RecordPlan risk_plan_{*v1::DropoffRiskChanged::descriptor()};
  RecordPlan requested_plan_{*v1::InterventionRequested::descriptor()};
  RecordPlan cancelled_plan_{*v1::InterventionCancelled::descriptor()};
  RecordPlan suppressed_plan_{*v1::InterventionSuppressed::descriptor()};
  RecordPlan outcome_plan_{*v1::InterventionOutcome::descriptor()};
  RecordPlan shadow_plan_{*v1::InterventionShadow::descriptor()};
  RecordPlan user_plan_{*v1::UserStatus::descriptor()};
  RecordPlan account_plan_{*v1::AccountStatus::descriptor()};
  v1::ActivationChanged activation_;
  v1::OnboardingProgress progress_;
  v1::DropoffRiskChanged risk_;
  v1::InterventionRequested requested_;
  v1::InterventionCancelled cancelled_;
  v1::InterventionSuppressed suppressed_;
  v1::InterventionOutcome outcome_;
  v1::InterventionShadow shadow_;
  v1::UserStatus user_;
  v1::AccountStatus account_;
};

OutputEncoder::OutputEncoder(OutputOptions options)
    : encodings_(std::make_unique<Encodings>(std::move(options))) {}
OutputEncoder::~OutputEncoder() = default;
OutputEncoder::OutputEncoder(OutputEncoder&&) noexcept = default;
OutputEncoder& OutputEncoder::operator=(OutputEncoder&&) noexcept = default;

EncodedOutput OutputEncoder::Encode(const journey::OutputRecord& record) {
  return std::visit(*encodings_, record);
}

}  // namespace foothold::codec
