#pragma once

// What the journey decided -> records of the output topics: key, headers and value as RECORDS.md
// and PRODUCT.md section 8 have them.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/journey/records.h"

namespace foothold::codec {

enum class OutputTopic : std::uint8_t {
  kActivationChanged,
  kOnboardingProgress,
  kUserStatus,
  kAccountStatus,
  kDropoffRiskChanged,
  kInterventionsEmail,
  kInterventionsInApp,
  kInterventionsCs,
  kInterventionsLog,
};
inline constexpr std::size_t kOutputTopicCount = 9;

// "activation.changed", "interventions.email", ...: the topic's default name.
std::string_view DefaultName(OutputTopic topic);

enum class OutputFormat : std::uint8_t {
  kJson,
  kProtobufFramed,  // Magic byte 0, schema id, message index, then the message.
  kProtobufRaw,
};

struct TopicEncoding {
  OutputFormat format = OutputFormat::kJson;
  std::int32_t schema_id = 0;  // For kProtobufFramed: the registry's id.
  // False: person, and e-mail and name of a status or recipient, are left out. What a template or a
  // sentence says of a person in words stays.
  bool has_person = true;
};

struct OutputOptions {
  std::string app;                                         // ce_source's <app>.
  std::array<TopicEncoding, kOutputTopicCount> encodings;  // By OutputTopic.

  TopicEncoding& of(OutputTopic topic) { return encodings[static_cast<std::size_t>(topic)]; }
  const TopicEncoding& of(OutputTopic topic) const {
    return encodings[static_cast<std::size_t>(topic)];
  }
};

struct OutputHeader {
  std::string_view name;  // A literal.
  std::string value;
  friend bool operator==(const OutputHeader&, const OutputHeader&) = default;
};

// A record ready to be produced, to partition PartitionOfKey(tenant, partition count).
struct EncodedOutput {
  OutputTopic topic = OutputTopic::kActivationChanged;
  std::string_view record;  // The <record> of ce_type, a literal: "intervention.requested".
  std::string tenant;
  std::string key;
  std::optional<std::string> value;   // nullopt: a tombstone.
  std::vector<OutputHeader> headers;  // In the order of RECORDS.md. Of a tombstone: none.
};

// Encodes records; equal records give equal bytes. Keeps its memory from record to record.
// Not thread-safe: owned by one Worker.
class OutputEncoder {
 public:
  explicit OutputEncoder(OutputOptions options);
  ~OutputEncoder();
  OutputEncoder(OutputEncoder&&) noexcept;
  OutputEncoder& operator=(OutputEncoder&&) noexcept;

  // The record lives until the next call.
  const EncodedOutput& Encode(const journey::OutputRecord& record);

 private:
  class Encodings;
  std::unique_ptr<Encodings> encodings_;
};

// The JSON Schema of one record, as it stands in proto/schemas.
struct SchemaFile {
  std::string name;  // "activation.changed.schema.json"
  std::string text;
};
// Of every record there is, generated from the descriptors.
std::vector<SchemaFile> JsonSchemas();

}  // namespace foothold::codec
