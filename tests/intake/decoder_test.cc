#include "src/intake/decoder.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/intake/describe.h"

namespace foothold::intake {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string DescribeSegment(std::string_view value) {
  Decoder decoder(OptionsOf("segment"));
  return Describe(decoder.Decode(LiveRecord(value)));
}

std::uint64_t FingerprintOf(std::string_view value) {
  Decoder decoder(OptionsOf("segment"));
  const Outcome outcome = decoder.Decode(LiveRecord(value));
  const auto* const accepted = std::get_if<Accepted>(&outcome);
  EXPECT_NE(accepted, nullptr) << value << ": " << Describe(outcome);
  return accepted == nullptr ? 0 : accepted->event.fingerprint;
}

// A track of u in t with these properties.
std::string Track(std::string_view properties) {
  return R"({"type":"track","event":"E","userId":"u","context":{"groupId":"t"},"properties":)" +
         std::string(properties) + "}";
}

std::string Nested(int depth) {
  return Track(std::string(R"({"a":)") + std::string(static_cast<std::size_t>(depth) - 2, '[') +
               "1" + std::string(static_cast<std::size_t>(depth) - 2, ']') + "}");
}

TEST(DecoderTest, ATrackBecomesAnEventWithCanonicalPropertyNames) {
  EXPECT_EQ(
      DescribeSegment(R"({"type":"track","event":"Dashboard Viewed","userId":"u1",
      "messageId":"m1","timestamp":"2026-01-02T03:00:00Z","context":{"groupId":"acme",
      "traits":{"role":"Admin","E-Mail":"a@b.c"}},
      "properties":{"dashboard_Id":"d1","n":1,"x":1.5,"ok":true,"none":null,"deep":{"a":[1,"b"]}}})"),
      "accepted track tenant=acme user=\"u1\" name=\"Dashboard Viewed\" role=\"Admin\" id=\"m1\""
      " at=2026-01-02T03:00:00.000Z properties={dashboardid: \"d1\", n: 1, x: 1.5, ok: true,"
      " none: null, deep: {\"a\":[1,\"b\"]}} traits={role: \"Admin\", email: \"a@b.c\"}");
}

TEST(DecoderTest, PageAndScreenAreProductEventsWithTheirNameAsAProperty) {
  EXPECT_THAT(DescribeSegment(R"({"type":"page","name":"Home","userId":"u",
                  "context":{"groupId":"t"},"messageId":"m","properties":{"name":"x","url":"y"}})"),
              HasSubstr("name=\"page.viewed\" id=\"m\" at=2026-01-02T03:04:05.000Z "
                        "properties={name: \"Home\", url: \"y\"}"));
  EXPECT_THAT(DescribeSegment(R"({"type":"screen","userId":"u","context":{"groupId":"t"}})"),
              HasSubstr("name=\"screen.viewed\""));
}

TEST(DecoderTest, AGroupCallHasTheAccountsTraitsNotTheUsers) {
  EXPECT_THAT(DescribeSegment(R"({"type":"group","groupId":"t","userId":"u","messageId":"m",
                                  "context":{"traits":{"email":"a@b.c"}}})"),
              HasSubstr("accepted group tenant=t user=\"u\" id=\"m\" at=2026-01-02T03:04:05.000Z"));
  EXPECT_THAT(DescribeSegment(R"({"type":"group","groupId":"t","userId":"u","messageId":"m",
                                  "context":{"traits":{"email":"a@b.c"}}})"),
              Not(HasSubstr("traits")));
  EXPECT_THAT(DescribeSegment(R"({"type":"group","groupId":"t","traits":{"plan":"pro"}})"),
              HasSubstr("traits={plan: \"pro\"}"));
}

TEST(DecoderTest, OnlyAGroupCallTakesTheGroupIdAtTheRoot) {
  EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"E","userId":"u","groupId":"t"})"),
              StartsWith("unplaced track"));
}

