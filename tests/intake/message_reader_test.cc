// The preset `foothold`: framings, and the message foothold.v1.Event on the wire.

#include "src/intake/message_reader.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/intake/describe.h"

namespace foothold::intake {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string DescribeMessage(std::string_view value,
                            const std::map<std::string, std::string>& overrides = {}) {
  Decoder decoder(OptionsOf("foothold", overrides));
  return Describe(decoder.Decode(LiveRecord(value)));
}

std::string Varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7U) {
    bytes.push_back(static_cast<char>(value | 0x80U));
  }
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

std::string Bytes(std::uint32_t number, std::string_view bytes) {
  return Varint((number << 3U) | 2U) + Varint(bytes.size()) + std::string(bytes);
}

std::string Integer(std::uint32_t number, std::uint64_t value) {
  return Varint(number << 3U) + Varint(value);
}

// A property `name` with the field `value` of foothold.v1.Event.Value.
std::string Property(std::string_view name, std::string_view value) {
  return Bytes(9, Bytes(1, name) + Bytes(2, value));
}

// A track of u in t: kind 1, event 2, tenant_id 3, user_id 4.
std::string Track(std::string_view more = "") {
  return Integer(1, 1) + Bytes(2, "E") + Bytes(3, "t") + Bytes(4, "u") + std::string(more);
}

