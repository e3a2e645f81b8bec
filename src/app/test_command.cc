#include "src/app/test_command.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/flags.h"
#include "src/app/settings.h"
#include "src/app/stories.h"
#include "src/base/logging.h"

namespace foothold::app {
namespace {

struct TestFlags {
  std::string playbook;
  bool rewrites = false;
  std::string junit;
  std::vector<std::string> paths;
  LogOptions logging{.level = LogLevel::kWarning};
};

// How one story went.
struct Ending {
  enum class Kind { kAsTold, kRewritten, kDiffers, kBroken };
  Kind kind = Kind::kAsTold;
  std::string path;
  std::string detail = {};  // kDiffers: the differences; kBroken: why it cannot be played.
  double seconds = 0;
};

bool IsWell(const Ending& ending) {
  return ending.kind == Ending::Kind::kAsTold || ending.kind == Ending::Kind::kRewritten;
}

// The playbooks that stories name, each read once.
class Playbooks {
 public:
  Playbooks(std::string given, const Logger* logger) : given_(std::move(given)), logger_(logger) {}

  // `story`: the path of the story that names it. Lives as long as this.
  Result<const journey::Playbook*> Of(const std::string& story, const std::string& name) {
    std::string path = given_;
    if (path.empty() && name != "default") {
      path = (std::filesystem::path(story).parent_path() / name).lexically_normal().string();
    }
    if (path == "default") {
      path.clear();
    }
    auto found = read_.find(path);
    if (found == read_.end()) {
      FOOTHOLD_ASSIGN(journey::Playbook playbook, LoadPlaybook(path, *logger_));
      found = read_.emplace(path, std::move(playbook)).first;
    }
    return &found->second;
  }

 private:
  std::string given_;
  const Logger* logger_;
  std::map<std::string, journey::Playbook> read_;
};

Result<std::string> ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) {
    return Error(Code::kInvalid, path + ": it cannot be read");
  }
  return text;
}

Status WriteAll(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text << std::flush;
  return file.good() ? Status() : Status(Code::kFatal, path + ": it cannot be written");
}

Result<std::string> Perform(const std::string& path, const std::string& told,
                            Playbooks* playbooks) {
  FOOTHOLD_ASSIGN(const Story story, ReadStory(path, told));
  FOOTHOLD_ASSIGN(const journey::Playbook* const playbook,
                  playbooks->Of(path, story.header.playbook));
  return PerformStory(path, story, *playbook);
}

Ending Broken(const std::string& path, const Status& why) {
  return {.kind = Ending::Kind::kBroken, .path = path, .detail = why.message() + "\n"};
}

Ending TestOne(const std::string& path, bool rewrites, Playbooks* playbooks) {
  const Result<std::string> told = ReadAll(path);
  if (!told.has_value()) {
    return Broken(path, told.error());
  }
  const Result<std::string> performed = Perform(path, *told, playbooks);
  if (!performed.has_value()) {
    return Broken(path, performed.error());
  }
  if (const std::string_view finding = WhatMustNotBe(*performed); !finding.empty()) {
    return Broken(path, Status(Code::kInvalid, fmt::format("{}: {}", path, finding)));
  }
  std::string difference = DifferenceOf(path, *told, *performed);
  if (difference.empty()) {
    return {.kind = Ending::Kind::kAsTold, .path = path};
  }
  if (!rewrites) {
    return {.kind = Ending::Kind::kDiffers, .path = path, .detail = std::move(difference)};
  }
  if (const Status written = WriteAll(path, *performed); !written.ok()) {
    return Broken(path, written);
  }
  return {.kind = Ending::Kind::kRewritten, .path = path};
}

std::string Coloured(std::string_view text, std::string_view colour,
                     const Surroundings& surroundings) {
  return surroundings.out_is_terminal && surroundings.is_colour_allowed
             ? fmt::format("\x1b[{}m{}\x1b[0m", colour, text)
             : std::string(text);
}

