#pragma once

// A scenario as text: what happens in a company, and what the product says to it.
//
//   # What the story is about.
//   playbook: default                      default, or a file, from the folder of the story
//   mode: files                            files (default): events move the clock; live: wall time
//   show: activation steps risk asks       what is told; activation alone by default
//   history: 2025-06-01                    when our history begins; by default with the first event
//   source: product 2                      name and partitions, then maybe: optional, facts (no
//                                          product events), preset=posthog; `product 1` by default
//   largest record: 300                    in bytes
//
//   2026-03-01 09:00  ada@acme  Signed Up  role=admin plan="Big Team"
//   2026-03-01 09:05  ada@acme  identify  email=ada@acme.example
//   2026-03-01 09:05  ada@  page          without an account: it goes by the person
//   2026-03-01 09:06  @acme  group  segment=enterprise
//   2026-03-01 09:07 [crm]  ada@acme  outreach.logged  #id-7
//   2026-03-01 09:00 every 20m until 2026-03-12  ada@acme  Dashboard Viewed
//                                          again and again, last before that time
//   raw {"type":"track"}                   a record as it stands, to the first source
//   clock 2026-03-08                       time goes on and nothing else happens
//   rule pause export_failed               a word of people on a rule: pause, resume, kill, live,
//                                          shadow, off
//   approve @acme risk_high                or reject; a user's: ada@acme
//   erase ada@acme                         the person is erased from the account
//   restart                                the service ends, loses its disk, and comes back
//   end 2026-03-09                         the input ends (files)
//   status ada@acme  currentStep dropoffRisk
//   => ...                                 what follows, and lines that begin with two spaces
//
// A name of a call (identify, group, page, screen, alias) is that call, anything else a track
// call. A value is JSON if it reads as a number, true, false, null, a list or an object, else text;
// `traits.x=` goes to the context's traits, `#id` is the event's id. `[crm/1]` is partition 1.
// What follows is written by `foothold test --rewrite` and read by people. Lines that begin with
// "!!" tell what must never be: no rewriting makes them right.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"

namespace foothold::app {

struct StorySource {
  std::string name;
  std::string preset = "segment";
  std::int32_t partitions = 1;
  bool is_required = true;
  bool is_product = true;
};

struct StoryHeader {
  std::string playbook = "default";
  bool is_live = false;
  bool shows_activation = true;
  bool shows_steps = false;
  bool shows_risk = false;
  bool shows_asks = false;
  std::optional<Instant> history;
  std::vector<StorySource> sources;  // Never empty.
  std::optional<std::int64_t> record_bytes_max;
};

// A user of an account; with an empty user the account.
struct StorySubject {
  std::string user;
  std::string tenant;
};

struct StoryStep {
  enum class Kind : std::uint8_t {
    kText,
    kRecord,
    kClock,
    kRestart,
    kEnd,
    kStatus,
    kRule,
    kApproval,
    kErase
  };
  Kind kind = Kind::kText;
  int line = 0;      // From 1.
  std::string text;  // The line.
  std::optional<Instant> at;
  std::string source;  // kRecord; empty: the first.
  std::int32_t partition = 0;
  std::string record;  // kRecord: its bytes.
  // kRecord: what comes after it in the same line, and when.
  std::vector<std::pair<Instant, std::string>> more;
  StorySubject who;                 // kStatus, kApproval, kErase.
  std::vector<std::string> fields;  // kStatus; empty: all that are known.
  std::string word;                 // kRule: "pause"; kApproval: "approve".
  std::string rule;                 // kRule, kApproval.
};

struct Story {
  StoryHeader header;
  std::vector<StoryStep>
      steps;  // kText for what is kept as it is: comments, the header, blank lines.
};

// kInvalid: "path:7: what is wrong with the line".
Result<Story> ReadStory(const std::string& path, std::string_view text);

}  // namespace foothold::app
