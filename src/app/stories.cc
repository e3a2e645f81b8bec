#include "src/app/stories.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "src/app/story_player.h"
#include "src/app/story_teller.h"
#include "src/app/text_diff.h"

namespace foothold::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kContextLines = 2;

// Without blanks at the ends of its lines.
std::string Trimmed(std::string_view text) {
  std::string trimmed;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    trimmed.append(line.substr(0, line.find_last_not_of(" \t\r") + 1)).push_back('\n');
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return trimmed;
}

Status AddFolder(const std::string& path, std::vector<std::string>* stories) {
  std::error_code error;
  std::vector<std::string> found;
  for (fs::recursive_directory_iterator i(path, error), end; !error && i != end;
       i.increment(error)) {
    if (i->path().extension() == ".txt" && i->path().filename() != "CMakeLists.txt" &&
        i->is_regular_file(error)) {
      found.push_back(i->path().string());
    }
  }
  if (error) {
    return Error(Code::kInvalid, fmt::format("{}: {}", path, error.message()));
  }
  std::ranges::sort(found);
  stories->insert(stories->end(), found.begin(), found.end());
  return {};
}

}  // namespace

Result<std::vector<std::string>> FindStories(const std::vector<std::string>& paths) {
  std::vector<std::string> stories;
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      FOOTHOLD_TRY(AddFolder(path, &stories));
    } else if (fs::exists(path, error)) {
      stories.push_back(path);
    } else {
      return Error(Code::kInvalid, fmt::format("{}: there is no such file or folder", path));
    }
  }
  return stories;
}

Result<std::string> PerformStory(const std::string& path, const Story& story,
                                 const journey::Playbook& playbook) {
  Instant begin = kEpoch;
  const auto first =
      std::ranges::find_if(story.steps, [](const StoryStep& step) { return step.at.has_value(); });
  if (first != story.steps.end()) {
    begin = *first->at;
  }
  FOOTHOLD_ASSIGN(const std::unique_ptr<StoryPlayer> player,
                  StoryPlayer::Open(story.header, playbook, begin));
  StoryTeller teller(story.header);
  std::string text;
  for (const StoryStep& step : story.steps) {
    text += step.text + "\n";
    if (const Status played = player->Play(step); !played.ok()) {
      return Error(played.code(), fmt::format("{}:{}: {}", path, step.line, played.message()));
    }
    FOOTHOLD_ASSIGN(const std::vector<StoryOutput> outputs, player->TakeOutputs());
    teller.Tell(outputs, player->TakeRemarks(), &text);
    if (step.kind == StoryStep::Kind::kStatus) {
      teller.TellStatus(step.who, step.fields, &text);
    }
  }
  return text;
}

std::string DifferenceOf(const std::string& path, std::string_view told,
                         std::string_view performance) {
  return DiffWithPlaces(path, Trimmed(told), Trimmed(performance), kContextLines);
}

std::string_view WhatMustNotBe(std::string_view performance) {
  std::size_t begin = performance.starts_with("!!") ? 0 : performance.find("\n!!");
  if (begin == std::string_view::npos) {
    return "";
  }
  begin += performance[begin] == '\n' ? 1U : 0U;
  return performance.substr(begin, performance.find('\n', begin) - begin);
}

}  // namespace foothold::app