void Tell(const Ending& ending, const Surroundings& surroundings) {
  switch (ending.kind) {
    case Ending::Kind::kAsTold:
      surroundings.out << Coloured("ok    ", "32", surroundings) << ending.path << '\n';
      return;
    case Ending::Kind::kRewritten:
      surroundings.out << Coloured("wrote ", "33", surroundings) << ending.path << '\n';
      return;
    case Ending::Kind::kDiffers:
    case Ending::Kind::kBroken:
      surroundings.out << Coloured("FAIL  ", "31", surroundings) << ending.path << '\n'
                       << ending.detail;
      return;
  }
}

// Text as XML has it. What XML cannot hold at all becomes a question mark.
std::string Xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out.push_back(static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c);
    }
  }
  return out;
}

std::string JunitOf(const std::vector<Ending>& endings) {
  double seconds = 0;
  for (const Ending& ending : endings) {
    seconds += ending.seconds;
  }
  const auto failed =
      endings.size() - static_cast<std::size_t>(std::ranges::count_if(endings, IsWell));
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites>\n"
      "  <testsuite name=\"foothold test\" tests=\"{}\" failures=\"{}\" time=\"{:.3f}\">\n",
      endings.size(), failed, seconds);
  for (const Ending& ending : endings) {
    const std::filesystem::path path(ending.path);
    xml += fmt::format("    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" time=\"{:.3f}\"",
                       Xml(path.parent_path().string()), Xml(path.stem().string()),
                       Xml(ending.path), ending.seconds);
    if (IsWell(ending)) {
      xml += "/>\n";
      continue;
    }
    const std::string_view first =
        std::string_view(ending.detail).substr(0, ending.detail.find('\n'));
    xml += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                       Xml(first), Xml(ending.detail));
  }
  return xml + "  </testsuite>\n</testsuites>\n";
}

std::string Summary(const std::vector<Ending>& endings) {
  const auto count = [&](Ending::Kind kind) {
    return std::ranges::count(endings, kind, &Ending::kind);
  };
  std::string text =
      fmt::format("{} {}: {} as told", endings.size(), endings.size() == 1 ? "story" : "stories",
                  count(Ending::Kind::kAsTold));
  const auto add = [&](Ending::Kind kind, std::string_view what) {
    if (const auto n = count(kind); n > 0) {
      text += fmt::format(", {} {}", n, what);
    }
  };
  add(Ending::Kind::kRewritten, "rewritten: read them before you keep them");
  add(Ending::Kind::kDiffers, "not");
  add(Ending::Kind::kBroken, "that cannot be played");
  return text + "\n";
}

}  // namespace

int RunTest(std::span<const std::string> arguments, const Surroundings& surroundings) {
  TestFlags given;
  Flags flags("test", "Plays stories (events, advances of time) and checks what they say follows.");
  flags.AddText("--playbook", &given.playbook,
                "Play all under this playbook instead of the one each names; default: built in");
  flags.AddSwitch("--rewrite", &given.rewrites,
                  "Write what follows into the files, to be read before they are kept");
  flags.AddText("--junit", &given.junit, "Also write the results into this file, as JUnit XML");
  flags.AddLogging(&given.logging);
  flags.AddPositionals("PATH", &given.paths, 1, "Stories, or folders with *.txt in and below them");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  const Result<std::vector<std::string>> stories = FindStories(given.paths);
  if (!stories.has_value() || stories->empty()) {
    surroundings.error << "test: "
                       << (stories.has_value() ? "no story (*.txt) is there"
                                               : stories.error().message())
                       << '\n';
    return kExitConfig;
  }
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  Playbooks playbooks(given.playbook, &logger);
  std::vector<Ending> endings;
  for (const std::string& path : *stories) {
    const auto begin = std::chrono::steady_clock::now();
    endings.push_back(TestOne(path, given.rewrites, &playbooks));
    endings.back().seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    Tell(endings.back(), surroundings);
  }
  surroundings.out << Summary(endings);
  if (!given.junit.empty()) {
    if (const Status written = WriteAll(given.junit, JunitOf(endings)); !written.ok()) {
      surroundings.error << "test: " << written.message() << '\n';
      return kExitFailure;
    }
  }
  return std::ranges::all_of(endings, IsWell) ? kExitOk : kExitFailure;
}

}  // namespace foothold::app
