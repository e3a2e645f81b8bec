#pragma once

// The rules of the house that no other tool checks. They read a tree in memory, so that the test
// can also show them a bad one.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace foothold::tidy {

// Path from the root, with '/', to content.
using Tree = std::map<std::string, std::string>;

// One broken rule: "src/log/log.h:3: what is wrong and what to do". Line 0: the file as a whole.
struct Finding {
  std::string path;
  int line = 0;
  std::string what;

  std::string ToString() const;
};

// All text files under `root` but those of version control, builds and caches.
Tree ReadTree(const std::filesystem::path& root);

// Includes go down the floors only, and folders of one floor do not know each other.
std::vector<Finding> CheckFloors(const Tree& tree);
// Each library is included in its one folder, and what a folder shows to others shows no library: a
// header that does, by itself or through another one, is included in its own folder only. A library
// the table does not name is a finding too: it gets a door, or it goes.
std::vector<Finding> CheckDoors(const Tree& tree);
// 500 lines a file.
std::vector<Finding> CheckLengths(const Tree& tree);
// Every header begins with #pragma once.
std::vector<Finding> CheckHeaderGuards(const Tree& tree);
// Every .cc stands in the CMakeLists.txt of its folder, or of the nearest folder above that has
// one.
std::vector<Finding> CheckAllIsBuilt(const Tree& tree);
// The maps in README.md and src/README.md name every folder.
std::vector<Finding> CheckMaps(const Tree& tree);
// No notes to self, no paths of somebody's machine.
std::vector<Finding> CheckWords(const Tree& tree);

std::vector<Finding> CheckAll(const Tree& tree);

}  // namespace foothold::tidy
