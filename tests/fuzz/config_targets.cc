// YAML that people write.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "src/codec/state.h"
#include "src/config/config_file.h"
#include "src/config/playbook_file.h"
#include "src/intake/mapping.h"
#include "tests/fuzz/targets.h"

namespace foothold::fuzz {
namespace {

std::string CheckProblems(const std::vector<config::Problem>& problems) {
  if (problems.empty()) {
    return "refused without a word why";
  }
  for (const config::Problem& problem : problems) {
    if (problem.what.empty() || problem.line < 0) {
      return "a problem without a word, or in no line";
    }
  }
  return "";
}

// What `foothold config` shows of a configuration.
config::Config WithoutSecrets(config::Config config) {
  for (auto& [name, value] : config.kafka) {
    if (config::IsSecretProperty(name)) {
      value = "***";
    }
  }
  if (!config.email_salt.empty()) {
    config.email_salt = "***";
  }
  return config;
}

}  // namespace

std::string PlaybookText(std::string_view text) {
  const config::Checked<config::CompiledPlaybook> compiled =
      config::ReadPlaybook(text, "playbook.yaml");
  if (!compiled.has_value()) {
    return CheckProblems(compiled.error());
  }
  const std::string bytes = codec::EncodePlaybook(compiled->playbook);
  const Result<journey::Playbook> read = codec::DecodePlaybook(bytes);
  if (!read.has_value()) {
    return "a playbook that was checked cannot be published: " + read.error().message();
  }
  return codec::EncodePlaybook(*read) == bytes ? "" : "a playbook is another once it is published";
}

std::string ConfigText(std::string_view text) {
  const config::Checked<config::Config> read = config::ReadConfig(text, "foothold.yaml");
  if (!read.has_value()) {
    return CheckProblems(read.error());
  }
  for (const config::Source& source : read->sources) {
    const auto mapping = intake::MakeMapping(source.preset, source.mapping);
    if (!mapping.has_value()) {
      return "a mapping that was checked cannot be made: " + mapping.error().message();
    }
  }
  const std::string shown = config::Describe(*read);
  const config::Checked<config::Config> again = config::ReadConfig(shown, "foothold.yaml");
  if (!again.has_value()) {
    return "what is shown of it cannot be read: " + config::ToString(again.error());
  }
  return *again == WithoutSecrets(*read) ? "" : "what is shown of it is another configuration";
}

}  // namespace foothold::fuzz
