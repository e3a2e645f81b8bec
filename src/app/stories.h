#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/app/story.h"
#include "src/base/status.h"
#include "src/journey/playbook.h"

namespace foothold::app {

// The files of `paths` and, of folders among them, every *.txt in and below them, by name. kInvalid
// names a path that is not there.
Result<std::vector<std::string>> FindStories(const std::vector<std::string>& paths);

// The story's text with what follows from each step behind it, instead of what it says follows.
// kInvalid: "path:7: why a step cannot be played".
Result<std::string> PerformStory(const std::string& path, const Story& story,
                                 const journey::Playbook& playbook);

// Where and how a performance differs from what the story tells, for people to read; "" if it does
// not. Blanks at the ends of lines do not count, nor how lines end.
std::string DifferenceOf(const std::string& path, std::string_view told,
                         std::string_view performance);

// The first line of a performance that tells what must never be; "" if there is none.
std::string_view WhatMustNotBe(std::string_view performance);

}  // namespace foothold::app
