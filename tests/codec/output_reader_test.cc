#include "src/codec/output_reader.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/codec/outputs.h"
#include "tests/codec/example_records.h"

namespace foothold::codec {
namespace {

OutputOptions OptionsOf(OutputFormat format) {
  OutputOptions options{.app = "foothold", .encodings = {}};
  for (TopicEncoding& encoding : options.encodings) {
    encoding.format = format;
    encoding.schema_id = format == OutputFormat::kProtobufFramed ? 7 : 0;
  }
  return options;
}

std::vector<journey::OutputRecord> Examples() {
  return {
      ExampleUserActivation(), ExampleAccountActivation(), ExampleProgress(), ExampleUserStatus(),
      ExampleAccountStatus(),  ExampleUserRisk(),          ExampleEmail(),    ExampleCsTask(),
      ExampleCancelled(),      ExampleSuppressed(),        ExampleOutcome(),  ExampleShadow()};
}

TEST(OutputReaderTest, EveryRecordComesBackAsItsJsonWhateverTheFormat) {
  OutputReader reader;
  OutputEncoder json(OptionsOf(OutputFormat::kJson));

  for (const OutputFormat format :
       {OutputFormat::kJson, OutputFormat::kProtobufRaw, OutputFormat::kProtobufFramed}) {
    OutputEncoder encoder(OptionsOf(format));
    for (const journey::OutputRecord& record : Examples()) {
      const std::string wanted = json.Encode(record).value.value();
      const EncodedOutput& encoded = encoder.Encode(record);

      EXPECT_EQ(reader.ToJson(encoded.record, encoded.headers.front().value, *encoded.value),
                wanted);
    }
  }
}

TEST(OutputReaderTest, WhatIsNoRecordIsRefused) {
  OutputReader reader;
  const std::string cut_frame("\0\0\0\0\7", 5);

  EXPECT_FALSE(reader.ToJson("onboarding.nothing", "application/json", "{}").has_value());
  EXPECT_FALSE(reader.ToJson("onboarding.user-status", "text/plain", "{}").has_value());
  EXPECT_FALSE(
      reader.ToJson("onboarding.user-status", "application/protobuf", "\x0A\xFFx").has_value());
  EXPECT_FALSE(
      reader.ToJson("onboarding.user-status", "application/protobuf", cut_frame).has_value());
}

}  // namespace
}  // namespace foothold::codec