TEST(DecoderTest, AnAliasNamesThePreviousId) {
  EXPECT_THAT(DescribeSegment(R"({"type":"alias","userId":"u","previousId":"p",
                                  "context":{"groupId":"t"}})"),
              StartsWith("accepted alias tenant=t user=\"u\" previous=\"p\""));
}

TEST(DecoderTest, TheFirstPlaceThatHoldsSomethingIsTheTenant) {
  EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"E","userId":"u",
                                  "context":{"groupId":null},"properties":{"tenantId":"p"}})"),
              HasSubstr("tenant=p"));
  EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"E","userId":"u",
                                  "context":{"groupId":""},"properties":{"tenantId":"p"}})"),
              HasSubstr("tenant=p"));
  EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"E","userId":"u",
                                  "context":{"groupId":"c"},"properties":{"tenantId":"p"}})"),
              HasSubstr("tenant=c"));
}

TEST(DecoderTest, AnIntegerIdIsItsDigits) {
  EXPECT_THAT(
      DescribeSegment(R"({"type":"track","event":"E","userId":-7,
                                  "context":{"groupId":18446744073709551615},"messageId":42})"),
      StartsWith("accepted track tenant=18446744073709551615 user=\"-7\" name=\"E\" id=\"42\""));
}

TEST(DecoderTest, AnIdThatIsNeitherTextNorIntegerIsABadType) {
  for (const char* const id : {"1.5", "true", "{}", "[]", "1.0"}) {
    EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"E","userId":)" + std::string(id) + "}"),
                StartsWith("rejected bad_type: userId is "))
        << id;
  }
}

TEST(DecoderTest, NamedFieldsOfAnUnusableTypeAreBadTypes) {
  const std::pair<const char*, const char*> cases[] = {
      {R"([])", "the record is an array, needs an object"},
      {R"("text")", "the record is a string, needs an object"},
      {R"({"userId":"u"})", "type is missing"},
      {R"({"type":null})", "type is missing"},
      {R"({"type":"Track"})", "type is none of track, identify, group, page, screen, alias"},
      {R"({"type":1})", "type is an integer, needs a string"},
      {R"({"type":"track","event":1})", "event is an integer, needs a string"},
      {R"({"type":"page","name":[]})", "name is an array, needs a string"},
      {R"({"type":"track","properties":[]})", "properties is an array, needs an object"},
      {R"({"type":"track","traits":"x"})", "traits is a string, needs an object"},
      {R"({"type":"track","context":"x"})", "context is a string, needs an object"},
      {R"({"type":"track","context":{"traits":1}})",
       "context.traits is an integer, needs an object"},
      {R"({"type":"track","context":{"groupId":{}}})",
       "context.groupId is an object, needs a string or an integer"},
      {R"({"type":"track","messageId":{}})",
       "messageId is an object, needs a string or an integer"},
      {R"({"type":"track","timestamp":1767323045})", "timestamp is an integer, needs a string"},
      {R"({"type":"track","receivedAt":{}})", "receivedAt is an object, needs a string"},
      {R"({"type":"alias","previousId":false})",
       "previousId is a boolean, needs a string or an integer"},
  };
  for (const auto& [value, detail] : cases) {
    EXPECT_EQ(DescribeSegment(value), std::string("rejected bad_type: ") + detail) << value;
  }
}

TEST(DecoderTest, FieldsThatDoNotBelongToTheCallAreNotJudged) {
  EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"E","userId":"u","context":{"groupId":"t"},
                                  "name":5,"previousId":{},"groupId":[]})"),
              StartsWith("accepted"));
}

TEST(DecoderTest, ATraitCalledRoleThatIsNoTextSaysNothing) {
  EXPECT_THAT(DescribeSegment(R"({"type":"identify","userId":"u","context":{"groupId":"t"},
                                  "traits":{"role":["a","b"]}})"),
              Not(HasSubstr("role=\"")));
}

