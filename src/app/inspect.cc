#include "src/app/inspect.h"

#include <optional>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "src/app/flags.h"
#include "src/app/settings.h"
#include "src/config/config_file.h"
#include "src/config/playbook_file.h"

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

// Checks one playbook and says so. True if it holds.
bool Validate(const std::string& path, const Surroundings& surroundings) {
  const config::Checked<config::CompiledPlaybook> compiled = config::LoadPlaybook(path);
  if (!compiled.has_value()) {
    surroundings.error << config::ToString(compiled.error()) << '\n';
    return false;
  }
  for (const config::Problem& warning : compiled->warnings) {
    surroundings.error << "warning: " << config::ToString(warning) << '\n';
  }
  surroundings.out << path << ": " << Summary(compiled->playbook) << '\n';
  return true;
}

}  // namespace

int RunValidate(std::span<const std::string> arguments, const Surroundings& surroundings) {
  std::string config_path;
  std::vector<std::string> playbooks;
  Flags flags("validate", "Checks playbooks and foothold.yaml; says file, line and remedy.");
  flags.AddText("-c,--config", &config_path, "foothold.yaml to check, with the playbook it names");
  flags.AddPositionals("PLAYBOOK", &playbooks, 0, "Playbook files to check");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  if (config_path.empty() && playbooks.empty()) {
    surroundings.error << "validate: which PLAYBOOK, or which --config?\n";
    return kExitConfig;
  }
  bool is_well = true;
  if (!config_path.empty()) {
    const Result<config::Config> config = LoadConfig(config_path);
    if (!config.has_value()) {
      surroundings.error << config.error().message() << '\n';
      is_well = false;
    } else {
      surroundings.out << config_path << ": " << config->app << ", " << config->sources.size()
                       << " sources\n";
      if (!config->playbook.empty()) {
        playbooks.push_back(config->playbook);
      }
    }
  }
  for (const std::string& path : playbooks) {
    is_well = Validate(path, surroundings) && is_well;
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
