#include "src/app/inspect.h"

#include <optional>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "src/app/flags.h"
#include "src/app/kafka_client.h"
#include "src/app/rerun.h"
#include "src/app/seen_events.h"
#include "src/app/settings.h"
#include "src/config/config_file.h"
#include "src/config/playbook_file.h"
#include "src/journey/definition.h"

namespace foothold::app {
namespace {

std::string Summary(const journey::Playbook& playbook) {
  std::size_t contacts = 0;
  for (const journey::Role& role : playbook.roles) {
    contacts += role.is_contact ? 1 : 0;
  }
  return fmt::format("{}@{}: {} roles, {} contacts, {} models; the journal must keep {}",
                     playbook.name, playbook.version, playbook.roles.size() - contacts, contacts,
                     playbook.models.size(), FormatDuration(config::RetentionNeeded(playbook)));
}

struct ValidateFlags {
  std::string config;
  std::vector<std::string> playbooks;
  RerunFlags seen_in;  // Its files: where events are looked for.
};

// Says which events of the playbook were never seen, each at its first place in the author's file.
void SayUnseen(const std::string& path, const config::CompiledPlaybook& compiled,
               const SeenEvents& seen, const Surroundings& surroundings) {
  const journey::Definition definition(compiled.playbook);
  const UnseenEvents unseen = FindUnseen(path, compiled.mentions, definition, seen);
  for (const config::Problem& problem : unseen.problems) {
    surroundings.error << "warning: " << config::ToString(problem) << '\n';
  }
  surroundings.out << DescribeSeen(definition, compiled.mentions, seen, unseen);
}

// Checks one playbook and says so. True if it holds.
bool Validate(const std::string& path, const SeenEvents* seen, const Surroundings& surroundings) {
  const config::Checked<config::CompiledPlaybook> compiled = config::LoadPlaybook(path);
  if (!compiled.has_value()) {
    surroundings.error << config::ToString(compiled.error()) << '\n';
    return false;
  }
  for (const config::Problem& warning : compiled->warnings) {
    surroundings.error << "warning: " << config::ToString(warning) << '\n';
  }
  surroundings.out << path << ": " << Summary(compiled->playbook) << '\n';
  if (seen != nullptr) {
    SayUnseen(path, *compiled, *seen, surroundings);
  }
  return true;
}

}  // namespace

int RunValidate(std::span<const std::string> arguments, const Surroundings& surroundings) {
  ValidateFlags given;
  Flags flags("validate", "Checks playbooks and foothold.yaml; says file, line and remedy.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml to check, with the playbook it names");
  flags.AddTexts("--seen-in", &given.seen_in.files,
                 "Events, one JSON record a line: warn of those the playbook names and that are "
                 "never seen");
  flags.AddText("--mapping", &given.seen_in.mapping,
                "Preset of those records: segment, rudderstack, posthog, mixpanel, foothold");
  flags.AddTexts("--set", &given.seen_in.overrides, "Override of one of their fields");
  flags.AddPositionals("PLAYBOOK", &given.playbooks, 0, "Playbook files to check");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  if (given.config.empty() && given.playbooks.empty()) {
    surroundings.error << "validate: which PLAYBOOK, or which --config?\n";
    return kExitConfig;
  }
  bool is_well = true;
  if (!given.config.empty()) {
    const Result<config::Config> config = LoadConfig(given.config);
    if (!config.has_value()) {
      surroundings.error << config.error().message() << '\n';
      is_well = false;
    } else if (const Status kafka = CheckKafka(*config); !kafka.ok()) {
      surroundings.error << given.config << ": " << kafka.message() << '\n';
      is_well = false;
    } else {
      surroundings.out << given.config << ": " << config->app << ", " << config->sources.size()
                       << (config->sources.size() == 1 ? " source\n" : " sources\n");
      if (!config->playbook.empty()) {
        given.playbooks.push_back(config->playbook);
      }
      given.seen_in.config = given.config;
    }
  }
  std::optional<SeenEvents> seen;
  if (!given.seen_in.files.empty()) {
    Result<SeenEvents> counted = CountEvents(given.seen_in);
    if (!counted.has_value()) {
      surroundings.error << counted.error().message() << '\n';
      return counted.error().code() == Code::kInvalid ? kExitConfig : kExitFailure;
    }
    seen = std::move(*counted);
  }
  for (const std::string& path : given.playbooks) {
    is_well = Validate(path, seen.has_value() ? &*seen : nullptr, surroundings) && is_well;
  }
  return is_well ? kExitOk : kExitConfig;
}

int RunConfig(std::span<const std::string> arguments, const Surroundings& surroundings) {
  std::string config_path;
  Flags flags("config", "Prints the configuration in effect, defaults included, secrets as ***.");
  flags.AddText("-c,--config", &config_path, "foothold.yaml; without it the defaults");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  config::Config config;
  if (!config_path.empty()) {
    Result<config::Config> loaded = LoadConfig(config_path);
    if (!loaded.has_value()) {
      surroundings.error << loaded.error().message() << '\n';
      return kExitConfig;
    }
    config = std::move(*loaded);
  }
  surroundings.out << config::Describe(config);
  return kExitOk;
}

}  // namespace foothold::app