TEST(DecoderTest, WithoutUserAndTenantARecordIsSkipped) {
  EXPECT_EQ(DescribeSegment(R"({"type":"track","event":"E"})"), "skipped anonymous");
  EXPECT_EQ(DescribeSegment(R"({"type":"track","userId":"","context":{"groupId":null}})"),
            "skipped anonymous");
  EXPECT_EQ(DescribeSegment(R"({"type":"track","event":"heartbeat"})"), "skipped anonymous");
}

TEST(DecoderTest, WithoutAnAccountARecordGoesByThePersonButForAGroupCall) {
  EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"E","userId":"u"})"),
              StartsWith("unplaced track user=\"u\" name=\"E\""));
  EXPECT_EQ(DescribeSegment(R"({"type":"group","userId":"u"})"),
            "rejected missing_tenant: a group call that names no account");
  for (const char* const type : {"identify", "page", "screen", "alias"}) {
    EXPECT_THAT(DescribeSegment(R"({"userId":"u","type":")" + std::string(type) + "\"}"),
                StartsWith("unplaced " + std::string(type) + " user=\"u\""))
        << type;
  }
}

// Placed, an event is the one that a record with the account would have been.
TEST(DecoderTest, TheFingerprintOfAnUnplacedEventLacksNothingButTheAccount) {
  Decoder decoder(OptionsOf("segment"));
  const auto fingerprint = [&decoder](std::string_view context) {
    const std::string record = R"({"type":"track","event":"E","userId":"u",)"
                               R"("properties":{"a":1},"context":)" +
                               std::string(context) + "}";
    const Outcome outcome = decoder.Decode(LiveRecord(record));
    const auto* const unplaced = std::get_if<Unplaced>(&outcome);
    return unplaced != nullptr ? unplaced->accepted.event.fingerprint
                               : std::get<Accepted>(outcome).event.fingerprint;
  };

  EXPECT_EQ(FingerprintIn("acme", fingerprint("{}")), fingerprint(R"({"groupId":"acme"})"));
  EXPECT_NE(fingerprint(R"({"groupId":"acme"})"), fingerprint(R"({"groupId":"globex"})"));
}

TEST(DecoderTest, WithoutAUserFactsOfTheAccountAreAcceptedAndTheRestSkipped) {
  const auto describe = [](std::string_view event) {
    return DescribeSegment(R"({"type":"track","context":{"groupId":"t"},"event":")" +
                           std::string(event) + "\"}");
  };
  for (const char* const event :
       {"Account Renewed", "account.created", "contract_signed", "Kickoff-Held",
        "success_criteria.set", "plan.shared", "sponsor briefed", "trial.started", "ticket.opened",
        "outreach.logged", "intervention.outcome", "Heartbeat"}) {
    EXPECT_THAT(describe(event), StartsWith("accepted track tenant=t name=")) << event;
  }
  for (const char* const event : {"Dashboard Viewed", "account.added.user", "Account Removed User",
                                  "accountant.hired", "heartbeats", "user.invited"}) {
    EXPECT_EQ(describe(event), "skipped anonymous") << event;
  }
  for (const char* const type : {"identify", "page", "screen", "alias"}) {
    EXPECT_EQ(DescribeSegment(R"({"context":{"groupId":"t"},"type":")" + std::string(type) + "\"}"),
              "skipped anonymous")
        << type;
  }
}

TEST(DecoderTest, ATrackWithoutANameIsRejectedAfterTheTenantWasLookedFor) {
  EXPECT_THAT(DescribeSegment(R"({"type":"track","userId":"u","context":{"groupId":"t"}})"),
              StartsWith("rejected missing_event"));
  EXPECT_THAT(DescribeSegment(R"({"type":"track","event":"","context":{"groupId":"t"}})"),
              StartsWith("rejected missing_event"));
  // Whether it has an account is found out first.
  EXPECT_THAT(DescribeSegment(R"({"type":"track","userId":"u","timestamp":"nonsense"})"),
              StartsWith("unplaced track, missing_event: "));
  EXPECT_THAT(DescribeSegment(R"({"type":"page","userId":"u","timestamp":"nonsense"})"),
              StartsWith("unplaced page, bad_time: "));
  EXPECT_THAT(DescribeSegment(R"({"type":"track","userId":"u","context":{"groupId":"t"},
                                  "timestamp":"nonsense"})"),
              StartsWith("rejected missing_event"));
}

