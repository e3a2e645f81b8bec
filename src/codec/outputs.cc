#include "src/codec/outputs.h"

#include <iterator>
#include <utility>

#include <fmt/compile.h>
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
#include "src/codec/json_sink.h"
#include "src/codec/record_fields.h"
#include "src/codec/record_json.h"
#include "src/codec/record_messages.h"
#include "src/codec/wire.h"

namespace foothold::codec {
namespace {

using google::protobuf::Message;

constexpr std::string_view kJsonType = "application/json";
constexpr std::string_view kProtobufType = "application/protobuf";

void AppendSubject(std::string_view tenant, const std::optional<std::string>& user,
                   std::string* out) {
  *out += "account/";
  *out += PercentEncode(tenant);
  if (user.has_value()) {
    *out += "/user/";
    *out += PercentEncode(*user);
  }
}

void AppendUserKey(std::string_view tenant, std::string_view user, std::string* out) {
  *out += PercentEncode(tenant);
  *out += '|';
  *out += PercentEncode(user);
}

void AppendNumber(std::int64_t number, std::string* out) {
  fmt::format_to(std::back_inserter(*out), FMT_COMPILE("{}"), number);
}

// A status says how things are at a position of the journal: its id is made of that, and of what it
// says. Where a commit cuts a stimulus, two of one position say two things, and a reader who knows
// the id of the first must not pass over the second.
std::string StatusId(Instant as_of, OutputTopic topic, std::string_view subject,
                     std::int64_t revision, std::string_view value) {
  fmt::memory_buffer text;
  fmt::format_to(std::back_inserter(text), FMT_COMPILE("{} {} {} {}"), DefaultName(topic), subject,
                 revision, Hash64(value));
  return MakeUlid(as_of, HashWide({text.data(), text.size()}));
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

// These name no person.
void ToMessage(const journey::OnboardingProgress& record, bool /*has_person*/,
               v1::OnboardingProgress* message) {
  codec::ToMessage(record, message);
}
void ToMessage(const journey::AccountStatus& record, bool /*has_person*/,
               v1::AccountStatus* message) {
  codec::ToMessage(record, message);
}

// Fills a record's headers again: a value keeps its memory while its place in the list does.
class HeaderFiller {
 public:
  explicit HeaderFiller(std::vector<OutputHeader>* headers) : headers_(headers) {}
  ~HeaderFiller() { headers_->resize(count_); }
  HeaderFiller(const HeaderFiller&) = delete;
  HeaderFiller& operator=(const HeaderFiller&) = delete;

  // The value of the next header, empty. Valid until the next call.
  std::string* Next(std::string_view name) {
    if (count_ == headers_->size()) {
      headers_->emplace_back();
    }
    OutputHeader& header = (*headers_)[count_++];
    header.name = name;
    header.value.clear();
    return &header.value;
  }
  void Add(std::string_view name, std::string_view value) { Next(name)->append(value); }

 private:
  std::vector<OutputHeader>* headers_;
  std::size_t count_ = 0;
};

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

// Options, plans, messages and records that are used again.
class OutputEncoder::Encodings {
 public:
  explicit Encodings(OutputOptions options)
      : options_(std::move(options)), source_("/foothold/" + options_.app) {}

  const EncodedOutput& operator()(const journey::ActivationChanged& record) {
    const OutputTopic topic = OutputTopic::kActivationChanged;
    return Log({topic, "activation.changed"}, record, activation_plan_, &activation_);
  }

  const EncodedOutput& operator()(const journey::DropoffRiskChanged& record) {
    const OutputTopic topic = OutputTopic::kDropoffRiskChanged;
    ToMessage(record, options_.of(topic).has_person, &risk_);
    return Log({topic, "dropoff.risk.changed"}, record.common, risk_plan_, risk_);
  }

  const EncodedOutput& operator()(const journey::OnboardingProgress& record) {
    return Log({OutputTopic::kOnboardingProgress, "onboarding.progress"}, record, progress_plan_,
               &progress_);
  }

  const EncodedOutput& operator()(const journey::InterventionRequested& record) {
    const OutputTopic topic = TopicOf(record.ask.channel);
    ToMessage(record, options_.of(topic).has_person, &requested_);
    return Log({topic, "intervention.requested"}, record.common, requested_plan_, requested_);
  }

  const EncodedOutput& operator()(const journey::InterventionCancelled& record) {
    ToMessage(record, &cancelled_);
    return Log({TopicOf(record.channel), "intervention.cancelled"}, record.common, cancelled_plan_,
               cancelled_);
  }

  const EncodedOutput& operator()(const journey::InterventionSuppressed& record) {
    const OutputTopic topic = OutputTopic::kInterventionsLog;
    ToMessage(record, options_.of(topic).has_person, &suppressed_);
    return Log({topic, "intervention.suppressed"}, record.common, suppressed_plan_, suppressed_);
  }

  const EncodedOutput& operator()(const journey::InterventionOutcome& record) {
    ToMessage(record, &outcome_);
    return Log({OutputTopic::kInterventionsLog, "intervention.outcome"}, record.common,
               outcome_plan_, outcome_);
  }

  const EncodedOutput& operator()(const journey::InterventionShadow& record) {
    const OutputTopic topic = OutputTopic::kInterventionsLog;
    ToMessage(record, options_.of(topic).has_person, &shadow_);
    return Log({topic, "intervention.shadow"}, record.common, shadow_plan_, shadow_);
  }

  const EncodedOutput& operator()(const journey::UserStatus& record) {
    const OutputTopic topic = OutputTopic::kUserStatus;
    EncodedOutput& output = Begin({topic, DefaultName(topic)}, record.tenant);
    AppendUserKey(record.tenant, record.user, &output.key);
    AppendFields(topic, record, user_plan_, &user_, &*output.value);
    subject_.clear();
    AppendSubject(record.tenant, record.user, &subject_);
    FillStatusHeaders(record.as_of, record.revision, &output);
    return output;
  }

  const EncodedOutput& operator()(const journey::AccountStatus& record) {
    const OutputTopic topic = OutputTopic::kAccountStatus;
    EncodedOutput& output = Begin({topic, DefaultName(topic)}, record.tenant);
    output.key = record.tenant;
    AppendFields(topic, record, account_plan_, &account_, &*output.value);
    subject_.clear();
    AppendSubject(record.tenant, std::nullopt, &subject_);
    FillStatusHeaders(record.as_of, record.revision, &output);
    return output;
  }

  const EncodedOutput& operator()(const journey::StatusTombstone& record) {
    const bool is_user = record.user.has_value();
    tombstone_.topic = is_user ? OutputTopic::kUserStatus : OutputTopic::kAccountStatus;
    tombstone_.tenant = record.tenant;
    tombstone_.key.clear();
    if (is_user) {
      AppendUserKey(record.tenant, *record.user, &tombstone_.key);
    } else {
      tombstone_.key = record.tenant;
    }
    return tombstone_;
  }

 private:
  // Where a record goes, and what it is.
  struct Place {
    OutputTopic topic;
    std::string_view record;
  };

  // The topic's record, with an empty key and value.
  EncodedOutput& Begin(const Place& place, const std::string& tenant) {
    EncodedOutput& output = outputs_[static_cast<std::size_t>(place.topic)];
    output.topic = place.topic;
    output.record = place.record;
    output.tenant = tenant;
    output.key.clear();
    if (!output.value.has_value()) {
      output.value.emplace();
    }
    output.value->clear();
    return output;
  }

  const EncodedOutput& Log(const Place& place, const journey::LogCommon& common,
                           const RecordPlan& plan, const Message& message) {
    EncodedOutput& output = Begin(place, common.tenant);
    AppendValue(place.topic, plan, message, &*output.value);
    return FinishLog(common, &output);
  }
  template <class Record, class RecordMessage>
  const EncodedOutput& Log(const Place& place, const Record& record, const RecordPlan& plan,
                           RecordMessage* message) {
    EncodedOutput& output = Begin(place, record.common.tenant);
    AppendFields(place.topic, record, plan, message, &*output.value);
    return FinishLog(record.common, &output);
  }

  const EncodedOutput& FinishLog(const journey::LogCommon& common, EncodedOutput* output) {
    output->key = common.tenant;
    subject_.clear();
    AppendSubject(common.tenant, common.user, &subject_);
    FillLogHeaders(common, output);
    return *output;
  }

  // As AppendValue(), but JSON is written of the record itself: its message is for Protobuf alone.
  template <class Record, class RecordMessage>
  void AppendFields(OutputTopic topic, const Record& record, const RecordPlan& plan,
                    RecordMessage* message, std::string* value) {
    const bool has_person = options_.of(topic).has_person;
    if (options_.of(topic).format == OutputFormat::kJson) {
      room_.Clear();
      JsonSink sink(plan.root(), &room_);
      PutFields(record, has_person, &sink);
      sink.End();
      value->append(room_.text());
      return;
    }
    ToMessage(record, has_person, message);
    AppendValue(topic, plan, *message, value);
  }

  void AppendValue(OutputTopic topic, const RecordPlan& plan, const Message& message,
                   std::string* value) {
    const TopicEncoding& encoding = options_.of(topic);
    switch (encoding.format) {
      case OutputFormat::kJson:
        bytes_.clear();
        FOOTHOLD_CHECK(message.AppendToString(&bytes_), "a record has no required fields");
        json_.Append(plan, bytes_, value);
        return;
      case OutputFormat::kProtobufFramed:
        AppendFrame(encoding.schema_id, message.GetDescriptor()->index(), value);
        break;
      case OutputFormat::kProtobufRaw:
        break;
    }
    FOOTHOLD_CHECK(message.AppendToString(value), "a record has no required fields");
  }

  // The headers that every record begins with.
  void FillHeaders(const EncodedOutput& output, std::string_view ce_id, Instant at,
                   HeaderFiller* headers) const {
    const bool is_json = options_.of(output.topic).format == OutputFormat::kJson;
    headers->Add("content-type", is_json ? kJsonType : kProtobufType);
    headers->Add("ce_specversion", "1.0");
    headers->Add("ce_id", ce_id);
    headers->Add("ce_source", source_);
    std::string* const type = headers->Next("ce_type");
    *type += "foothold.";
    *type += output.record;
    *type += ".v1";
    AppendRfc3339(at, headers->Next("ce_time"));
    headers->Add("ce_subject", subject_);
  }

  static void FillSchemaHeader(const EncodedOutput& output, HeaderFiller* headers) {
    std::string* const schema = headers->Next("ce_dataschema");
    *schema += "urn:foothold:schema:";
    *schema += output.record;
    *schema += ":v1";
  }

  void FillLogHeaders(const journey::LogCommon& common, EncodedOutput* output) const {
    HeaderFiller headers(&output->headers);
    FillHeaders(*output, common.ce_id, common.decided_at, &headers);
    headers.Add("ce_causationid", common.causation);
    headers.Add("ce_correlationid", common.correlation);
    if (common.expires_at.has_value()) {
      AppendRfc3339(*common.expires_at, headers.Next("ce_expirytime"));
    }
    FillSchemaHeader(*output, &headers);
    AppendNumber(common.revision, headers.Next("ce_fhrev"));
    AppendNumber(common.sequence, headers.Next("ce_fhseq"));
    headers.Add("ce_fhmode", ModeName(common.mode));
    headers.Add("ce_fhrule", common.rule.empty() ? common.definition : common.rule);
  }

  // A status sums up many stimuli: it has no cause, no episode, no mode and no rule of its own.
  void FillStatusHeaders(Instant as_of, std::int64_t revision, EncodedOutput* output) const {
    HeaderFiller headers(&output->headers);
    FillHeaders(*output, StatusId(as_of, output->topic, subject_, revision, *output->value), as_of,
                &headers);
    FillSchemaHeader(*output, &headers);
    AppendNumber(revision, headers.Next("ce_fhrev"));
  }

  OutputOptions options_;
  std::string source_;
  RecordPlan activation_plan_{*v1::ActivationChanged::descriptor()};
  RecordPlan risk_plan_{*v1::DropoffRiskChanged::descriptor()};
  RecordPlan requested_plan_{*v1::InterventionRequested::descriptor()};
  RecordPlan cancelled_plan_{*v1::InterventionCancelled::descriptor()};
  RecordPlan suppressed_plan_{*v1::InterventionSuppressed::descriptor()};
  RecordPlan outcome_plan_{*v1::InterventionOutcome::descriptor()};
  RecordPlan shadow_plan_{*v1::InterventionShadow::descriptor()};
  RecordPlan progress_plan_{*v1::OnboardingProgress::descriptor()};
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
  std::array<EncodedOutput, kOutputTopicCount> outputs_;  // By topic.
  EncodedOutput tombstone_;
  std::string subject_;  // Of the record under way.
  std::string bytes_;    // Likewise, as Protobuf, where it becomes JSON.
  RecordJsonWriter json_;
  TextRoom room_;
};

OutputEncoder::OutputEncoder(OutputOptions options)
    : encodings_(std::make_unique<Encodings>(std::move(options))) {}
OutputEncoder::~OutputEncoder() = default;
OutputEncoder::OutputEncoder(OutputEncoder&&) noexcept = default;
OutputEncoder& OutputEncoder::operator=(OutputEncoder&&) noexcept = default;

const EncodedOutput& OutputEncoder::Encode(const journey::OutputRecord& record) {
  return std::visit(*encodings_, record);
}

}  // namespace foothold::codec
