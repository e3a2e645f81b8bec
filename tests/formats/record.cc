// Records what today's build writes: `record_formats [--anew]`. What is stored stays as it is: new
// are the samples of versions that have none, and new lines of proto/. With --anew today's versions
// are written again, for as long as nobody has data of them.

#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "tests/formats/descriptors.h"
#include "tests/formats/samples.h"
#include "tests/formats/stored.h"

namespace foothold::formats {
namespace {

enum class Extent { kNew, kAnew };

bool RecordSamples(Extent extent) {
  bool is_well = true;
  for (const Sample& sample : SamplesOfToday()) {
    const Result<Opened> opened = Open(sample.format, sample.name, sample.bytes);
    if (!opened.has_value()) {
      std::cerr << fmt::format("{}/{}: {}\n", sample.format, sample.name,
                               opened.error().ToString());
      is_well = false;
      continue;
    }
    const std::string path = PathOfSample(sample.format, opened->version, sample.name);
    if (extent == Extent::kNew && !ReadFile(path + ".txt").empty()) {
      continue;
    }
    if (ReadFile(path) != sample.bytes) {
      std::cout << path << '\n';
    }
    WriteFile(path, sample.bytes);
    WriteFile(path + ".txt", opened->text + '\n');
  }
  return is_well;
}

bool RecordDescriptors(Extent extent) {
  const std::string path = FolderOfFormats() + "descriptors.txt";
  const std::vector<std::string> today = DescriptorLines();
  const std::vector<std::string> stored = LinesOf(ReadFile(path));
  const std::vector<std::string> breaks = Breaks(stored, today);
  if (extent == Extent::kNew && !breaks.empty()) {
    std::cerr << "readers of what was written would break: see proto/README.md\n" << TextOf(breaks);
    return false;
  }
  WriteFile(path, TextOf(extent == Extent::kNew ? Merged(stored, today) : today));
  return true;
}

// Of what stands there only what it is compiled to is written, and only where that is missing.
void RecordPlaybooks(Extent extent) {
  for (const StoredPlaybook& playbook : StoredPlaybooks()) {
    if (extent == Extent::kAnew || ReadFile(playbook.path + ".txt").empty()) {
      WriteFile(playbook.path + ".txt", CompiledText(ReadFile(playbook.path), playbook.name));
    }
  }
}

}  // namespace
}  // namespace foothold::formats

int main(int count, char** words) {
  using foothold::formats::Extent;
  const bool is_anew = count == 2 && std::string_view(words[1]) == "--anew";
  if (count > 1 && !is_anew) {
    std::cerr << "record_formats [--anew]\n";
    return EXIT_FAILURE;
  }
  const Extent extent = is_anew ? Extent::kAnew : Extent::kNew;
  const bool are_samples_well = foothold::formats::RecordSamples(extent);
  const bool are_descriptors_well = foothold::formats::RecordDescriptors(extent);
  foothold::formats::RecordPlaybooks(extent);
  return are_samples_well && are_descriptors_well ? EXIT_SUCCESS : EXIT_FAILURE;
}
