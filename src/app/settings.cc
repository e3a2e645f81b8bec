#include "src/app/settings.h"

#include <utility>

#include "src/config/config_file.h"
#include "src/config/playbook_file.h"
#include "src/config/problems.h"

namespace foothold::app {

Result<config::Config> LoadConfig(const std::string& path) {
  config::Checked<config::Config> config = config::LoadConfig(path);
  if (!config.has_value()) {
    return Error(Code::kInvalid, config::ToString(config.error()));
  }
  return std::move(*config);
}

Result<journey::Playbook> LoadPlaybook(const std::string& path, const Logger& logger) {
  if (path.empty()) {
    return config::DefaultPlaybook();
  }
  config::Checked<config::CompiledPlaybook> compiled = config::LoadPlaybook(path);
  if (!compiled.has_value()) {
    return Error(Code::kInvalid, config::ToString(compiled.error()));
  }
  for (const config::Problem& warning : compiled->warnings) {
    logger.Warning(config::ToString(warning));
  }
  return std::move(compiled->playbook);
}

Status AddOverrides(const std::vector<std::string>& overrides,
                    std::map<std::string, std::string>* mapping) {
  for (const std::string& text : overrides) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      return Error(Code::kInvalid,
                   "--set takes field=path or field=const:value, such as tenant=const:acme, not '" +
                       text + "'");
    }
    (*mapping)[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return {};
}

}  // namespace foothold::app
