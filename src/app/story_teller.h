#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/app/story.h"
#include "src/app/story_player.h"

namespace foothold::app {

// Output records -> the lines that tell them ("=> ..." and lines that begin with two spaces).
//
// It also holds each record against those before it, and tells what must not be in a line that
// begins with "!!": a hole in a sequence, an id used twice, a `from` that was not the last `to`, a
// correction of anything but the last record of its subject, a revision that does not grow.
class StoryTeller {
 public:
  // `header` outlives the teller.
  explicit StoryTeller(const StoryHeader& header) : header_(header) {}
  StoryTeller(const StoryTeller&) = delete;
  StoryTeller& operator=(const StoryTeller&) = delete;

  // Appends the lines of what follows from a step.
  void Tell(const std::vector<StoryOutput>& outputs, const StoryPlayer::Remarks& remarks,
            std::string* text);
  // Appends the last status of `who`: these fields of it, or all that are known.
  void TellStatus(const StorySubject& who, const std::vector<std::string>& fields,
                  std::string* text);

 private:
  struct Past {
    std::int64_t sequence = 0;
    std::string last_id;
    std::string state;
  };

  void TellActivation(const StoryOutput& output, std::string* text);
  void TellProgress(const StoryOutput& output, std::string* text);
  void TellRisk(const StoryOutput& output, std::string* text);
  void TellAsk(const StoryOutput& output, std::string* text);
  void NoteStatus(const StoryOutput& output, std::string* text);
  void Check(const StoryOutput& output, std::string* text);

  const StoryHeader& header_;
  std::map<std::string, Past> past_;             // By topic and subject.
  std::map<std::string, std::int64_t> numbers_;  // Of activation records, by id.
  std::set<std::string> ids_;
  std::map<std::string, std::string> statuses_;  // By key.
  std::map<std::string, std::int64_t> revisions_;
};

}  // namespace foothold::app