TEST(DecoderTest, TheWholeRecordMustBeValid) {
  const std::string head = R"({"type":"track","event":"E","userId":"u","x":)";
  const std::pair<std::string, const char*> cases[] = {
      {"", "empty"},
      {"  ", "empty"},
      {"{", "not valid JSON"},
      {R"({"type":"track"} x)", "not valid JSON"},
      {R"({"type":"track"}{})", "not valid JSON"},
      {head + "01}", "not valid JSON"},
      {head + "nul}", "not valid JSON"},
      {head + "18446744073709551616}", "not valid JSON"},
      {head + "-9223372036854775809}", "not valid JSON"},
      {head + "\"\xff\"}", "not valid UTF-8"},
      {head + "\"\xed\xa0\x80\"}", "not valid UTF-8"},
      {head + R"("\ud800"})", "not valid"},
      {head + R"("\udc00"})", "not valid JSON: a string with a bad escape"},
      {head + R"("\ud83d\u0041"})", "not valid"},
      {head + R"("\q"})", "not valid JSON"},
      {head + "\"a\nb\"}", "not valid JSON"},
      {"\xef\xbb\xbf{}", "not valid JSON"},
  };
  for (const auto& [value, detail] : cases) {
    EXPECT_THAT(DescribeSegment(value), StartsWith("rejected unparseable: " + std::string(detail)))
        << value;
  }
}

TEST(DecoderTest, EscapesThatAreWholeAreKept) {
  EXPECT_THAT(DescribeSegment(Track(R"({"a":"\ud83d\ude00","b":"\\udc00"})")),
              HasSubstr("{a: \"\xf0\x9f\x98\x80\", b: \"\\udc00\"}"));
}

TEST(DecoderTest, ANullValueIsUnparseable) {
  Decoder decoder(OptionsOf("segment"));
  InputRecord record;
  EXPECT_EQ(Describe(decoder.Decode(record)), "rejected unparseable: the record has no value");
}

