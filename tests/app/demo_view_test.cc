#include "src/app/demo_view.h"

#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/demo_words.h"

namespace foothold::app {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr Instant kStart = InstantFromMs(1'767'571'200'000);

Picture LargePicture() {
  Picture picture;
  picture.clock = kStart + 9 * kDay;
  for (const char* role : {"admin", "analyst", "operator", "viewer"}) {
    RoleRow row{.role = role,
                .members = 123'456,
                .with_access = 100'000,
                .in_time = 40'000,
                .late = 10'000,
                .expired = 2'000,
                .median_from_access = 50 * kHour};
    for (int i = 1; i <= 5; ++i) {
      row.steps.push_back({.name = fmt::format("a step with a long name {}", i), .reached = 1'000});
    }
    picture.roles.push_back(row);
    picture.stuck_steps.push_back(
        {.role = role,
         .step = "first dashboard",
         .people = 17,
         .longer = 5,
         .longest_days = 13,
         .longest_person = "Zoë Ångström-Müller, " + std::string(90, 'x')});
  }
  picture.accounts = 15'000;
  picture.accounts_activated = 5'000;
  picture.stuck_accounts = {
      {.name = "Ünïcode AG", .plan = "team", .mrr = 4'200, .people = 4, .members = 6}};
  picture.rejected = {{"bad_time", 3}, {"unparseable", 2'000}};
  picture.rejected_count = 2'003;
  for (int i = 0; i < 12; ++i) {
    picture.news.push_back(
        {.kind = News::Kind::kLate, .at = kStart, .text = std::string(200, 'n')});
  }
  return picture;
}

RunFacts Facts() {
  return {.playbook = "default@1",
          .url = "http://127.0.0.1:9464/",
          .weeks = 6,
          .start = kStart,
          .now = kStart + 9 * kDay,
          .end = kStart + 42 * kDay,
          .records = 12'480,
          .records_a_second = 1'310,
          .left = milliseconds(21'000)};
}

std::string Joined(const std::vector<std::string>& lines) {
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

// Without the sequences that select colours.
std::string WithoutColour(std::string text) {
  for (std::size_t at = text.find("\x1b["); at != std::string::npos; at = text.find("\x1b[")) {
    text.erase(at, text.find('m', at) - at + 1);
  }
  return text;
}

TEST(DemoViewTest, AScreenFitsTheTerminalWhateverItsSize) {
  for (const std::size_t columns : {20U, 79U, 80U, 100U, 120U, 300U}) {
    for (const std::size_t lines : {5U, 23U, 24U, 30U, 40U, 80U}) {
      for (const Picture& picture : {LargePicture(), Picture{}}) {
        const std::vector<std::string> screen =
            DrawScreen(picture, Facts(), {.columns = columns, .lines = lines, .has_blocks = true});

        EXPECT_LE(screen.size(), lines);
        for (const std::string& line : screen) {
          EXPECT_LE(WidthOf(line), columns) << line;
        }
      }
    }
  }
}

TEST(DemoViewTest, TheSmallScreenHasEverythingThatMatters) {
  const std::string screen =
      Joined(DrawScreen(LargePicture(), Facts(), {.columns = 80, .lines = 24}));

  for (const char* text :
       {"week 2 of 6", "0:21 left", "Wed 01-14 00:00", "12,480 records in, 1,310/s", "viewer",
        "123,456", "50 %", "2.1 d", "5,000 activated (33 %)", "analyst / first dashboard",
        "13 d Zoë Ångström-Müller", "unparseable 2,000, bad_time 3",
        "http://127.0.0.1:9464/ shows it all"}) {
    EXPECT_THAT(screen, HasSubstr(text));
  }
}

TEST(DemoViewTest, ATallScreenHasTheAccountsAndMoreOfTheNews) {
  const ScreenStyle tall{.columns = 120, .lines = 40};

  const std::vector<std::string> screen = DrawScreen(LargePicture(), Facts(), tall);

  EXPECT_THAT(screen, Contains(HasSubstr("Ünïcode AG")));
  EXPECT_GT(std::ranges::count_if(
                screen, [](const std::string& line) { return line.find("nnnn") != line.npos; }),
            3);
}

TEST(DemoViewTest, ColourChangesNothingButTheColour) {
  const ScreenStyle plain{.columns = 80, .lines = 24};
  ScreenStyle coloured = plain;
  coloured.has_colour = true;

  const std::string screen = Joined(DrawScreen(LargePicture(), Facts(), plain));

  EXPECT_THAT(screen, Not(HasSubstr("\x1b")));
  EXPECT_EQ(WithoutColour(Joined(DrawScreen(LargePicture(), Facts(), coloured))), screen);
}

TEST(DemoViewTest, WithoutUtf8TheBarsAreAscii) {
  Picture picture;
  picture.roles = {{.role = "admin", .members = 10, .steps = {{.name = "profile", .reached = 5}}}};

  const std::string screen = Joined(DrawScreen(picture, Facts(), {.columns = 120, .lines = 40}));

  EXPECT_TRUE(
      std::ranges::all_of(screen, [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; }));
  EXPECT_THAT(screen, HasSubstr("profile ############............ 5"));
}

TEST(DemoViewTest, AWeekIsABlockOfLinesUnderItsHead) {
  const std::string block = DrawWeek(LargePicture(), Facts(), 1);

  EXPECT_THAT(block, HasSubstr("week 1 of 6, until 2026-01-14: 12,480 records in, 2,003 rejected"));
  EXPECT_THAT(block, HasSubstr("\n  analyst      123,456"));
  EXPECT_TRUE(block.ends_with("\n\n"));
}

TEST(DemoViewTest, TheSummarySaysWhatItCost) {
  const std::string text = DrawSummary(LargePicture(), Facts(),
                                       {.wall = milliseconds(60'000),
                                        .cpu = milliseconds(6'240),
                                        .memory_bytes_max = 96LL << 20U,
                                        .is_stopped = true});

  EXPECT_THAT(text, HasSubstr("stopped after 9.0 d of event time"));
  EXPECT_THAT(text, HasSubstr("CPU 6.2 s (500 us a record), memory at most 96 MB"));
  EXPECT_THAT(text, HasSubstr("worth a call: Ünïcode AG, 4 of 6 stuck"));
}

TEST(DemoWordsTest, CountsSpansAndSharesReadWell) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(1'000), "1,000");
  EXPECT_EQ(CountText(1'234'567), "1,234,567");
  EXPECT_EQ(CountText(-123), "-123");
  EXPECT_EQ(SpanText(18 * kMinute), "18 min");
  EXPECT_EQ(SpanText(90 * kMinute), "1.5 h");
  EXPECT_EQ(SpanText(50 * kHour), "2.1 d");
  EXPECT_EQ(ShareText(1, 3), "33 %");
  EXPECT_EQ(ShareText(2, 3), "67 %");
  EXPECT_EQ(ShareText(0, 0), "-");
  EXPECT_EQ(DayText(kStart + 14 * kHour), "Mon 01-05 14:00");
}

TEST(DemoWordsTest, TextIsFittedByCharactersNotBytes) {
  EXPECT_EQ(FitLeft("Zoë", 5), "Zoë  ");
  EXPECT_EQ(FitRight("Zoë", 5), "  Zoë");
  EXPECT_EQ(FitLeft("Ångström", 4), "Ång.");
  EXPECT_EQ(Cut("abc", 0), "");
  EXPECT_EQ(WidthOf("\xff\xfe"), 2U);
}

}  // namespace
}  // namespace foothold::app
