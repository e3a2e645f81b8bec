// What `foothold replay` makes of files as they come: whole, empty, damaged, several, a pipe.

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "src/app/command.h"
#include "src/base/check.h"
#include "tests/app/child.h"

namespace foothold::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A user's event on a day of January 2026, from 1.
std::string EventOf(const std::string& user, const std::string& event, int day, int hour = 10) {
  return fmt::format(R"({{"type":"track","event":"{}","userId":"{}","messageId":"{}-{}-{}-{}",)"
                     R"("timestamp":"2026-01-{:02}T{:02}:00:00Z","context":{{"groupId":"acme"}}}})",
                     event, user, user, event, day, hour, day, hour);
}

std::string Lines(const std::vector<std::string>& lines) {
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

std::string Gzip(const std::string& text) {
  z_stream stream{};
  FOOTHOLD_CHECK(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK, "zlib");
  std::string packed(deflateBound(&stream, text.size()), '\0');
  std::string input = text;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  FOOTHOLD_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END, "zlib");
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// The part of the lines of a status topic that does not depend on where an event lay: the last
// activation of each key.
std::map<std::string, std::string> ActivationByUser(const std::string& out) {
  std::map<std::string, std::string> states;
  std::size_t begin = 0;
  while (begin < out.size()) {
    const std::size_t end = out.find('\n', begin);
    const std::string line = out.substr(begin, end - begin);
    begin = end + 1;
    if (line.find(R"("topic":"onboarding.user-status")") == std::string::npos) {
      continue;
    }
    const auto after = [&](const std::string& name) {
      const std::size_t start = line.find(name) + name.size();
      return line.substr(start, line.find(',', start) - start);
    };
    states[after(R"("key":)")] =
        after(R"("activationState":)") + after(R"("activated":)") + after(R"("activationClass":)");
  }
  return states;
}

TEST(ReplayInputTest, AnEmptyFileIsSaidToHoldNothing) {
  const Folder folder;

  const Ending ending = RunFoothold({"replay", folder.Write("empty.ndjson", "")});

  EXPECT_EQ(ending.code, kExitOk);
  EXPECT_THAT(ending.out, IsEmpty());
  EXPECT_THAT(ending.error, HasSubstr("no record was accepted"));
  EXPECT_EQ(LineCount(ending.error), 1U) << ending.error;
}

TEST(ReplayInputTest, WhatCannotBeReadIsNamedInOneLine) {
  const Folder folder;
  const std::string missing = folder.PathOf("missing.ndjson");

  const Ending of_missing = RunFoothold({"replay", missing});
  const Ending of_folder = RunFoothold({"replay", folder.path().string()});

  EXPECT_EQ(of_missing.code, kExitConfig);
  EXPECT_EQ(of_missing.error, "replay: " + missing + ": No such file or directory\n");
  EXPECT_EQ(of_folder.code, kExitConfig);
  EXPECT_EQ(of_folder.error,
            "replay: " + folder.path().string() + ": is a folder, not a file of events\n");
}

TEST(ReplayInputTest, AGzipFileThatIsCutOrDamagedEndsTheRunWithItsName) {
  const Folder folder;
  std::vector<std::string> events;
  for (int i = 0; i < 2'000; ++i) {
    events.push_back(EventOf(fmt::format("u{}", i), "Report Exported", 1 + i % 28));
  }
  const std::string packed = Gzip(Lines(events));
  std::string flipped = packed;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x55);

  const Ending whole = RunFoothold({"replay", folder.Write("whole.gz", packed)});
  const Ending cut =
      RunFoothold({"replay", folder.Write("cut.gz", packed.substr(0, packed.size() / 2))});
  const Ending damaged = RunFoothold({"replay", folder.Write("damaged.gz", flipped)});

  EXPECT_EQ(whole.code, kExitOk) << whole.error;
  EXPECT_EQ(cut.code, kExitFailure);
  EXPECT_THAT(cut.error, HasSubstr("cut.gz: is damaged after line"));
  EXPECT_THAT(cut.error, HasSubstr("get it again"));
  EXPECT_EQ(LineCount(cut.error), 1U) << cut.error;
  EXPECT_EQ(damaged.code, kExitFailure);
  EXPECT_THAT(damaged.error, HasSubstr("damaged.gz: is damaged after line"));
  EXPECT_THAT(damaged.error, Not(HasSubstr("<fd")));
}

