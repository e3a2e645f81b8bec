#pragma once

// Reading what commands are configured by, with problems as one message.

#include <map>
#include <string>
#include <vector>

#include "src/base/logging.h"
#include "src/base/status.h"
#include "src/config/config.h"
#include "src/journey/playbook.h"

namespace foothold::app {

// kInvalid holds every problem of the file, a line each.
Result<config::Config> LoadConfig(const std::string& path);

// The playbook of the file, or the default one if `path` is empty. Warnings are logged.
Result<journey::Playbook> LoadPlaybook(const std::string& path, const Logger& logger);

// Adds "field=path" and "field=const:value" to a source's mapping. kInvalid: one is not of that
// form.
Status AddOverrides(const std::vector<std::string>& overrides,
                    std::map<std::string, std::string>* mapping);

}  // namespace foothold::app
