#include "tests/formats/stored.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <tuple>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/text.h"
#include "src/config/playbook_file.h"
#include "tests/formats/describe.h"

namespace foothold::formats {
namespace {

namespace fs = std::filesystem;

bool IsText(const fs::path& path) { return path.extension() == ".txt"; }

}  // namespace

std::string FolderOfFormats() { return FOOTHOLD_SOURCE_DIR "/tests/formats/"; }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteFile(const std::string& path, std::string_view bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file << bytes;
  FOOTHOLD_CHECK(file.good(), "a file cannot be written");
}

std::string PathOfSample(std::string_view format, int version, std::string_view name) {
  return fmt::format("{}samples/{}/v{}/{}", FolderOfFormats(), format, version, name);
}

std::vector<StoredSample> StoredSamples() {
  std::vector<StoredSample> samples;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(FolderOfFormats() + "samples")) {
    if (!entry.is_regular_file() || IsText(entry.path())) {
      continue;
    }
    const fs::path folder = entry.path().parent_path();
    const std::string version = folder.filename().string();
    StoredSample sample{.format = folder.parent_path().filename().string(),
                        .name = entry.path().filename().string(),
                        .path = entry.path().string()};
    std::from_chars(version.data() + 1, version.data() + version.size(), sample.version);
    samples.push_back(std::move(sample));
  }
  std::ranges::sort(samples, {}, [](const StoredSample& sample) {
    return std::tie(sample.format, sample.version, sample.name);
  });
  return samples;
}

std::vector<std::string> LinesOf(std::string_view text) {
  const std::vector<std::string_view> lines = foothold::LinesOf(text);
  return {lines.begin(), lines.end()};
}

std::string TextOf(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    text += line + '\n';
  }
  return text;
}

std::vector<StoredPlaybook> StoredPlaybooks() {
  std::vector<StoredPlaybook> playbooks;
  for (const fs::directory_entry& entry : fs::directory_iterator(FolderOfFormats() + "playbooks")) {
    if (!IsText(entry.path())) {
      playbooks.push_back({.name = entry.path().stem().string(), .path = entry.path().string()});
    }
  }
  std::ranges::sort(playbooks, {}, &StoredPlaybook::name);
  return playbooks;
}

std::string CompiledText(std::string_view yaml, std::string_view name) {
  config::Checked<config::CompiledPlaybook> compiled =
      config::ReadPlaybook(yaml, fmt::format("{}.yaml", name));
  if (!compiled.has_value()) {
    return config::ToString(compiled.error());
  }
  compiled->playbook.zones = {};
  compiled->playbook.yaml.clear();
  return Describe(compiled->playbook);
}

}  // namespace foothold::formats
