// What holds for any company, whatever its people do: a simulated one lives through weeks of live
// traffic in front of the whole service. Another seed: FOOTHOLD_SEED.

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include "src/app/company.h"
#include "src/app/story_player.h"
#include "src/config/playbook_file.h"
#include "src/journey/zones.h"

namespace foothold::app {
namespace {

constexpr milliseconds kTick = 10 * kMinute;
constexpr Instant kStart = InstantFromMs(1'767'571'200'000);  // 2026-01-05T00:00:00Z, a Monday.

std::uint64_t FirstSeed() {
  const char* given = std::getenv("FOOTHOLD_SEED");
  return given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
}

// A record that was told, as far as the promises ask for it.
struct Told {
  std::string topic;
  std::string type;
  std::string subject;  // ce_subject.
  std::string tenant;
  std::string user;
  std::string rule;  // Without its version; of other records the definition.
  std::int64_t rung = 0;
  std::string episode;
  std::string says;  // What it is about, without ids and versions.
  std::string zone;
  std::string suppressed_by;
  std::int64_t sequence = 0;
  std::int64_t evidence_count = 0;
  Instant decided;
  std::optional<Instant> due;
  std::optional<Instant> expires;

  std::string key() const { return fmt::format("{} {}#{} {}", subject, rule, rung, episode); }
  bool is_request() const { return type == "foothold.intervention.requested.v1"; }
  bool reaches_user() const {
    return topic == "interventions.email" || topic == "interventions.in_app";
  }
};

std::string TextAt(const simdjson::dom::element& value, std::string_view pointer) {
  std::string_view text;
  return value.at_pointer(pointer).get(text) == simdjson::SUCCESS ? std::string(text) : "";
}

std::int64_t NumberAt(const simdjson::dom::element& value, std::string_view pointer) {
  std::int64_t number = 0;
  return value.at_pointer(pointer).get(number) == simdjson::SUCCESS ? number : 0;
}

std::optional<Instant> TimeAt(const simdjson::dom::element& value, std::string_view pointer) {
  const auto time = ParseRfc3339(TextAt(value, pointer));
  return time.has_value() ? std::optional(time->instant) : std::nullopt;
}

Told Read(const StoryOutput& output, simdjson::dom::parser* parser) {
  const simdjson::dom::element value = parser->parse(*output.value);
  Told told;
  told.topic = output.topic;
  told.type = output.headers.at("ce_type");
  told.subject = output.headers.at("ce_subject");
  told.tenant = TextAt(value, "/tenantId");
  told.user = TextAt(value, "/userId");
  const std::string labelled = output.headers.at("ce_fhrule");
  told.rule = labelled.substr(0, labelled.find('@'));
  told.rung = NumberAt(value, "/ladder/rung");
  told.episode = TextAt(value, "/episode");
  told.zone = TextAt(value, "/person/timezone");
  told.suppressed_by = TextAt(value, "/suppressedBy");
  told.sequence = std::atoll(output.headers.at("ce_fhseq").c_str());
  told.evidence_count = NumberAt(value, "/evidenceCount");
  told.decided = TimeAt(value, "/decidedAt").value_or(kEpoch);
  told.due = TimeAt(value, "/dueAt");
  told.expires = TimeAt(value, "/expiresAt");
  if (!told.suppressed_by.empty()) {
    told.rung = NumberAt(value, "/request/ladder/rung");
    told.episode = TextAt(value, "/request/episode");
  }
  told.says = fmt::format("{} {} {} {}>{} {} {} {}", told.type, told.subject, told.rule,
                          TextAt(value, "/from"), TextAt(value, "/to"), TextAt(value, "/stepName"),
                          TextAt(value, "/change"), TextAt(value, "/occurredAt"));
  return told;
}

// A company and the service that watches it.
class Life {
 public:
  explicit Life(std::uint64_t seed)
      : playbook_(config::DefaultPlaybook()),
        company_({.seed = seed, .weeks = 4, .accounts = 8, .start = kStart}),
        now_(kStart) {
    StoryHeader header;
    header.is_live = true;
    header.history = kStart - 90 * kDay;
    header.sources = {{.name = "product"}};
    player_ = StoryPlayer::Open(header, playbook_, kStart).value();
    next_ = company_.Next();
  }

  const journey::Playbook& playbook() const { return playbook_; }

  // People go on, and the service with them.
  void Until(Instant end) {
    while (now_ < end) {
      const Instant tick = std::min(now_ + kTick, end);
      Produce(tick);
      now_ = tick;
      ASSERT_TRUE(player_->MoveWall(now_).ok());
      Collect();
    }
  }
  // People go on, and the service is away; then it is back.
  void AwayUntil(Instant end) {
    Produce(end);
    now_ = end;
    ASSERT_TRUE(player_->MoveWall(now_).ok());
    Collect();
  }
  void Write(const codec::ControlAction& action) { ASSERT_TRUE(player_->Write(action).ok()); }
  // What is there is read, and no time goes by.
  void Settle() {
    ASSERT_TRUE(player_->MoveWall(now_).ok());
    Collect();
  }

