// The rows of RECORDS.md section 1 that differ from Segment's, and overrides.

#include <map>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/intake/describe.h"

namespace foothold::intake {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string DescribeAs(std::string_view preset, std::string_view value,
                       const std::map<std::string, std::string>& overrides = {}) {
  Decoder decoder(OptionsOf(preset, overrides));
  return Describe(decoder.Decode(LiveRecord(value)));
}

TEST(PosthogTest, AnEventIsATrackWithItsDollarsStripped) {
  EXPECT_EQ(
      DescribeAs("posthog", R"({"event":"dashboard created","distinct_id":"u","uuid":"m",
      "timestamp":"2026-01-02T03:00:00Z","properties":{"$groups":{"company":"acme"},
      "$current_url":"/d","dashboardId":"d1","$set":{"role":"admin","email":"a@b.c"}}})"),
      "accepted track tenant=acme user=\"u\" name=\"dashboard created\" role=\"admin\" id=\"m\""
      " at=2026-01-02T03:00:00.000Z properties={currenturl: \"/d\", dashboardid: \"d1\"}"
      " traits={role: \"admin\", email: \"a@b.c\"}");
}

TEST(PosthogTest, AProductsOwnPropertyGoesBeforePosthogsOfTheSameName) {
  for (const char* const properties : {R"("$screen_name":"theirs","screen_name":"ours")",
                                       R"("screen_name":"ours","$screen_name":"theirs")"}) {
    EXPECT_THAT(DescribeAs("posthog", R"({"event":"e","distinct_id":"u","properties":{
                    "$groups":{"company":"t"},)" +
                                          std::string(properties) + "}}"),
                HasSubstr("properties={screenname: \"ours\"}"));
  }
}

TEST(PosthogTest, SpecialEventsAreTheOtherCalls) {
  const auto describe = [](std::string_view event, std::string_view properties) {
    return DescribeAs("posthog", R"({"distinct_id":"u","uuid":"m","event":")" + std::string(event) +
                                     R"(","properties":{"$groups":{"company":"t"},)" +
                                     std::string(properties) + "}}");
  };

  EXPECT_THAT(describe("$identify", R"("$anon_distinct_id":"a")"),
              StartsWith("accepted identify tenant=t user=\"u\" previous=\"a\" id=\"m\""));
  EXPECT_THAT(describe("$create_alias", R"("alias":"a")"),
              StartsWith("accepted alias tenant=t user=\"u\" previous=\"a\" id=\"m\""));
  EXPECT_THAT(describe("$pageview", R"("x":1)"),
              StartsWith("accepted page tenant=t user=\"u\" name=\"page.viewed\""));
  EXPECT_THAT(describe("$screen", R"("x":1)"),
              StartsWith("accepted screen tenant=t user=\"u\" name=\"screen.viewed\""));
  EXPECT_THAT(describe("$feature_flag_called", R"("x":1)"), StartsWith("accepted track"));
}

TEST(PosthogTest, AGroupIdentifyIsTheAccounts) {
  EXPECT_EQ(
      DescribeAs("posthog", R"({"event":"$groupidentify","distinct_id":"$company_acme",
      "uuid":"m","properties":{"$group_type":"company","$group_key":"acme",
      "$group_set":{"plan":"pro"}}})"),
      "accepted group tenant=acme id=\"m\" at=2026-01-02T03:04:05.000Z traits={plan: \"pro\"}");
  EXPECT_THAT(DescribeAs("posthog", R"({"event":"$groupidentify","distinct_id":"jane",
                  "properties":{"$group_type":"company","$group_key":"acme"}})"),
              StartsWith("accepted group tenant=acme user=\"jane\""));
}

TEST(PosthogTest, AGroupOfAnotherTypeIsNotAnAccount) {
  constexpr std::string_view kProject =
      R"({"event":"$groupidentify","distinct_id":"u","properties":{"$group_type":"project",
          "$group_key":"p","$groups":{"company":"c"},"$group_set":{"name":"P"}}})";

  EXPECT_EQ(DescribeAs("posthog", kProject), "skipped foreign_group");
  EXPECT_THAT(DescribeAs("posthog", kProject, {{"group_type", "project"}}),
              StartsWith("accepted group tenant=p user=\"u\""));
}

