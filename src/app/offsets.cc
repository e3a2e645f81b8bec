#include "src/app/offsets.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/app/group_places.h"
#include "src/base/json.h"

namespace foothold::app {
namespace {

struct OffsetsFlags {
  std::string config;
  std::string stage;
  std::string to;
  std::string topic;
  std::int64_t partition = -1;
  std::string wait = "60s";
  std::string format = "text";
  bool executes = false;
  std::vector<std::string> words;
  LogOptions logging{.level = LogLevel::kWarning};
};

std::string JsonOf(const GroupPlace& place) {
  std::string line;
  JsonWriter json(&line);
  json.BeginObject();
  json.Member("stage", place.stage);
  json.Member("topic", place.source.topic);
  json.Member("partition", std::int64_t{place.source.partition.value});
  if (place.committed.has_value()) {
    json.Member("committed", *place.committed);
  } else {
    json.Null("committed");
  }
  json.Member("begin", place.low);
  json.Member("end", place.end);
  json.Member("lag", place.lag());
  json.EndObject();
  return line;
}

Status Show(const OffsetsFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  FOOTHOLD_ASSIGN(const std::vector<GroupPlace> places,
                  PlacesOf(desk->log(), desk->config(), given.stage));
  if (given.format == "json") {
    for (const GroupPlace& place : places) {
      surroundings.out << JsonOf(place) << '\n';
    }
    return Status();
  }
  std::size_t width = 0;
  for (const GroupPlace& place : places) {
    width = std::max(width, log::ToString(place.source).size());
  }
  surroundings.out << fmt::format("{:<8} {:<{}}  {:>12} {:>12} {:>10}\n", "stage", "reads", width,
                                  "committed", "end", "lag");
  for (const GroupPlace& place : places) {
    surroundings.out << fmt::format(
        "{:<8} {:<{}}  {:>12} {:>12} {:>10}\n", place.stage, log::ToString(place.source), width,
        place.committed.has_value() ? fmt::format("{}", *place.committed) : "-", place.end,
        place.lag());
  }
  if (std::ranges::any_of(places, [](const GroupPlace& place) { return place.lag() == 1; })) {
    surroundings.error << "offsets: a lag of 1 is mostly the marker of the last transaction, which "
                          "is no record\n";
  }
  return Status();
}

std::string Describe(const Reset& reset) {
  const std::int64_t from = reset.place.committed.value_or(reset.place.low);
  std::string text =
      fmt::format("{} from {} to {}: ", log::ToString(reset.place.source),
                  reset.place.committed.has_value() ? fmt::format("{}", from) : "-", reset.to);
  if (reset.to > from) {
    return text + fmt::format("up to {} records are never read\n", reset.to - from);
  }
  return text + (reset.to == from ? std::string("stays\n")
                                  : fmt::format("up to {} records are read again; what is known "
                                                "already changes nothing\n",
                                                from - reset.to));
}

Status ResetIntake(const OffsetsFlags& given, const ResetTarget& target, milliseconds patience,
                   ControlDesk* desk, const Surroundings& surroundings) {
  FOOTHOLD_ASSIGN(const std::vector<Reset> resets,
                  PlanReset(desk->log(), desk->config(), target, given.topic, given.partition));
  for (const Reset& reset : resets) {
    surroundings.out << Describe(reset);
  }
  if (!given.executes) {
    surroundings.out << "nothing was written; --execute does, while no instance runs\n";
    return Status();
  }
  surroundings.out.flush();
  FOOTHOLD_TRY(CommitReset(desk->log(), desk->config(), resets, patience));
  surroundings.out << "committed; intake begins there at the next start\n";
  return Status();
}

}  // namespace

int RunOffsets(std::span<const std::string> arguments, const Surroundings& surroundings) {
  OffsetsFlags given;
  Flags flags("offsets",
              "How far each stage has read: show, reset. Asks the broker, whether instances run or "
              "not; reset is for intake, and while none runs.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml of the system");
  flags.AddChoice("--stage", &given.stage, {"", "intake", "people", "journey"},
                  "show: only this stage");
  flags.AddText("--to", &given.to, "reset: earliest, latest, a time, or an offset");
  flags.AddText("--topic", &given.topic, "reset: only this source topic");
  flags.AddNumber("--partition", &given.partition, -1, 1'000'000,
                  "reset: only this partition; -1: all");
  flags.AddText("--wait", &given.wait, "reset: how long to wait for members to be gone");
  flags.AddChoice("-o,--output", &given.format, {"text", "json"}, "show: a table or JSON lines");
  flags.AddSwitch("--execute", &given.executes, "reset: commit it; without this it is planned");
  flags.AddLogging(&given.logging);
  flags.AddPositionals("WORD", &given.words, 1, "show or reset");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  const bool shows = given.words.front() == "show";
  if (given.words.size() != 1 || (!shows && given.words.front() != "reset")) {
    return Refuse("offsets", Status(Code::kInvalid, "there are: show, reset --to WHERE"),
                  surroundings);
  }
  const std::optional<ResetTarget> target = ResetTargetOf(given.to);
  const std::optional<milliseconds> patience = ParseDuration(given.wait);
  if (!shows && !target.has_value()) {
    return Refuse("offsets",
                  Status(Code::kInvalid,
                         "--to takes earliest, latest, a time such as "
                         "2026-03-01T00:00:00Z, or an offset"),
                  surroundings);
  }
  if (!patience.has_value()) {
    return Refuse("offsets", Status(Code::kInvalid, "--wait takes a duration such as 60s"),
                  surroundings);
  }
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  const Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(given.config, &logger);
  if (!desk.has_value()) {
    return Refuse("offsets", desk.error(), surroundings);
  }
  const Status done = shows ? Show(given, desk->get(), surroundings)
                            : ResetIntake(given, *target, *patience, desk->get(), surroundings);
  return done.ok() ? kExitOk : Refuse("offsets", done, surroundings);
}

}  // namespace foothold::app
