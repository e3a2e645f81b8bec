#include <array>
#include <string>

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include "proto/account_status.pb.h"
#include "proto/activation_changed.pb.h"
#include "proto/dropoff_risk_changed.pb.h"
#include "proto/interventions.pb.h"
#include "proto/onboarding_progress.pb.h"
#include "proto/user_status.pb.h"
#include "src/base/json.h"
#include "src/codec/outputs.h"
#include "src/codec/record_json.h"

namespace foothold::codec {
namespace {

// A record and the name under which it is published.
struct NamedRecord {
  std::string_view name;
  const google::protobuf::Descriptor* type = nullptr;
};

std::array<NamedRecord, 10> AllRecords() {
  return {{{.name = "activation.changed", .type = v1::ActivationChanged::descriptor()},
           {.name = "dropoff.risk.changed", .type = v1::DropoffRiskChanged::descriptor()},
           {.name = "intervention.cancelled", .type = v1::InterventionCancelled::descriptor()},
           {.name = "intervention.outcome", .type = v1::InterventionOutcome::descriptor()},
           {.name = "intervention.requested", .type = v1::InterventionRequested::descriptor()},
           {.name = "intervention.shadow", .type = v1::InterventionShadow::descriptor()},
           {.name = "intervention.suppressed", .type = v1::InterventionSuppressed::descriptor()},
           {.name = "onboarding.account-status", .type = v1::AccountStatus::descriptor()},
           {.name = "onboarding.progress", .type = v1::OnboardingProgress::descriptor()},
           {.name = "onboarding.user-status", .type = v1::UserStatus::descriptor()}}};
}

std::string EnumSchema(const FieldPlan& field) {
  std::string names;
  for (const std::string& name : field.enum_names) {
    if (!name.empty()) {
      AppendJsonString(name, &names);
      names += ", ";
    }
  }
  return fmt::format(R"({{"enum": [{}null]}})", names);
}

// The schema of a plain value; one that may be null says so.
std::string PlainSchema(const FieldPlan& field) {
  std::string_view type;
  std::string_view more;
  switch (field.kind) {
    case FieldKind::kEnum:
      return EnumSchema(field);
    case FieldKind::kInt32:
    case FieldKind::kInt64:
      type = "integer";
      break;
    case FieldKind::kDouble:
      type = "number";
      break;
    case FieldKind::kBool:
      type = "boolean";
      break;
    case FieldKind::kTime:
      more = R"(, "format": "date-time")";
      [[fallthrough]];
    case FieldKind::kText:
      type = "string";
      break;
    case FieldKind::kMessage:
      return fmt::format(R"({{"$ref": "#/$defs/{}"}})", field.message->name);
  }
  if (field.is_nullable) {
    return fmt::format(R"({{"type": ["{}", "null"]{}}})", type, more);
  }
  return fmt::format(R"({{"type": "{}"{}}})", type, more);
}

std::string FieldSchema(const FieldPlan& field) {
  const std::string plain = PlainSchema(field);
  if (field.is_keyed) {
    const bool is_plain = field.message->fields.size() == 2;
    return fmt::format(R"({{"type": "object", "additionalProperties": {}}})",
                       is_plain ? PlainSchema(field.message->fields[1]) : plain);
  }
  if (field.is_repeated) {
    return fmt::format(R"({{"type": "array", "items": {}}})", plain);
  }
  if (field.kind == FieldKind::kMessage) {
    return fmt::format(R"({{"oneOf": [{}, {{"type": "null"}}]}})", plain);
  }
  return plain;
}

// The body of an object's schema, from its field number `first` on. Readers must bear new fields.
std::string ObjectSchema(const MessagePlan& plan, std::size_t first, std::string_view indent) {
  std::string properties;
  std::string required;
  for (std::size_t i = first; i < plan.fields.size(); ++i) {
    const FieldPlan& field = plan.fields[i];
    const std::string_view comma = i + 1 < plan.fields.size() ? "," : "";
    properties +=
        fmt::format("{}    \"{}\": {}{}\n", indent, field.name, FieldSchema(field), comma);
    required += fmt::format("\"{}\"{}", field.name, comma.empty() ? "" : ", ");
  }
  return fmt::format(
      "{0}  \"type\": \"object\",\n{0}  \"properties\": {{\n{1}{0}  }},\n{0}  \"required\": [{2}]",
      indent, properties, required);
}

// Elements of keyed lists lose their first field, which is the name of the value.
std::size_t FirstFieldOf(const std::string& name, const RecordPlan& record) {
  for (const auto& [outer, plan] : record.messages()) {
    for (const FieldPlan& field : plan->fields) {
      if (field.is_keyed && field.message->name == name) {
        return 1;
      }
    }
  }
  return 0;
}

std::string SchemaText(const NamedRecord& record) {
  const RecordPlan plan(*record.type);
  std::string definitions;
  for (const auto& [name, message] : plan.messages()) {
    if (message.get() != &plan.root()) {
      definitions += definitions.empty() ? "" : ",\n";
      definitions += fmt::format("    \"{}\": {{\n{}\n    }}", name,
                                 ObjectSchema(*message, FirstFieldOf(name, plan), "    "));
    }
  }
  return fmt::format(
      "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
      "  \"$id\": \"urn:foothold:schema:{}:v1\",\n  \"title\": \"{}\",\n{},\n"
      "  \"$defs\": {{\n{}\n  }}\n}}\n",
      record.name, plan.root().name, ObjectSchema(plan.root(), 0, ""), definitions);
}

}  // namespace

std::vector<SchemaFile> JsonSchemas() {
  std::vector<SchemaFile> files;
  for (const NamedRecord& record : AllRecords()) {
    files.push_back(
        {.name = fmt::format("{}.schema.json", record.name), .text = SchemaText(record)});
  }
  return files;
}

}  // namespace foothold::codec