TEST(PosthogTest, TheTimeOfSendingStandsInForTheTimestamp) {
  EXPECT_THAT(DescribeAs("posthog", R"({"event":"e","distinct_id":"u",
                  "sent_at":"2026-01-02T03:00:00Z","properties":{"$groups":{"company":"t"}}})"),
              HasSubstr("at=2026-01-02T03:00:00.000Z"));
}

TEST(MixpanelTest, FlatFieldsThatAreNotTheEnvelopeAreProperties) {
  EXPECT_EQ(DescribeAs("mixpanel", R"({"event":"service deployed","time":"2026-01-01T00:00:00Z",
      "insert_id":"m","user_id":"u","device_id":"d","environment":"staging","n":3,
      "company_id":"221"})"),
            "accepted track tenant=221 user=\"u\" name=\"service deployed\" id=\"m\""
            " at=2026-01-01T00:00:00.000Z properties={deviceid: \"d\", environment: \"staging\","
            " n: 3}");
}

TEST(MixpanelTest, AFieldTheMappingDoesNotReadIsAPropertyAgain) {
  EXPECT_THAT(DescribeAs("mixpanel", R"({"event":"e","user_id":"u","company_id":"221"})",
                         {{"tenant", "const:cloudforge"}}),
              HasSubstr("tenant=cloudforge user=\"u\""));
  EXPECT_THAT(DescribeAs("mixpanel", R"({"event":"e","user_id":"u","company_id":"221"})",
                         {{"tenant", "const:cloudforge"}}),
              HasSubstr("properties={companyid: \"221\"}"));
}

TEST(MixpanelTest, NestedPropertiesAreReadInTheirPlace) {
  EXPECT_EQ(DescribeAs("mixpanel", R"({"event":"e","properties":{"time":1700000000,
      "distinct_id":"anon","$user_id":"u","$insert_id":"m","company_id":"t","page":"x"}})"),
            "accepted track tenant=t user=\"u\" name=\"e\" id=\"m\" at=2023-11-14T22:13:20.000Z"
            " properties={companyid: \"t\", page: \"x\"}");
}

TEST(MixpanelTest, IdentifyAndMergeNameThePreviousId) {
  EXPECT_THAT(DescribeAs("mixpanel", R"({"event":"$identify","properties":{"distinct_id":"anon",
                  "$identified_id":"u","$anon_id":"anon","company_id":"t"}})"),
              StartsWith("accepted identify tenant=t user=\"u\" previous=\"anon\""));
  EXPECT_THAT(DescribeAs("mixpanel", R"({"event":"$merge","properties":{
                  "$distinct_ids":["anon","u"],"company_id":"t"}})"),
              StartsWith("accepted alias tenant=t user=\"u\" previous=\"anon\""));
  EXPECT_THAT(DescribeAs("mixpanel", R"({"event":"$merge","properties":{"distinct_id":"anon",
                  "$distinct_ids":["anon","u"],"company_id":"t"}})"),
              StartsWith("accepted alias tenant=t user=\"anon\" previous=\"u\""));
  EXPECT_THAT(
      DescribeAs("mixpanel", R"({"event":"$merge","user_id":"u","properties":{
                  "$distinct_ids":[1,2]}})"),
      StartsWith("rejected bad_type: properties.$distinct_ids is an integer, needs strings"));
}

TEST(MixpanelTest, AnEventThatIsNoTextIsABadType) {
  EXPECT_EQ(DescribeAs("mixpanel", R"({"event":5})"),
            "rejected bad_type: event is an integer, needs a string");
}

TEST(RudderstackTest, ItReadsAsSegmentDoes) {
  constexpr std::string_view kValue =
      R"({"type":"identify","userId":"u","messageId":"m","context":{"groupId":"t",
          "traits":{"role":"viewer"}}})";
  EXPECT_EQ(DescribeAs("rudderstack", kValue), DescribeAs("segment", kValue));
}

