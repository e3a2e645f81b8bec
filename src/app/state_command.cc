#include "src/app/state_command.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/app/state_json.h"
#include "src/app/state_reader.h"
#include "src/base/hash.h"
#include "src/base/text.h"
#include "state/schema.h"

namespace foothold::app {
namespace {

struct StateFlags {
  std::string config;
  bool is_of_people = false;
  bool is_of_store = false;
  std::int64_t partition = -1;
  std::string format = "text";
  std::vector<std::string> words;
  LogOptions logging{.level = LogLevel::kWarning};

  const std::string& verb() const { return words.front(); }
};

Status Read(const StateFlags& given, ControlDesk* desk, const StateChoice& choice,
            const TakeState& take) {
  return given.is_of_store ? ReadStores(desk->config(), choice, take)
                           : ReadChangelog(desk->log(), desk->config(), choice, take);
}

StateChoice ChoiceOf(const StateFlags& given) {
  StateChoice choice{.is_of_people = given.is_of_people};
  if (given.partition >= 0) {
    choice.partition = static_cast<std::int32_t>(given.partition);
  }
  return choice;
}

Status Get(const StateFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  const std::string& tenant = given.words[1];
  const std::string user = given.words.size() > 2 ? given.words[2] : std::string();
  StateChoice choice = ChoiceOf(given);
  const std::int32_t partitions =
      given.is_of_people ? desk->config().people.partitions : desk->config().journal.partitions;
  choice.partition = PartitionOfKey(tenant, partitions);
  if (given.is_of_people) {  // It knows of persons, not of accounts.
    choice.prefix = state::PersonKey(tenant);
  } else {
    choice.prefix = user.empty() ? state::AccountKey(tenant) : state::UserKey(tenant, user);
  }
  std::string line;
  FOOTHOLD_TRY(Read(given, desk, choice,
                    [&](std::int32_t partition, std::string_view key, std::string_view value) {
                      return AppendStateLine(partition, key, value, &line);
                    }));
  if (line.empty()) {
    return Error(
        Code::kInvalid,
        fmt::format("nothing is known of {}{}{}: `foothold state scan` lists whom there is", tenant,
                    user.empty() ? "" : " ", user));
  }
  surroundings.out << line;
  return Status();
}

// Users and accounts, or persons; with a tenant its own alone.
Status Scan(const StateFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  const std::string tenant = given.words.size() > 1 ? given.words[1] : std::string();
  return Read(given, desk, ChoiceOf(given),
              [&](std::int32_t partition, std::string_view key, std::string_view value) -> Status {
                FOOTHOLD_ASSIGN(const state::ParsedKey parsed, state::ParseKey(key));
                const bool is_subject = parsed.kind == state::KeyKind::kUser ||
                                        parsed.kind == state::KeyKind::kAccount ||
                                        parsed.kind == state::KeyKind::kPerson;
                if (!is_subject || (!tenant.empty() && parsed.tenant != tenant)) {
                  return Status();
                }
                if (given.format == "json") {
                  std::string line;
                  FOOTHOLD_TRY(AppendStateLine(partition, key, value, &line));
                  surroundings.out << line;
                  return Status();
                }
                FOOTHOLD_ASSIGN(const state::ParsedValue read, state::ParseValue(value));
                surroundings.out << fmt::format(
                    "{:>3}  {}{}{}  {} B{}\n", partition, parsed.tenant,
                    parsed.tenant.empty() || parsed.id.empty() ? "" : "/", parsed.id, value.size(),
                    read.due.has_value() ? "  due " + FormatRfc3339(*read.due) : "");
                return Status();
              });
}

Status Export(const StateFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  return Read(given, desk, ChoiceOf(given),
              [&](std::int32_t partition, std::string_view key, std::string_view value) {
                std::string line;
                const Status status = AppendStateLine(partition, key, value, &line);
                surroundings.out << line;
                return status;
              });
}

Status Verify(const StateFlags& given, ControlDesk* desk, const Surroundings& surroundings) {
  FOOTHOLD_ASSIGN(const std::vector<StoreComparison> comparisons,
                  CompareStores(desk->log(), desk->config(), ChoiceOf(given)));
  std::int64_t differ = 0;
  for (const StoreComparison& comparison : comparisons) {
    surroundings.out << fmt::format(
        "partition {}: {} keys as in the changelog, {} behind it, {} that differ\n",
        comparison.partition, comparison.equal, comparison.behind, comparison.differ);
    for (const std::string& key : comparison.differs) {
      surroundings.out << "  differs: " << key << '\n';
    }
    differ += comparison.differ;
  }
  return differ == 0 ? Status()
                     : Status(Code::kCorrupt,
                              fmt::format("{} keys differ: remove the partition's folder, and the "
                                          "next start restores it from the changelog",
                                          differ));
}

Status CheckWords(const StateFlags& given) {
  const std::vector<std::string> verbs{"get", "scan", "export", "verify"};
  const std::string& verb = given.verb();
  const std::size_t more = given.words.size() - 1;
  if (std::ranges::find(verbs, verb) == verbs.end()) {
    const std::string_view nearest = NearestWord(verb, verbs);
    return Error(
        Code::kInvalid,
        fmt::format("no '{}'{}; there are get TENANT [USER], scan [TENANT], export, verify", verb,
                    nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  if (verb == "get" && given.is_of_people && more != 1) {
    return Error(Code::kInvalid, "get --people whom? One USER: persons have no tenant there");
  }
  if (verb == "get" && (more < 1 || more > 2)) {
    return Error(Code::kInvalid, "get whom? TENANT, or TENANT USER");
  }
  if ((verb == "scan" && more > 1) || ((verb == "export" || verb == "verify") && more > 0)) {
    return Error(Code::kInvalid, fmt::format("{} takes no '{}'", verb, given.words.back()));
  }
  return Status();
}

}  // namespace

int RunState(std::span<const std::string> arguments, const Surroundings& surroundings) {
  StateFlags given;
  Flags flags("state",
              "What a system knows: get TENANT [USER], scan [TENANT], export, verify. Reads the "
              "changelog, whether instances run or not; verify and --store read the stores of a "
              "stopped instance.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml of the system");
  flags.AddSwitch("--store", &given.is_of_store, "Read the stores in state.dir, not the changelog");
  flags.AddSwitch("--people", &given.is_of_people, "The people stage's: who belongs where");
  flags.AddNumber("--partition", &given.partition, -1, 1'000'000, "Only this one; -1: all");
  flags.AddChoice("-o,--output", &given.format, {"text", "json"}, "scan: lines or JSON lines");
  flags.AddLogging(&given.logging);
  flags.AddPositionals("WORD", &given.words, 1, "get, scan, export, verify, and whom");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  if (const Status status = CheckWords(given); !status.ok()) {
    return Refuse("state", status, surroundings);
  }
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  const Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(given.config, &logger);
  if (!desk.has_value()) {
    return Refuse("state", desk.error(), surroundings);
  }
  Status done;
  if (given.verb() == "get") {
    done = Get(given, desk->get(), surroundings);
  } else if (given.verb() == "scan") {
    done = Scan(given, desk->get(), surroundings);
  } else if (given.verb() == "export") {
    done = Export(given, desk->get(), surroundings);
  } else {
    done = Verify(given, desk->get(), surroundings);
  }
  return done.ok() ? kExitOk : Refuse("state", done, surroundings);
}

}  // namespace foothold::app