TEST(DecoderTest, NestingTo256IsRead) {
  EXPECT_THAT(DescribeSegment(Nested(256)), StartsWith("accepted"));
  EXPECT_EQ(DescribeSegment(Nested(257)), "rejected unparseable: nested deeper than 256");
  EXPECT_THAT(DescribeSegment(std::string(900'000, '[')), StartsWith("rejected unparseable"));
}

TEST(DecoderTest, IntegersAreReadTo64Bits) {
  EXPECT_THAT(DescribeSegment(Track(R"({"a":-9223372036854775808,"b":9223372036854775807,
                                        "c":18446744073709551615})")),
              HasSubstr("{a: -9223372036854775808, b: 9223372036854775807, "
                        "c: \"18446744073709551615\"}"));
}

TEST(DecoderTest, ARecordAtTheLimitIsTakenAndOneByteMoreIsNot) {
  const std::string value = Track("{}");
  DecoderOptions options = OptionsOf("segment");
  options.record_bytes_max = value.size();
  Decoder decoder(options);

  EXPECT_THAT(Describe(decoder.Decode(LiveRecord(value))), StartsWith("accepted"));
  EXPECT_THAT(Describe(decoder.Decode(LiveRecord(value + " "))), StartsWith("rejected too_large"));
  EXPECT_THAT(Describe(decoder.Decode(LiveRecord(std::string(value.size() + 1, '{')))),
              StartsWith("rejected too_large"))
      << "the size comes before the syntax";
}

TEST(DecoderTest, ConfluentFramingBeforeJsonIsNamed) {
  EXPECT_EQ(DescribeSegment(std::string("\0\0\0\0\1{}", 7)),
            "rejected unknown_framing: begins with Confluent's magic byte; this source takes bare "
            "JSON");
}

TEST(DecoderTest, OfEqualKeysTheFirstCounts) {
  EXPECT_THAT(
      DescribeSegment(R"({"type":"track","type":"page","event":"E","userId":"u","userId":"v",
                                  "context":{"groupId":"t","groupId":"s"},
                                  "properties":{"a":1,"a":2}})"),
      HasSubstr("track tenant=t user=\"u\" name=\"E\""));
  EXPECT_THAT(DescribeSegment(Track(R"({"a":1,"a":2})")), HasSubstr("properties={a: 1}"));
}

TEST(DecoderTest, OfSpellingsOfOneNameTheSameCountsInAnyOrder) {
  EXPECT_THAT(DescribeSegment(Track(R"({"dashboard_id":"1","dashboardId":"2","x":0})")),
              HasSubstr("properties={dashboardid: \"2\", x: 0}"));
  EXPECT_EQ(FingerprintOf(Track(R"({"dashboard_id":"1","dashboardId":"2"})")),
            FingerprintOf(Track(R"({"dashboardId":"2","dashboard_id":"1"})")));
}

TEST(DecoderTest, ManyKeysKeepTheSameRuleAsFew) {
  std::string properties = "{";
  for (int i = 0; i < 500; ++i) {
    properties += "\"k" + std::to_string(i) + "\":" + std::to_string(i) + ",";
  }
  const std::string described =
      DescribeSegment(Track(properties + R"("K_7":"big","k7":"again","k_9":"z"})"));

  EXPECT_THAT(described, HasSubstr("k7: \"big\""));  // "K_7" < "k7".
  EXPECT_THAT(described, Not(HasSubstr("again")));
  EXPECT_THAT(described, Not(HasSubstr("k7: 7")));
  EXPECT_THAT(described, HasSubstr("k9: 9"));  // "k9" < "k_9".
  EXPECT_THAT(described, HasSubstr("k499: 499"));
}

TEST(DecoderTest, TheFingerprintDoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(FingerprintOf(R"({"type":"track","event":"E","userId":"u","context":{"groupId":"t"},
                              "properties":{"a":1,"b":{"c":[1,2],"d":null}}})"),
            FingerprintOf(R"({"properties":{"b":{"d":null,"c":[1,2]},"a":1},"userId":"u",
                              "context":{"groupId":"t"},"event":"E","type":"track"})"));
}

TEST(DecoderTest, TheFingerprintLeavesOutTimesIdsAndSource) {
  EXPECT_EQ(FingerprintOf(R"({"type":"track","event":"E","userId":"u","context":{"groupId":"t"}})"),
            FingerprintOf(R"({"type":"track","event":"E","userId":"u","messageId":"m",
                              "context":{"groupId":"t","ip":"::1"},"channel":"server",
                              "timestamp":"2026-01-01T00:00:00Z","receivedAt":"2026-01-01T00:00:01Z",
                              "properties":{}})"));
}

TEST(DecoderTest, TheFingerprintTellsContentApart) {
  const std::uint64_t base = FingerprintOf(Track(R"({"a":"1"})"));
  for (const char* const other :
       {R"({"a":1})", R"({"a":"2"})", R"({"b":"1"})", R"({"a":["1"]})", R"({})",
        R"({"a":"1","b":null})", R"({"a":{"a":"1"}})", R"({"a":true})"}) {
    EXPECT_NE(FingerprintOf(Track(other)), base) << other;
  }
  EXPECT_NE(FingerprintOf(R"({"type":"track","event":"e","userId":"u","context":{"groupId":"t"},
                              "properties":{"a":"1"}})"),
            base)
      << "the raw name counts";
  EXPECT_NE(FingerprintOf(R"({"type":"track","event":"E","userId":"u","traits":{"a":"1"},
                              "context":{"groupId":"t"}})"),
            base);
  EXPECT_NE(FingerprintOf(Track(R"({"a":[1,2]})")), FingerprintOf(Track(R"({"a":[2,1]})")));
  EXPECT_NE(FingerprintOf(Track(R"({"a":{"x":1,"y":2}})")),
            FingerprintOf(Track(R"({"a":{"x":2,"y":1}})")));
}