TEST(OverrideTest, APathOrAFixedValueReplacesWhatThePresetSays) {
  constexpr std::string_view kValue = R"({"action":"track","what":"E","who":{"id":7},
      "context":{"groupId":"ignored"},"body":{"a":1},"job":"Admin"})";

  EXPECT_EQ(DescribeAs("segment", kValue,
                       {{"kind", "action"},
                        {"event", "what"},
                        {"user", "who.id"},
                        {"tenant", "const:acme"},
                        {"properties", "body"},
                        {"id", "who.id"},
                        {"role", "job"}}),
            "accepted track tenant=acme user=\"7\" name=\"E\" role=\"Admin\" id=\"7\""
            " at=2026-01-02T03:04:05.000Z properties={a: 1}");
}

TEST(OverrideTest, AnOverriddenRoleIsMarkedAndMustBeText) {
  Decoder decoder(OptionsOf("segment", {{"role", "properties.role"}}));
  const auto value = [](std::string_view role) {
    return R"({"type":"track","event":"E","userId":"u","context":{"groupId":"t"},
               "properties":{"role":)" +
           std::string(role) + "}}";
  };
  const std::string with_role = value("\"admin\"");

  const Outcome outcome = decoder.Decode(LiveRecord(with_role));

  EXPECT_EQ(std::get<Accepted>(outcome).event.role, "admin");
  EXPECT_TRUE(std::get<Accepted>(outcome).event.is_role_override);
  EXPECT_FALSE(
      std::get<Accepted>(decoder.Decode(LiveRecord(value("null")))).event.is_role_override);
  EXPECT_EQ(Describe(decoder.Decode(LiveRecord(value("3")))),
            "rejected bad_type: properties.role is an integer, needs a string");
}

TEST(OverrideTest, AMissingOverriddenKindNamesItsPlace) {
  EXPECT_EQ(DescribeAs("segment", R"({"type":"track"})", {{"kind", "meta.kind"}}),
            "rejected bad_type: meta.kind is missing");
  EXPECT_EQ(DescribeAs("segment", R"({"meta":[1]})", {{"kind", "meta.kind"}}),
            "rejected bad_type: meta is an array, needs an object");
}

std::string MappingError(std::string_view preset,
                         const std::map<std::string, std::string>& overrides) {
  const Result<Mapping> mapping = MakeMapping(preset, overrides);
  EXPECT_FALSE(mapping.has_value());
  return mapping.has_value() ? "" : mapping.error().message();
}

TEST(MappingTest, ErrorsNameWhatIsWrongAndWhatIsNearest) {
  EXPECT_EQ(MappingError("segmnet", {}), "unknown preset \"segmnet\"; did you mean \"segment\"?");
  EXPECT_THAT(MappingError("x", {}), HasSubstr("known: segment, rudderstack, posthog, mixpanel"));
  EXPECT_EQ(MappingError("segment", {{"tennant", "a"}}),
            "unknown field \"tennant\"; did you mean \"tenant\"?");
  for (const char* const path : {"", ".", "a.", ".a", "a..b"}) {
    EXPECT_THAT(MappingError("segment", {{"user", path}}),
                StartsWith("user: \"" + std::string(path) + "\" is not a path"));
  }
  EXPECT_EQ(MappingError("segment", {{"tenant", "const:"}}), "tenant: nothing after \"const:\"");
  EXPECT_THAT(MappingError("segment", {{"kind", "const:call"}}),
              StartsWith("kind: unknown kind \"call\"; known: track"));
  EXPECT_EQ(MappingError("segment", {{"id", "const:1"}}),
            "id: cannot be a fixed value; give a path");
  EXPECT_THAT(MappingError("segment", {{"group_type", "team"}}), StartsWith("group_type: "));
}

TEST(MappingTest, PathsIntoAMessageAreCheckedAgainstIt) {
  EXPECT_EQ(MappingError("foothold", {{"tenant", "tennant_id"}}),
            "tenant: \"tennant_id\" is no field of foothold.v1.Event; did you mean \"tenant_id\"?");
  EXPECT_THAT(MappingError("foothold", {{"tenant", "properties"}}),
              HasSubstr("does not lead to a value"));
  EXPECT_THAT(MappingError("foothold", {{"tenant", "user_id.x"}}),
              HasSubstr("does not lead to a value"));
  EXPECT_THAT(MappingError("foothold", {{"traits", "user_id"}}),
              HasSubstr("does not lead to a value"));
  EXPECT_TRUE(MakeMapping("foothold", {{"tenant", "properties.org"}}).has_value());
}

}  // namespace
}  // namespace foothold::intake
