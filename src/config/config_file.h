#pragma once

#include <string>
#include <string_view>

#include "src/base/status.h"
#include "src/config/config.h"
#include "src/config/problems.h"

namespace foothold::config {

// Reads foothold.yaml. `file` is its name in messages, and its directory is where a relative
// `playbook:` starts. Every key is checked; absent ones have the defaults of Config. An empty file
// is a Config of defaults: what `run` needs beyond that is CheckRunnable()'s.
Checked<Config> ReadConfig(std::string_view text, std::string_view file);

// Reads it from the file. A file that cannot be read is a problem of line 0.
Checked<Config> LoadConfig(const std::string& path);

// What the service cannot start without: brokers and at least one source. kInvalid names the key.
Status CheckRunnable(const Config& config);

// The configuration in effect, as YAML that ReadConfig() takes; the value of every secret is "***".
std::string Describe(const Config& config);

// True for the librdkafka properties whose values are never printed.
bool IsSecretProperty(std::string_view name);

}  // namespace foothold::config
