#include "src/codec/output_reader.h"

#include <functional>
#include <map>
#include <optional>
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
#include "src/codec/record_json.h"
#include "src/codec/wire.h"

namespace foothold::codec {
namespace {

using google::protobuf::Message;

struct Form {
  explicit Form(std::unique_ptr<Message> empty)
      : plan(*empty->GetDescriptor()), message(std::move(empty)) {}

  RecordPlan plan;
  std::unique_ptr<Message> message;
};

// What stands behind Confluent's frame; a raw message, which never begins with 0, is itself.
std::optional<std::string_view> WithoutFrame(std::string_view value) {
  if (value.empty() || value.front() != '\0') {
    return value;
  }
  constexpr std::size_t kHead = 5;  // 0 and the schema's id.
  if (value.size() <= kHead) {
    return std::nullopt;
  }
  ByteReader reader(value.substr(kHead));
  std::uint64_t count = 0;
  if (!reader.Varint(&count)) {
    return std::nullopt;
  }
  std::uint64_t index = 0;
  for (std::int64_t left = UnZigZag(count); left > 0; --left) {
    if (!reader.Varint(&index)) {
      return std::nullopt;
    }
  }
  return value.substr(value.size() - reader.left());
}

}  // namespace

struct OutputReader::Known {
  std::map<std::string, Form, std::less<>> forms;

  template <class T>
  void Add(const char* name) {
    forms.emplace(name, Form(std::make_unique<T>()));
  }
};

OutputReader::OutputReader() : known_(std::make_unique<Known>()) {
  known_->Add<v1::ActivationChanged>("activation.changed");
  known_->Add<v1::DropoffRiskChanged>("dropoff.risk.changed");
  known_->Add<v1::InterventionCancelled>("intervention.cancelled");
  known_->Add<v1::InterventionOutcome>("intervention.outcome");
  known_->Add<v1::InterventionRequested>("intervention.requested");
  known_->Add<v1::InterventionShadow>("intervention.shadow");
  known_->Add<v1::InterventionSuppressed>("intervention.suppressed");
  known_->Add<v1::AccountStatus>("onboarding.account-status");
  known_->Add<v1::OnboardingProgress>("onboarding.progress");
  known_->Add<v1::UserStatus>("onboarding.user-status");
}

OutputReader::~OutputReader() = default;

Result<std::string> OutputReader::ToJson(std::string_view record, std::string_view content_type,
                                         std::string_view value) {
  const auto found = known_->forms.find(record);
  if (found == known_->forms.end()) {
    return Error(Code::kInvalid, fmt::format("'{}' is no record of ours", record));
  }
  if (content_type == "application/json") {
    return std::string(value);
  }
  const std::optional<std::string_view> bytes = WithoutFrame(value);
  Form& form = found->second;
  if (content_type != "application/protobuf" || !bytes.has_value() ||
      !form.message->ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return Error(Code::kInvalid, fmt::format("not a record {} as {}", record, content_type));
  }
  // Fields of another type than theirs are unknown, too, and would stand behind all others.
  form.message->DiscardUnknownFields();
  std::string json;
  AppendJson(form.plan, form.message->SerializeAsString(), &json);
  return json;
}

}  // namespace foothold::codec
