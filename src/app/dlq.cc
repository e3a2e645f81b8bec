#include "src/app/dlq.h"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/control_desk.h"
#include "src/app/dead_letters.h"
#include "src/app/flags.h"
#include "src/app/output_line.h"
#include "src/app/requeue.h"
#include "src/app/topic_reader.h"
#include "src/base/json.h"
#include "src/base/text.h"
#include "src/intake/outcome.h"

namespace foothold::app {
namespace {

struct DlqFlags {
  std::string config;
  LetterChoice choice;
  std::int64_t count = 100;
  std::string format = "text";
  bool executes = false;
  std::vector<std::string> words;
  LogOptions logging{.level = LogLevel::kWarning};
};

std::string JsonOf(const Letter& letter, bool is_requeued) {
  std::string line;
  JsonWriter json(&line);
  json.BeginObject();
  json.Member("place", ToString(letter.place));
  json.Member("at", FormatRfc3339(letter.at));
  json.Member("reason", letter.reason);
  json.Member("detail", letter.detail);
  json.Member("topic", letter.topic);
  json.Member("partition", std::int64_t{letter.source_partition});
  json.Member("offset", letter.source_offset);
  json.Member("bytes",
              static_cast<std::int64_t>(letter.value.has_value() ? letter.value->size() : 0));
  json.Member("cut", letter.is_cut);
  json.Member("requeued", is_requeued);
  json.EndObject();
  return line;
}

std::string TextOf(const Letter& letter, bool is_requeued) {
  std::string line;  // The detail may quote the record.
  AppendOnOneLine(
      fmt::format("{:<10}  {}  {:<18}  {}[{}]@{}  {} B  {}{}{}", ToString(letter.place),
                  FormatRfc3339(letter.at), letter.reason, letter.topic, letter.source_partition,
                  letter.source_offset, letter.value.has_value() ? letter.value->size() : 0,
                  letter.detail, letter.is_cut ? " (cut)" : "", is_requeued ? " (requeued)" : ""),
      &line);
  return line;
}

Status List(const DlqFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  const std::string& topic = desk->config().outputs.dead_letter;
  FOOTHOLD_ASSIGN(const std::set<LetterPlace> requeued, ReadRequeued(desk->log(), topic));
  std::map<std::string, std::int64_t> by_reason;
  std::int64_t count = 0;
  std::int64_t requeued_count = 0;
  std::multimap<Instant, std::string> newest;  // The last `given.count` of them.
  FOOTHOLD_TRY(ReadLetters(desk->log(), topic, [&](const Letter& letter) -> Status {
    if (!IsChosen(given.choice, letter)) {
      return Status();
    }
    const bool is_requeued = requeued.contains(letter.place);
    ++count;
    ++by_reason[letter.reason];
    requeued_count += is_requeued ? 1 : 0;
    newest.emplace(letter.at, given.format == "json" ? JsonOf(letter, is_requeued)
                                                     : TextOf(letter, is_requeued));
    if (newest.size() > static_cast<std::size_t>(given.count)) {
      newest.erase(newest.begin());
    }
    return Status();
  }));
  for (const auto& [at, line] : newest) {
    surroundings.out << line << '\n';
  }
  if (given.format == "json") {
    return Status();
  }
  std::vector<std::string> reasons;
  for (const auto& [reason, of_it] : by_reason) {
    reasons.push_back(fmt::format("{} {}", of_it, reason));
  }
  surroundings.out << fmt::format("{} dead letters in {}{}{}, {} requeued", count, topic,
                                  reasons.empty() ? "" : ": ", fmt::join(reasons, ", "),
                                  requeued_count);
  if (static_cast<std::int64_t>(newest.size()) < count) {
    surroundings.out << fmt::format("; the newest {} are listed, -n lists more", newest.size());
  }
  surroundings.out << '\n';
  return Status();
}

// The record as it lies in the topic, as `replay` prints it.
Status Show(const DlqFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  const LetterPlace& place = *given.choice.places.begin();
  const std::string& topic = desk->config().outputs.dead_letter;
  FOOTHOLD_ASSIGN(std::vector<Stretch> stretches, StretchesOf(desk->log(), topic));
  std::erase_if(stretches, [&](const Stretch& stretch) {
    return stretch.source.partition.value != place.partition;
  });
  bool is_found = false;
  for (Stretch& stretch : stretches) {
    stretch.from = std::max(stretch.from, place.offset);
    stretch.until = std::min(stretch.until, place.offset + 1);
  }
  FOOTHOLD_TRY(ReadStretches(desk->log(), stretches, [&](const log::RecordView& record) {
    std::string line;
    AppendOutputLine(record, true, &line);
    surroundings.out << line;
    is_found = true;
    return Result<bool>(false);
  }));
  return is_found ? Status()
                  : Status(Code::kInvalid, fmt::format("{} has no letter at {}: `foothold dlq "
                                                       "list` shows where there are",
                                                       topic, ToString(place)));
}

Status RequeueChosen(const DlqFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  Result<RequeuePlan> plan = given.executes
                                 ? Requeue(desk->log(), desk->config(), given.choice)
                                 : PlanRequeue(desk->log(), desk->config(), given.choice);
  FOOTHOLD_TRY(StatusOf(plan));
  for (const auto& [topic, count] : plan->by_topic) {
    surroundings.out << fmt::format(
        "{} {} to {}, each to its partition\n",
        given.executes ? "written back:" : "would be written back:", count, topic);
  }
  for (const auto& [why, count] : plan->left_out) {
    surroundings.out << fmt::format("  left out: {}, {}\n", count, why);
  }
  if (plan->places.empty()) {
    surroundings.out << "nothing is to be written\n";
  } else if (!given.executes) {
    surroundings.out << "nothing was written; --execute does\n";
  }
  return Status();
}

// A reason that is none has no letters, which reads like good news.
Status CheckReason(const std::string& reason) {
  std::vector<std::string> known;
  for (int i = 0; i < intake::kRejectReasonCount; ++i) {
    known.emplace_back(intake::RejectReasonName(static_cast<intake::RejectReason>(i)));
  }
  if (reason.empty() || std::ranges::find(known, reason) != known.end()) {
    return Status();
  }
  const std::string_view nearest = NearestWord(reason, known);
  return Error(Code::kInvalid,
               fmt::format("--reason {} is none{}; there are {}", reason,
                           nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest),
                           fmt::join(known, ", ")));
}

Status CheckWords(DlqFlags* given) {
  FOOTHOLD_TRY(CheckReason(given->choice.reason));
  const std::string& verb = given->words.front();
  const std::vector<std::string> verbs{"list", "show", "requeue"};
  if (std::ranges::find(verbs, verb) == verbs.end()) {
    const std::string_view nearest = NearestWord(verb, verbs);
    return Error(Code::kInvalid,
                 fmt::format("no '{}'{}; there are list, show PLACE, requeue [PLACE...]", verb,
                             nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  for (std::size_t i = 1; i < given->words.size(); ++i) {
    const std::optional<LetterPlace> place = PlaceOf(given->words[i]);
    if (!place.has_value()) {
      return Error(Code::kInvalid,
                   fmt::format("'{}' is no place; one is PARTITION:OFFSET, as `dlq list` shows it",
                               given->words[i]));
    }
    given->choice.places.insert(*place);
  }
  if (verb == "show" && given->words.size() != 2) {
    return Error(Code::kInvalid, "show which PLACE? One, as `dlq list` shows it");
  }
  return Status();
}

}  // namespace

int RunDlq(std::span<const std::string> arguments, const Surroundings& surroundings) {
  DlqFlags given;
  Flags flags("dlq",
              "The dead letter of a system: list, show PLACE, requeue [PLACE...]. Reads its topic, "
              "whether instances run or not.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml of the system");
  flags.AddText("--reason", &given.choice.reason, "Only letters of this reason: unparseable, ...");
  flags.AddText("--topic", &given.choice.topic, "Only letters that came from this topic");
  flags.AddNumber("-n,--count", &given.count, 1, 1'000'000, "list: the newest so many");
  flags.AddChoice("-o,--output", &given.format, {"text", "json"}, "list: lines for people or JSON");
  flags.AddSwitch("--execute", &given.executes,
                  "requeue: write them back; without this it is only planned");
  flags.AddLogging(&given.logging);
  flags.AddPositionals("WORD", &given.words, 1, "list, show, requeue; then PARTITION:OFFSET");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  if (const Status status = CheckWords(&given); !status.ok()) {
    return Refuse("dlq", status, surroundings);
  }
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  const Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(given.config, &logger);
  if (!desk.has_value()) {
    return Refuse("dlq", desk.error(), surroundings);
  }
  const std::string& verb = given.words.front();
  Status done;
  if (verb == "list") {
    done = List(given, desk->get(), surroundings);
  } else if (verb == "show") {
    done = Show(given, desk->get(), surroundings);
  } else {
    done = RequeueChosen(given, desk->get(), surroundings);
  }
  return done.ok() ? kExitOk : Refuse("dlq", done, surroundings);
}

}  // namespace foothold::app
