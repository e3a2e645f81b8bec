#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/scenarios/runner/player.h"
#include "tests/scenarios/runner/story.h"

namespace foothold::scenarios {

// Output records -> the lines that tell them ("=> ..." and lines that begin with two spaces).
//
// It also holds each record against those before it, and tells what must not be in a line that
// begins with "!!": a hole in a sequence, an id used twice, a `from` that was not the last `to`, a
// correction of anything but the last record of its subject, a revision that does not grow.
class Teller {
 public:
  explicit Teller(const Header& header);
  ~Teller();
  Teller(const Teller&) = delete;
  Teller& operator=(const Teller&) = delete;

  // Appends the lines of what follows from a step.
  void Tell(const std::vector<Output>& outputs, const Player::Remarks& remarks, std::string* text);
  // Appends the last status of `who`: these fields of it, or all that are known.
  void TellStatus(const Who& who, const std::vector<std::string>& fields, std::string* text);

 private:
  struct Reader;
  struct Past {
    std::int64_t sequence = 0;
    std::string last_id;
    std::string state;
  };

  void TellActivation(const Output& output, std::string* text);
  void TellProgress(const Output& output, std::string* text);
  void TellRisk(const Output& output, std::string* text);
  void TellAsk(const Output& output, std::string* text);
  void NoteStatus(const Output& output, std::string* text);
  void Check(const Output& output, std::string* text);

  const Header& header_;
  std::unique_ptr<Reader> reader_;
  std::map<std::string, Past> past_;             // By topic and subject.
  std::map<std::string, std::int64_t> numbers_;  // Of activation records, by id.
  std::set<std::string> ids_;
  std::map<std::string, std::string> statuses_;  // By key.
  std::map<std::string, std::int64_t> revisions_;
};

}  // namespace foothold::scenarios
