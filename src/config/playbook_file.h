#pragma once

// Playbook YAML -> journey::Playbook. The language is shown by deploy/playbooks/default.yaml.

#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"
#include "src/config/problems.h"
#include "src/journey/playbook.h"

namespace foothold::config {

// A place where a playbook, or the one it extends, names an event.
struct EventMention {
  std::string event;    // Its canonical name, in normal form.
  std::string written;  // As it stands there.
  std::string file;
  int line = 0;
};

struct CompiledPlaybook {
  journey::Playbook playbook;          // journey::Validate() holds.
  std::vector<Problem> warnings;       // What is allowed and looks like a slip.
  std::vector<EventMention> mentions;  // In the order of reading.
};

// Compiles a playbook. `file` is its name in messages. What a playbook of its own does not say of
// anchors is taken from the default playbook; with `extends: default` everything is, see
// playbook_merge.cc. Beside what the playbook asks for it tracks what the statuses show whatever
// the playbook: the first access, invitation, sign-up, profile, integration, dashboard and export
// of a user; creation, contract and first event of an account. Zones are those of this machine.
Checked<CompiledPlaybook> ReadPlaybook(std::string_view text, std::string_view file);

// Reads the file and compiles it. A file that cannot be read is a problem of line 0.
Checked<CompiledPlaybook> LoadPlaybook(const std::string& path);

// deploy/playbooks/default.yaml, as it was when the program was built.
std::string_view DefaultPlaybookText();
// It compiled.
journey::Playbook DefaultPlaybook();

// How long the journal must keep its records for this playbook to be rebuilt from it: the longest
// window, or the farthest moment after an anchor that a rule, signal, stage or blocker looks for,
// plus 30 days.
milliseconds RetentionNeeded(const journey::Playbook& playbook);

}  // namespace foothold::config