TEST(DecoderTest, NumbersAreEqualByValueInTheFingerprint) {
  EXPECT_EQ(FingerprintOf(Track(R"({"a":1,"b":[2]})")),
            FingerprintOf(Track(R"({"a":1.0,"b":[2e0]})")));
  EXPECT_NE(FingerprintOf(Track(R"({"a":1})")), FingerprintOf(Track(R"({"a":1.5})")));
}

TEST(DecoderTest, WithoutAnIdTheRecordsBytesGiveOne) {
  Decoder decoder(OptionsOf("segment"));
  const auto id_of = [&](const std::string& value) {
    return std::string(std::get<Accepted>(decoder.Decode(LiveRecord(value))).event.id);
  };

  EXPECT_EQ(id_of(Track(R"({"a":1})")), id_of(Track(R"({"a":1})")));
  EXPECT_NE(id_of(Track(R"({"a":1})")), id_of(Track(R"({"a":2})")));
  EXPECT_THAT(id_of(Track("{}")), testing::MatchesRegex("hash:[0-9a-f]{32}"));
}

TEST(DecoderTest, PropertiesGiveARoleOnlyWhereTheySpeakOfOne) {
  const auto describe = [](std::string_view event, std::string_view rest) {
    return DescribeSegment(R"({"type":"track","userId":"u","event":")" + std::string(event) +
                           R"(","context":{"groupId":"t","traits":{"role":"old"}},"properties":)" +
                           std::string(rest) + "}");
  };

  for (const char* const event :
       {"Signed Up", "user.signed_up", "Account Created", "user.joined", "invite.accepted",
        "Account Added User", "user.role_changed", "Role Changed"}) {
    EXPECT_THAT(describe(event, R"({"role":"new"})"), HasSubstr("role=\"new\"")) << event;
    EXPECT_THAT(describe(event, "{}"), HasSubstr("role=\"old\"")) << event;
  }
  EXPECT_THAT(describe("Message Sent", R"({"role":"customer"})"), HasSubstr("role=\"old\""));
}

TEST(DecoderTest, AnInvitesRoleIsTheInvitees) {
  for (const char* const event : {"user.invited", "Invite Sent", "Team Member Invited"}) {
    const std::string head = R"({"type":"track","userId":"u","context":{"groupId":"t",
        "traits":{"role":"admin"}},"event":")" +
                             std::string(event) + R"(","properties":)";
    EXPECT_THAT(DescribeSegment(head + R"({"role":"viewer"}})"), HasSubstr(" role=\"viewer\""));
    EXPECT_THAT(DescribeSegment(head + R"({"invitee_role":"viewer"}})"),
                HasSubstr(" role=\"viewer\""));
    EXPECT_THAT(DescribeSegment(head + R"({"email":"a@b.c"}})"), Not(HasSubstr(" role=\"")));
  }
}

TEST(DecoderTest, MemoryOfOneRecordDoesNotShowInTheNext) {
  Decoder decoder(OptionsOf("segment"));
  (void)decoder.Decode(LiveRecord(R"({"type":"alias","userId":"u","previousId":"p","messageId":"m",
      "traits":{"role":"r"},"properties":{"a":1},"context":{"groupId":"t"}})"));

  EXPECT_EQ(Describe(decoder.Decode(LiveRecord(
                R"({"type":"identify","userId":"v","messageId":"n","context":{"groupId":"s"}})"))),
            "accepted identify tenant=s user=\"v\" id=\"n\" at=2026-01-02T03:04:05.000Z");
}

}  // namespace
}  // namespace foothold::intake
