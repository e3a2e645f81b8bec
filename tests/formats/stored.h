#pragma once

// What tests/formats keeps on disk.

#include <string>
#include <string_view>
#include <vector>

namespace foothold::formats {

// tests/formats in the source tree, with its '/'.
std::string FolderOfFormats();

// "" if there is no such file.
std::string ReadFile(const std::string& path);
void WriteFile(const std::string& path, std::string_view bytes);

struct StoredSample {
  std::string format;
  int version = 0;
  std::string name;
  std::string path;  // Of the bytes; what is read from them is in path + ".txt".
};
// By format, version and name.
std::vector<StoredSample> StoredSamples();
std::string PathOfSample(std::string_view format, int version, std::string_view name);

std::vector<std::string> LinesOf(std::string_view text);
std::string TextOf(const std::vector<std::string>& lines);

struct StoredPlaybook {
  std::string name;  // Without .yaml.
  std::string path;  // What it is compiled to is in path + ".txt".
};
// Playbooks that were accepted once, by name.
std::vector<StoredPlaybook> StoredPlaybooks();
// What the text is compiled to, but for the YAML itself and the time zones, which are the
// machine's; or the problems.
std::string CompiledText(std::string_view yaml, std::string_view name);

}  // namespace foothold::formats