  const std::vector<Told>& told() const { return told_; }
  std::vector<Told> Requests() const {
    std::vector<Told> requests;
    std::ranges::copy_if(told_, std::back_inserter(requests), &Told::is_request);
    return requests;
  }

 private:
  void Produce(Instant end) {
    for (; next_.has_value() && next_->at < end; next_ = company_.Next()) {
      ASSERT_TRUE(player_->Produce("", 0, next_->value, next_->at).ok());
    }
    const std::string beat =
        fmt::format(R"({{"type":"track","event":"heartbeat","messageId":"b{0}","timestamp":"{1}",)"
                    R"("context":{{"groupId":"nobody"}}}})",
                    ToMs(end), FormatRfc3339(end - milliseconds(1)));
    ASSERT_TRUE(player_->Produce("", 0, beat, end - milliseconds(1)).ok());
  }
  void Collect() {
    Result<std::vector<StoryOutput>> outputs = player_->TakeOutputs();
    ASSERT_TRUE(outputs.has_value());
    for (const StoryOutput& output : *outputs) {
      if (output.value.has_value() && output.headers.contains("ce_fhseq")) {
        told_.push_back(Read(output, &parser_));
      }
    }
  }

  journey::Playbook playbook_;
  Company company_;
  std::optional<CompanyRecord> next_;
  std::unique_ptr<StoryPlayer> player_;
  Instant now_;
  simdjson::dom::parser parser_;
  std::vector<Told> told_;
};

class PromisesTest : public ::testing::TestWithParam<int> {
 protected:
  PromisesTest() : seed_(FirstSeed() + static_cast<std::uint64_t>(GetParam())), life_(seed_) {
    trace_ =
        std::make_unique<::testing::ScopedTrace>(__FILE__, __LINE__, fmt::format("seed {}", seed_));
  }

  // Of the recipient; where the record does not say it, all of the world's quiet hours count.
  bool IsAtNight(const Told& request) const {
    const journey::GatePolicy& gate = life_.playbook().gate;
    if (request.zone.empty()) {
      return false;
    }
    const journey::ZoneRules* zone = journey::FindZone(life_.playbook().zones, request.zone);
    return journey::QuietUntil(zone, gate.quiet_from, gate.quiet_to, request.decided).has_value();
  }

