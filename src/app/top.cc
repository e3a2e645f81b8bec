#include "src/app/top.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/app/group_places.h"
#include "src/app/settings.h"
#include "src/app/signals.h"
#include "src/app/terminal.h"
#include "src/app/top_sample.h"
#include "src/base/json.h"
#include "src/http/client.h"
#include "src/stream/options.h"

namespace foothold::app {
namespace {

constexpr milliseconds kAnswerWithin{5'000};
constexpr milliseconds kLookAtStop{100};

struct TopFlags {
  std::string config;
  std::vector<std::string> instances;
  std::string every = "2s";
  std::int64_t count = 0;
  std::string format = "text";
  LogOptions logging{.level = LogLevel::kWarning};
};

// What the groups say of a system of which no instance answers.
Result<std::vector<std::string>> LinesOfGroups(const TopFlags& given, ControlDesk* desk) {
  FOOTHOLD_ASSIGN(const std::vector<GroupPlace> places, PlacesOf(desk->log(), desk->config(), ""));
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> stages;  // Partitions, lag.
  for (const GroupPlace& place : places) {
    ++stages[place.stage].first;
    stages[place.stage].second += place.lag();
  }
  std::vector<std::string> lines;
  if (given.format == "text") {
    lines.emplace_back(
        "no instance answers; so far the groups have come (the lag counts the marker of a "
        "partition's last transaction):");
  }
  for (const auto& [stage, of_it] : stages) {
    if (given.format == "text") {
      lines.push_back(fmt::format("  {:<8} {:>3} partitions  lag {} records", stage, of_it.first,
                                  of_it.second));
      continue;
    }
    std::string line;
    JsonWriter json(&line);
    json.BeginObject();
    json.Null("instance");
    json.Member("stage", stage);
    json.Member("partitions", of_it.first);
    json.Member("lagRecords", of_it.second);
    json.EndObject();
    lines.push_back(std::move(line));
  }
  return lines;
}

// Not thread-safe.
class Watch {
 public:
  Watch(TopFlags given, ControlDesk* desk) : given_(std::move(given)), desk_(desk) {}

  // One look at all of them. `desk` is null: nobody but the instances can be asked.
  Result<std::vector<std::string>> Look() {
    std::vector<std::string> lines;
    bool has_answer = false;
    for (const std::string& address : given_.instances) {
      const Result<http::HttpResponse> answer = http::Get(address, "/metrics", kAnswerWithin);
      if (!answer.has_value() && answer.error().code() == Code::kInvalid) {
        return Failure(answer.error());
      }
      if (!answer.has_value() || answer->status != 200) {
        if (given_.format == "text") {
          lines.push_back(answer.has_value()
                              ? fmt::format("{}  answers {}", address, answer->status)
                              : answer.error().message());
        }
        before_.erase(address);
        continue;
      }
      has_answer = true;
      InstanceSample sample = SampleOf(answer->body, clock_.Now());
      const auto known = before_.find(address);
      const std::optional<InstanceSample> before =
          known == before_.end() ? std::nullopt : std::optional(known->second);
      if (given_.format == "json") {
        lines.push_back(JsonOf(address, sample, before));
      } else {
        std::ranges::move(Describe(address, sample, before), std::back_inserter(lines));
      }
      before_.insert_or_assign(address, std::move(sample));
    }
    if (!has_answer && desk_ != nullptr) {
      FOOTHOLD_ASSIGN(std::vector<std::string> of_groups, LinesOfGroups(given_, desk_));
      std::ranges::move(of_groups, std::back_inserter(lines));
    }
    return lines;
  }

 private:
  TopFlags given_;
  ControlDesk* desk_;
  SystemWallClock clock_;
  std::map<std::string, InstanceSample> before_;  // By address.
};

Status Run(const TopFlags& given, milliseconds every, ControlDesk* desk,
           const std::stop_token& stop, const Surroundings& surroundings) {
  Watch watch(given, desk);
  std::unique_ptr<Terminal> terminal;
  if (surroundings.out_is_terminal && given.format == "text" && given.count == 0 &&
      Terminal::CanBeRedrawn()) {
    terminal = std::make_unique<Terminal>(&surroundings.out);
  }
  const SystemWallClock clock;
  for (std::int64_t round = 1; !stop.stop_requested() && surroundings.out.good(); ++round) {
    const Instant next = clock.Now() + every;
    FOOTHOLD_ASSIGN(const std::vector<std::string> lines, watch.Look());
    if (terminal != nullptr) {
      terminal->Show(lines);
    } else {
      for (const std::string& line : lines) {
        surroundings.out << line << '\n';
      }
      surroundings.out.flush();
    }
    if (round == given.count) {
      return Status();
    }
    while (!stop.stop_requested() && clock.Now() < next) {
      stream::Sleep(kLookAtStop);
    }
  }
  return Status();
}

}  // namespace

int RunTop(std::span<const std::string> arguments, const Surroundings& surroundings) {
  TopFlags given;
  Flags flags("top",
              "Workers, partitions, lag and clock of instances, again and again. Asks their "
              "/metrics; if none answers, the broker how far the groups are.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml of the system");
  flags.AddTexts("--instance", &given.instances,
                 "host:port of an instance's HTTP; several times. Without it that of --config");
  flags.AddText("--every", &given.every, "How often");
  flags.AddNumber("-n,--count", &given.count, 0, 1'000'000'000, "End after so many; 0: never");
  flags.AddChoice("-o,--output", &given.format, {"text", "json"}, "Lines for people or JSON lines");
  flags.AddLogging(&given.logging);
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  const std::optional<milliseconds> every = ParseDuration(given.every);
  if (!every.has_value() || *every < milliseconds{100}) {
    return Refuse("top", Status(Code::kInvalid, "--every takes a duration from 100ms on"),
                  surroundings);
  }
  if (given.config.empty() && given.instances.empty()) {
    return Refuse("top", Status(Code::kInvalid, "of what? --instance host:port, or --config FILE"),
                  surroundings);
  }
  const StopOnSignal signals;
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  std::unique_ptr<ControlDesk> desk;
  if (!given.config.empty()) {
    Result<std::unique_ptr<ControlDesk>> opened = ControlDesk::Open(given.config, &logger);
    if (!opened.has_value()) {
      return Refuse("top", opened.error(), surroundings);
    }
    desk = std::move(*opened);
    if (given.instances.empty()) {
      given.instances.push_back(desk->config().http_listen);
    }
  }
  const Status done = Run(given, *every, desk.get(), signals.token(), surroundings);
  return done.ok() ? kExitOk : Refuse("top", done, surroundings);
}

}  // namespace foothold::app