TEST(ReplayInputTest, StandardInputPlainFileAndGzipGiveTheSame) {
  const Folder folder;
  const std::string text =
      Lines({EventOf("u", "Dashboard Created", 2), "", EventOf("u", "Report Exported", 3)});

  const Ending piped = RunFoothold({"replay", "-"}, {.input = text});
  const Ending plain = RunFoothold({"replay", folder.Write("events.ndjson", text)});
  const Ending packed = RunFoothold({"replay", folder.Write("events.gz", Gzip(text))});

  EXPECT_EQ(piped.code, kExitOk) << piped.error;
  EXPECT_THAT(ActivationByUser(piped.out), testing::SizeIs(1));
  EXPECT_EQ(ActivationByUser(piped.out), ActivationByUser(plain.out));
  EXPECT_EQ(ActivationByUser(piped.out), ActivationByUser(packed.out));
}

TEST(ReplayInputTest, DeadLettersTooAreTheSameBytesAtEveryRun) {
  const Folder folder;
  const std::string file = folder.Write(
      "events.ndjson", Lines({"{broken", EventOf("u", "Dashboard Created", 2), "\xff\xfe", "[]"}));

  const Ending first = RunFoothold({"replay", file});
  const Ending second = RunFoothold({"replay", file, "--commit-entries", "1"});

  EXPECT_EQ(first.code, kExitOk);
  EXPECT_EQ(first.out, second.out);
  EXPECT_THAT(first.out, HasSubstr(R"("dlq_reason":"unparseable")"));
  EXPECT_THAT(first.out, HasSubstr(R"("dlq_timestamp":null)"));
  EXPECT_THAT(first.out, HasSubstr(R"("valueBase64":"//4=")"));
}

// The values of the activation records, in order.
std::vector<std::string> ActivationsOf(const std::string& out) {
  std::vector<std::string> values;
  std::size_t begin = 0;
  while (begin < out.size()) {
    const std::size_t end = out.find('\n', begin);
    const std::string line = out.substr(begin, end - begin);
    begin = end + 1;
    if (line.find(R"("topic":"activation.changed")") != std::string::npos) {
      values.push_back(line.substr(line.find(R"("value":)")));
    }
  }
  return values;
}

TEST(ReplayInputTest, ARecordWithoutAnAccountDecidesAsIfItHadNamedItAndTheSameAtEveryRun) {
  const Folder folder;
  const auto story = [](const std::string& context) {
    const auto bare = [&](const std::string& type, int day, const std::string& more) {
      return fmt::format(R"({{"type":"{}","userId":"a","messageId":"{}-{}",)"
                         R"("timestamp":"2026-01-{:02}T11:00:00Z","context":{{{}}}{}}})",
                         type, type, day, day, context, more);
    };
    std::vector<std::string> lines{EventOf("a", "Signed Up", 1),
                                   bare("identify", 1, R"(,"traits":{"role":"analyst"})"),
                                   bare("track", 2, R"(,"event":"Dashboard Created")")};
    for (int day = 3; day <= 28; ++day) {
      lines.push_back(EventOf("filler", "Dashboard Viewed", day));
      if (day == 20) {  // Too late: the window closed between.
        lines.push_back(bare("track", day, R"(,"event":"Report Exported")"));
      }
    }
    return Lines(lines);
  };
  const std::string file = folder.Write("bare.ndjson", story(""));

  const Ending named =
      RunFoothold({"replay", folder.Write("named.ndjson", story(R"("groupId":"acme")"))});
  const Ending bare = RunFoothold({"replay", file});
  const Ending again = RunFoothold({"replay", file});

  ASSERT_EQ(bare.code, kExitOk) << bare.error;
  const std::vector<std::string> activations = ActivationsOf(bare.out);
  ASSERT_THAT(activations, testing::SizeIs(testing::Ge(3U)));
  EXPECT_THAT(activations[1], HasSubstr(R"("to":"window_expired")"));
  EXPECT_THAT(activations[2], HasSubstr(R"("to":"activated_late")"));
  std::vector<std::string> expected = ActivationsOf(named.out);
  for (std::string& value : expected) {  // The files' names are all that differs.
    for (std::size_t at = 0; (at = value.find("named.ndjson", at)) != std::string::npos;) {
      value.replace(at, 12, "bare.ndjson");
    }
  }
  EXPECT_EQ(activations, expected);
  EXPECT_EQ(again.out, bare.out);
}

TEST(ReplayInputTest, FilesAreReadByTheirTimesWhateverTheirOrder) {
  const Folder folder;
  // The analyst's window closes between the files: reading February first must not close it.
  const std::string role =
      R"({"type":"identify","userId":"a","messageId":"i","timestamp":"2026-01-01T09:00:00Z",)"
      R"("context":{"groupId":"acme"},"traits":{"role":"analyst"}})";
  std::vector<std::string> early{role, EventOf("a", "Dashboard Viewed", 1)};
  std::vector<std::string> late;
  for (int day = 2; day <= 12; ++day) {
    early.push_back(EventOf("filler", "Dashboard Viewed", day));
  }
  early.push_back(EventOf("a", "Dashboard Created", 12, 11));
  early.push_back(EventOf("a", "Report Exported", 12, 12));
  for (int day = 10; day <= 28; ++day) {
    late.push_back(EventOf("other", "Dashboard Viewed", day, 14));
  }
  std::vector<std::string> all = early;
  all.insert(all.end(), late.begin(), late.end());
  const std::string early_file = folder.Write("early.ndjson", Lines(early));
  const std::string late_file = folder.Write("late.ndjson", Lines(late));

  const Ending in_one = RunFoothold({"replay", folder.Write("all.ndjson", Lines(all))});
  const Ending in_order = RunFoothold({"replay", early_file, late_file});
  const Ending against = RunFoothold({"replay", late_file, early_file});

  EXPECT_EQ(in_one.code, kExitOk) << in_one.error;
  EXPECT_THAT(in_one.out, Not(HasSubstr("window_expired\",\"class\"")));
  EXPECT_THAT(ActivationByUser(in_one.out), testing::SizeIs(3));
  EXPECT_THAT(ActivationByUser(in_one.out)["\"acme|a\""], HasSubstr("\"activated\""));
  EXPECT_EQ(ActivationByUser(in_order.out), ActivationByUser(in_one.out));
  EXPECT_EQ(ActivationByUser(against.out), ActivationByUser(in_one.out));
  // No decision of the clock came too early: the same log records, whatever the order of the files.
  EXPECT_EQ(in_order.out.find("\"to\":\"window_expired\""), std::string::npos);
  EXPECT_EQ(against.out.find("\"to\":\"window_expired\""), std::string::npos);
}

TEST(ReplayInputTest, TheSameFileTwiceIsRefused) {
  const Folder folder;
  const std::string file = folder.Write("events.ndjson", EventOf("u", "Dashboard Viewed", 1));

  const Ending ending = RunFoothold({"replay", file, file});

  EXPECT_EQ(ending.code, kExitConfig);
  EXPECT_EQ(ending.error, "replay: " + file + " is given twice\n");
}

TEST(ReplayInputTest, OutputThatCannotBeWrittenIsAFailureSaidOnce) {
  const Folder folder;
  const std::string file = folder.Write("events.ndjson", EventOf("u", "Dashboard Viewed", 1));

  const Ending full = RunFoothold({"replay", file}, {.output_to = "/dev/full"});
  const Ending closed = RunFoothold({"replay", file}, {.output_to = "-"});

  EXPECT_EQ(full.code, kExitFailure);
  EXPECT_THAT(full.error, HasSubstr("replay: stdout cannot be written"));
  EXPECT_EQ(LineCount(full.error), 1U) << full.error;
  EXPECT_EQ(closed.code, kExitFailure);
  EXPECT_EQ(LineCount(closed.error), 1U) << closed.error;
}

}  // namespace
}  // namespace foothold::app