  const std::uint64_t seed_;
  Life life_;
  std::unique_ptr<::testing::ScopedTrace> trace_;
};

TEST_P(PromisesTest, NobodyIsAskedTooOftenOrAtNightOrWithoutACause) {
  life_.Until(kStart + 28 * kDay);

  std::map<std::string, std::vector<Instant>> by_user;
  std::map<std::string, std::vector<Instant>> by_account;
  int at_known_hours = 0;
  for (const Told& request : life_.Requests()) {
    SCOPED_TRACE(request.key());
    EXPECT_GT(request.evidence_count, 0);
    EXPECT_TRUE(request.expires.has_value() && request.decided < *request.expires);
    if (!request.reaches_user()) {
      continue;
    }
    EXPECT_FALSE(IsAtNight(request)) << FormatRfc3339(request.decided) << ' ' << request.zone;
    at_known_hours += request.zone.empty() ? 0 : 1;
    by_user[request.subject].push_back(request.decided);
    by_account[request.tenant].push_back(request.decided);
  }
  EXPECT_GT(at_known_hours, 5);
  const auto most_within = [](const std::vector<Instant>& times, milliseconds span) {
    std::ptrdiff_t most = 0;
    for (const Instant from : times) {
      most = std::max(most, std::ranges::count_if(
                                times, [&](Instant at) { return at >= from && at < from + span; }));
    }
    return most;
  };
  const journey::GatePolicy& gate = life_.playbook().gate;
  for (const auto& [user, times] : by_user) {
    EXPECT_LE(most_within(times, kDay), gate.user_per_day) << user;
    EXPECT_LE(most_within(times, 7 * kDay), gate.user_per_week) << user;
  }
  for (const auto& [account, times] : by_account) {
    EXPECT_LE(most_within(times, 7 * kDay), gate.account_per_week) << account;
  }
}

TEST_P(PromisesTest, SequencesHaveNoHoles) {
  life_.Until(kStart + 14 * kDay);
  life_.AwayUntil(kStart + 16 * kDay);
  life_.Until(kStart + 20 * kDay);

  std::map<std::string, std::int64_t> last;
  for (const Told& record : life_.told()) {
    EXPECT_EQ(record.sequence, ++last[record.topic + ' ' + record.subject]) << record.says;
  }
  EXPECT_GT(last.size(), 50U);
}

TEST_P(PromisesTest, TheSamePlaybookPublishedAgainDecidesNothing) {
  life_.Until(kStart + 12 * kDay);
  const std::size_t before = life_.told().size();
  life_.Write(codec::PublishPlaybook{life_.playbook()});
  life_.Settle();
  EXPECT_EQ(life_.told().size(), before) << life_.told().back().says;
  life_.Until(kStart + 16 * kDay);

  Life other(seed_);
  other.Until(kStart + 16 * kDay);
  std::vector<std::string> said;
  std::vector<std::string> said_without;
  std::ranges::transform(life_.told(), std::back_inserter(said), &Told::says);
  std::ranges::transform(other.told(), std::back_inserter(said_without), &Told::says);
  std::ranges::sort(said);
  std::ranges::sort(said_without);
  std::vector<std::string> differing;
  std::ranges::set_symmetric_difference(said, said_without, std::back_inserter(differing));
  EXPECT_THAT(differing, testing::IsEmpty());
}

TEST_P(PromisesTest, ADayAwayEndsWithoutABurstAtNight) {
  life_.Until(kStart + 13 * kDay);
  const std::size_t before = life_.told().size();
  life_.AwayUntil(kStart + 14 * kDay + 2 * kHour);
  const std::size_t after = life_.told().size();
  ASSERT_GT(after, before);
  for (std::size_t i = before; i < after; ++i) {
    const Told& record = life_.told()[i];
    if (record.is_request()) {
      EXPECT_TRUE(record.decided < *record.expires) << record.key();
      EXPECT_FALSE(record.reaches_user() && IsAtNight(record)) << record.key();
    }
  }
}

TEST_P(PromisesTest, AKillWrittenMeanwhileStopsTheBacklog) {
  life_.Until(kStart + 10 * kDay);
  for (const journey::Rule& rule : life_.playbook().rules) {
    life_.Write(codec::RuleWord{.rule = rule.name, .word = codec::RuleWord::Word::kKill});
  }
  const std::size_t before = life_.Requests().size();
  ASSERT_GT(before, 0U);
  life_.AwayUntil(kStart + 12 * kDay);
  life_.Until(kStart + 14 * kDay);
  EXPECT_EQ(life_.Requests().size(), before);
}

TEST_P(PromisesTest, APauseTakesAwayOnlyWhatIsNoLongerOfUse) {
  const Instant pause = kStart + 8 * kDay;
  const Instant resume = kStart + 10 * kDay;
  const Instant end = kStart + 18 * kDay;
  Life free(seed_);
  free.Until(end);

  life_.Until(pause);
  const auto say = [&](codec::RuleWord::Word word) {
    for (const journey::Rule& rule : life_.playbook().rules) {
      life_.Write(codec::RuleWord{.rule = rule.name, .word = word});
    }
    life_.Settle();
  };
  say(codec::RuleWord::Word::kPause);
  const std::size_t before = life_.Requests().size();
  life_.Until(resume);
  EXPECT_EQ(life_.Requests().size(), before);
  say(codec::RuleWord::Word::kResume);
  life_.Until(end);

  std::set<std::string> asked;
  std::set<std::string> accounted;  // Asked, or said why not.
  for (const Told& record : life_.told()) {
    if (record.is_request()) {
      EXPECT_TRUE(asked.insert(record.key()).second) << "twice: " << record.key();
    }
    accounted.insert(record.key());
  }
  int held = 0;
  for (const Told& request : free.Requests()) {
    const bool was_paused = request.decided >= pause && request.decided < resume;
    held += was_paused ? 1 : 0;
    // Its time ended with the pause, its cause did, or it is told.
    const bool may_be_gone = was_paused && *request.expires < resume + kDay;
    if (was_paused && !may_be_gone && !accounted.contains(request.key())) {
      const bool was_cleared = std::ranges::any_of(free.told(), [&](const Told& other) {
        return other.type == "foothold.intervention.cancelled.v1" &&
               other.subject == request.subject && other.decided >= request.decided &&
               other.decided < resume + kDay;
      });
      const bool was_overtaken = std::ranges::any_of(asked, [&](const std::string& key) {
        return key.starts_with(request.subject + ' ' + request.rule + '#');
      });
      EXPECT_TRUE(was_cleared || was_overtaken) << request.key();
    }
  }
  EXPECT_GT(held, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, PromisesTest, testing::Values(0, 1));

}  // namespace
}  // namespace foothold::app