// What protoc --encode makes of a whole foothold.v1.Event (proto/event.proto).
std::string EncodedByProtoc() {
  constexpr std::string_view kHex =
      "0801121144617368626f61726420437265617465641a0461636d65220275312a026d31320b08"
      "f8eadcca0610959aef3a3a0608f9eadcca06420d0a04506c616e12050a0370726f4a140a0c64"
      "617368626f6172645f696412040a0264314a100a016e120b10fbffffffffffffffff014a0e0a"
      "0178120919000000000000f83f4a080a026f6b120220014a140a0464656570120c2a0a7b2261"
      "223a205b315d7d4a080a046e6f6e651200520561646d696e5a01706001";
  std::string bytes;
  for (std::size_t i = 0; i < kHex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(kHex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

TEST(MessageReaderTest, AWholeMessageAsProtocWritesItIsRead) {
  EXPECT_EQ(DescribeMessage(EncodedByProtoc()),
            "accepted track tenant=acme user=\"u1\" name=\"Dashboard Created\" role=\"admin\""
            " previous=\"p\" id=\"m1\" at=2026-01-02T03:03:20.123Z properties={dashboardid: \"d1\","
            " n: -5, x: 1.5, ok: true, deep: {\"a\":[1]}, none: null} traits={plan: \"pro\"}");
}

TEST(MessageReaderTest, ConfluentFramingIsTakenOff) {
  const std::string prefix("\0\0\0\0\7", 5);
  const std::string raw = DescribeMessage(Track());

  EXPECT_THAT(raw, StartsWith("accepted track tenant=t user=\"u\" name=\"E\" id=\"hash:"));
  EXPECT_EQ(DescribeMessage(prefix + std::string(1, '\0') + Track()), raw)
      << "the short form of [0]; the id is that of the message";
  EXPECT_EQ(DescribeMessage(prefix + std::string("\2\0", 2) + Track()), raw) << "the long form";
}

TEST(MessageReaderTest, TheSchemaHeaderStandsForTheFraming) {
  Decoder decoder(OptionsOf("foothold"));
  const auto describe = [&](std::string_view header) {
    const std::string value = Track();
    InputRecord record = LiveRecord(value);
    record.schema_header = header;
    return Describe(decoder.Decode(record));
  };

  EXPECT_THAT(describe(std::string_view("\0\0\0\0\7", 5)), StartsWith("accepted"));
  EXPECT_THAT(describe(std::string_view("\1"
                                        "0123456789abcdef",
                                        17)),
              StartsWith("accepted"));
  EXPECT_THAT(describe(std::string_view("\1"
                                        "0123456789abcdef\0",
                                        18)),
              StartsWith("accepted"));
  EXPECT_THAT(describe(std::string_view("\1"
                                        "0123456789abcdef\2\2",
                                        19)),
              StartsWith("rejected unknown_framing: Confluent message indexes"));
  EXPECT_THAT(describe(std::string_view("\1"
                                        "0123",
                                        5)),
              StartsWith("rejected unknown_framing"));
  EXPECT_THAT(describe(std::string_view("\2"
                                        "0123",
                                        5)),
              StartsWith("rejected unknown_framing"));
  EXPECT_THAT(describe(""), StartsWith("rejected unknown_framing"));
}

TEST(MessageReaderTest, OtherFramingsAreUnknown) {
  EXPECT_EQ(
      DescribeMessage(R"({"type":"track"})"),
      "rejected unknown_framing: the first byte, 0x7b, begins neither a foothold.v1.Event nor "
      "Confluent's framing: this looks like JSON");
  EXPECT_THAT(DescribeMessage(std::string("\0\0\0\0\7", 5)),
              StartsWith("rejected unknown_framing: too short"));
  EXPECT_THAT(DescribeMessage(std::string("\0\0\0\0\7\2\2", 7) + Track()),
              StartsWith("rejected unknown_framing: Confluent message indexes"));
  EXPECT_THAT(DescribeMessage("\1abc"), StartsWith("rejected unknown_framing"));
}

TEST(MessageReaderTest, TheFramingIsJudgedBeforeTheSize) {
  DecoderOptions options = OptionsOf("foothold");
  options.record_bytes_max = 10;
  Decoder decoder(options);

  EXPECT_THAT(Describe(decoder.Decode(LiveRecord("{                  }"))),
              StartsWith("rejected unknown_framing"));
  EXPECT_THAT(Describe(decoder.Decode(LiveRecord(Track()))), StartsWith("rejected too_large"));
}

TEST(MessageReaderTest, DamagedMessagesAreUnparseable) {
  const std::string whole = Track(Property("a", Bytes(1, "b")));
  const std::pair<const char*, std::string> cases[] = {
      {"cut off", whole.substr(0, whole.size() - 1)},
      {"a size beyond the end", Track("\x12\x7f")},
      {"a varint without end", Track("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")},
      {"a group", Track("\x7b")},
      {"field 0", Track(std::string(1, '\0'))},
      {"a text as a number", Track(Integer(3, 1))},
      {"a number as text", Bytes(1, "track")},
      {"text that is not UTF-8", Track(Bytes(10, "\xff"))},
      {"a name that is not UTF-8", Track(Property("\xff", ""))},
      {"a value that is not UTF-8", Track(Property("a", Bytes(1, "\xff")))},
      {"a value of the wrong type", Track(Property("a", Integer(1, 1)))},
      {"json that is none", Track(Property("a", Bytes(5, "{")))},
      {"json that is a scalar", Track(Property("a", Bytes(5, "1")))},
      {"a damaged timestamp", Track(Bytes(6, "\x08"))},
      {"a timestamp of the wrong type", Track(Bytes(6, Bytes(1, "x")))},
  };
  for (const auto& [what, value] : cases) {
    EXPECT_THAT(DescribeMessage(value), StartsWith("rejected unparseable")) << what;
  }
}

TEST(MessageReaderTest, UnknownFieldsArePassedOver) {
  EXPECT_EQ(DescribeMessage(Track(Bytes(5, "m") + Bytes(99, "\xff") + Integer(100, 1))),
            DescribeMessage(Track(Bytes(5, "m"))));
}

TEST(MessageReaderTest, ASchemaVersionOfTheFutureIsUnsupported) {
  EXPECT_THAT(DescribeMessage(Track(Integer(12, 1))), StartsWith("accepted"));
  EXPECT_EQ(DescribeMessage(Track(Integer(12, 2))),
            "rejected unsupported_version: schema_version 2, this build reads up to 1");
  EXPECT_THAT(DescribeMessage(Integer(12, 4'294'967'297)),
              StartsWith("rejected unsupported_version"))
      << "the version comes before the kind, and is not cut to 32 bits";
}

TEST(MessageReaderTest, AKindMustBeGiven) {
  EXPECT_EQ(DescribeMessage(""), "rejected bad_type: kind is missing");
  EXPECT_EQ(DescribeMessage(Integer(1, 7)), "rejected bad_type: kind 7 is unknown");
}

TEST(MessageReaderTest, TheKindsAreThoseOfTheCalls) {
  const std::string rest = Bytes(2, "N") + Bytes(3, "t") + Bytes(4, "u") + Bytes(5, "m");
  const auto describe = [&](std::uint64_t kind) {
    return DescribeMessage(Integer(1, kind) + rest);
  };

  EXPECT_THAT(describe(2), StartsWith("accepted identify tenant=t user=\"u\" id=\"m\""));
  EXPECT_THAT(describe(3), StartsWith("accepted group"));
  EXPECT_THAT(describe(4), HasSubstr("name=\"page.viewed\" id=\"m\" at=2026-01-02T03:04:05.000Z "
                                     "properties={name: \"N\"}"));
  EXPECT_THAT(describe(5), HasSubstr("name=\"screen.viewed\""));
  EXPECT_THAT(describe(6), StartsWith("accepted alias"));
}

TEST(MessageReaderTest, OfRepeatedFieldsAndNamesTheLastCounts) {
  EXPECT_THAT(DescribeMessage(Track(Bytes(4, "v") + Property("a", Integer(2, 1)) +
                                    Property("a", Integer(2, 2)))),
              testing::AllOf(HasSubstr("user=\"v\""), HasSubstr("properties={a: 2}")));
}

TEST(MessageReaderTest, TimesBeyondTheCalendarAreBadTimes) {
  const auto describe = [](std::int64_t seconds) {
    return DescribeMessage(Track(Bytes(6, Integer(1, static_cast<std::uint64_t>(seconds)))));
  };

  EXPECT_THAT(describe(0), HasSubstr("at=1970-01-01T00:00:00.000Z"));
  EXPECT_THAT(describe(-1), StartsWith("rejected bad_time: the time is before 1970"));
  EXPECT_THAT(describe(INT64_MAX), StartsWith("rejected bad_time"));
  EXPECT_THAT(describe(INT64_MIN), StartsWith("rejected bad_time"));
}

TEST(MessageReaderTest, OverridesReachFieldsAndProperties) {
  const std::string value = Track(Property("org", Bytes(1, "o")) + Property("n", Integer(2, 9)) +
                                  Property("at", Integer(2, 1'700'000'000)));

  EXPECT_THAT(DescribeMessage(value, {{"tenant", "properties.org"}, {"user", "properties.n"}}),
              StartsWith("accepted track tenant=o user=\"9\""));
  EXPECT_THAT(DescribeMessage(value, {{"time", "properties.at"}}),
              HasSubstr("at=2023-11-14T22:13:20.000Z"));
  EXPECT_THAT(DescribeMessage(Bytes(2, "E") + Bytes(4, "u"),
                              {{"kind", "const:track"}, {"tenant", "const:t"}}),
              StartsWith("accepted track tenant=t user=\"u\" name=\"E\""));
}

}  // namespace
}  // namespace foothold::intake
