#include "tests/tidy/rules.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "src/base/text.h"

namespace foothold::tidy {
namespace {

constexpr std::size_t kLinesMax = 500;
constexpr std::uintmax_t kFileBytesMax = 1 << 20;  // What is larger is data.

// The floors. A folder may include itself and what is listed, folders or single files.
struct Room {
  std::string_view folder;
  std::vector<std::string_view> may_include;
  std::vector<std::string_view> but_not = {};  // Single files.
};
const std::vector<Room>& Rooms() {
  static const std::vector<Room> kRooms{
      {"src/app",
       {"src/stream", "src/config", "src/codec", "src/intake", "src/kafka", "src/journey",
        "src/log", "state", "src/metrics", "src/http", "src/readmodel", "src/base", "proto"}},
      {"src/stream",
       {"src/intake", "src/codec", "src/journey", "src/log", "state", "src/metrics", "src/base"}},
      {"src/config", {"src/intake", "src/journey", "src/base"}, {"src/journey/engine.h"}},
      {"src/codec", {"src/journey", "src/base", "proto"}, {"src/journey/engine.h"}},
      {"src/intake", {"src/base"}},
      {"src/kafka", {"src/log/log.h", "src/base"}},
      {"src/journey", {"src/base"}},
      {"src/log", {"src/base"}},
      {"state", {"src/base"}},
      {"src/metrics", {"src/base"}},
      {"src/http", {"src/base"}},
      {"src/readmodel", {"src/base"}},
      {"src/base", {}},
  };
  return kRooms;
}

// The doors: the one folder that includes a library. `is_shared`: base's own vocabulary, which all
// folders get through it, in headers too.
struct Door {
  std::string_view prefix;  // Of the included path.
  std::string_view folder;
  bool is_shared = false;
};
constexpr std::array<Door, 18> kDoors{{
    {"simdjson.h", "src/intake"},
    {"google/protobuf/", "src/codec"},
    {"yaml-cpp/", "src/config"},
    {"librdkafka/", "src/kafka"},
    {"rocksdb/", "state"},
    {"prometheus/", "src/metrics"},
    {"civetweb.h", "src/http"},
    {"CivetServer.h", "src/http"},
    {"spdlog/", "src/base"},
    {"xxhash.h", "src/base"},
    {"date/", "src/base"},
    {"CLI/", "src/app"},
    {"zlib.h", "src/app"},
    {"mimalloc.h", "src/app"},
    {"sqlite3.h", "src/readmodel"},
    {"fmt/", "src/base", true},
    {"tl/", "src/base", true},
    {"sanitizer/", "src/base"},
}};

// POSIX and Linux: no library of anybody's choice.
constexpr std::array<std::string_view, 24> kSystemHeaders{
    "unistd.h", "fcntl.h",  "signal.h", "poll.h",   "pthread.h", "termios.h",
    "sys/",     "netinet/", "arpa/",    "netdb.h",  "dirent.h",  "errno.h",
    "time.h",   "stdio.h",  "stdlib.h", "string.h", "linux/",    "spawn.h",
    "syslog.h", "limits.h", "stdint.h", "sched.h",  "malloc.h",  "cxxabi.h"};

// A word that must not stand in the tree, put together here so that this file may.
struct BadWord {
  std::string word;
  bool is_whole_word = true;
  std::string_view instead;
};
const std::vector<BadWord>& BadWords() {
  static const std::vector<BadWord> kWords{
      {std::string("FIX") + "ME", true, "mend it, or write down the limit where users read it"},
      {std::string("TO") + "DO", true, "do it, or write down the limit where users read it"},
      {std::string("X") + "XX", true, "say it in a sentence"},
      {std::string("/wo") + "rk/", false, "a path of one machine"},
      {std::string("/tmp/") + "helpers", false, "a path of one machine"},
  };
  return kWords;
}

bool IsHeader(std::string_view path) { return path.ends_with(".h"); }
bool IsCpp(std::string_view path) { return path.ends_with(".h") || path.ends_with(".cc"); }

bool IsScript(std::string_view path, std::string_view content) {
  return path.ends_with(".py") || path.ends_with(".sh") || content.starts_with("#!");
}

std::string_view FolderOf(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

bool IsInside(std::string_view path, std::string_view folder) {
  return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

struct Include {
  int line = 0;
  std::string_view path;
  bool is_quoted = false;
};

std::vector<Include> IncludesOf(std::string_view content) {
  std::vector<Include> includes;
  int line_number = 0;
  for (std::string_view line : LinesOf(content)) {
    ++line_number;
    const auto skip_space = [&line] {
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    };
    const auto skip_word = [&](std::string_view word) {
      skip_space();
      const bool is_there = line.starts_with(word);
      line.remove_prefix(is_there ? word.size() : 0);
      return is_there;
    };
    if (!skip_word("#") || !skip_word("include")) {
      continue;
    }
    skip_space();
    if (line.empty() || (line.front() != '"' && line.front() != '<')) {
      continue;
    }
    const bool is_quoted = line.front() == '"';
    line.remove_prefix(1);
    const std::size_t end = line.find(is_quoted ? '"' : '>');
    includes.push_back({.line = line_number, .path = line.substr(0, end), .is_quoted = is_quoted});
  }
  return includes;
}

const Room* RoomOf(std::string_view path) {
  for (const Room& room : Rooms()) {
    if (IsInside(path, room.folder)) {
      return &room;
    }
  }
  return nullptr;
}

bool IsProduct(std::string_view path) { return IsInside(path, "src") || IsInside(path, "state"); }

bool IsStandard(std::string_view include) {
  return include.find_first_of("./") == std::string_view::npos;
}

bool StartsWithAny(std::string_view path, std::span<const std::string_view> prefixes) {
  return std::ranges::any_of(prefixes,
                             [path](std::string_view prefix) { return path.starts_with(prefix); });
}

const Door* DoorOf(std::string_view include) {
  const auto* const found = std::ranges::find_if(
      kDoors, [include](const Door& door) { return include.starts_with(door.prefix); });
  return found == kDoors.end() ? nullptr : found;
}

// What is wrong with including our own file `include` from a file of `room`.
std::optional<std::string> FloorProblem(const Room& room, std::string_view include) {
  if (!include.starts_with("src/") && !include.starts_with("state/") &&
      !include.starts_with("proto/")) {
    return fmt::format("\"{}\" is no path from the root to a part of the product", include);
  }
  if (IsInside(include, room.folder)) {
    return std::nullopt;
  }
  const bool is_allowed =
      std::ranges::any_of(room.may_include, [include](std::string_view allowed) {
        return include == allowed || IsInside(include, allowed);
      });
  if (is_allowed && std::ranges::count(room.but_not, include) == 0) {
    return std::nullopt;
  }
  return fmt::format("{} must not know \"{}\": see the floors in src/README.md", room.folder,
                     include);
}

std::optional<std::string> DoorProblem(std::string_view path, std::string_view include) {
  if (IsStandard(include) || StartsWithAny(include, kSystemHeaders)) {
    return std::nullopt;
  }
  const Door* const door = DoorOf(include);
  if (door == nullptr) {
    return fmt::format("<{}> belongs to no library of the table of doors", include);
  }
  if (door->is_shared) {
    return std::nullopt;
  }
  if (!IsInside(path, door->folder)) {
    return fmt::format("<{}> is included in {} only", include, door->folder);
  }
  return std::nullopt;
}

// Does this include show a library's types, generated messages among them?
bool ShowsLibrary(const Include& include) {
  if (include.is_quoted) {
    return include.path.ends_with(".pb.h");
  }
  const Door* const door = DoorOf(include.path);
  return door != nullptr && !door->is_shared;
}

// The headers that show a library, by themselves or through another one, with what they show.
std::map<std::string, std::string, std::less<>> PrivateHeaders(const Tree& tree) {
  std::map<std::string, std::string, std::less<>> shown;
  std::size_t known = 0;
  do {
    known = shown.size();
    for (const auto& [path, content] : tree) {
      if (!IsProduct(path) || !IsHeader(path) || shown.contains(path)) {
        continue;
      }
      for (const Include& include : IncludesOf(content)) {
        const auto through = shown.find(include.path);
        if (ShowsLibrary(include)) {
          shown.emplace(path, include.path);
        } else if (include.is_quoted && through != shown.end()) {
          shown.emplace(path, through->second);
        }
      }
    }
  } while (shown.size() > known);
  return shown;
}

bool IsWordCharacter(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_';
}

bool HasWord(std::string_view line, const BadWord& bad) {
  for (std::size_t at = line.find(bad.word); at != std::string_view::npos;
       at = line.find(bad.word, at + 1)) {
    const std::size_t end = at + bad.word.size();
    const bool begins = at == 0 || !IsWordCharacter(line[at - 1]);
    const bool ends = end == line.size() || !IsWordCharacter(line[end]);
    if (!bad.is_whole_word || (begins && ends)) {
      return true;
    }
  }
  return false;
}

// The words of a CMakeLists.txt that may be names of files.
std::set<std::string, std::less<>> CMakeWords(std::string_view content) {
  std::set<std::string, std::less<>> words;
  for (std::string_view line : LinesOf(content)) {
    line = line.substr(0, line.find('#'));
    while (!line.empty()) {
      const std::size_t begin = line.find_first_not_of(" \t()\"");
      if (begin == std::string_view::npos) {
        break;
      }
      line.remove_prefix(begin);
      const std::size_t end = std::min(line.find_first_of(" \t()\""), line.size());
      words.emplace(line.substr(0, end));
      line.remove_prefix(end);
    }
  }
  return words;
}

bool IsKeptOut(const std::filesystem::path& name) {
  static const std::set<std::string> kNames{".git", "build", ".cache", "target"};
  return kNames.contains(name.string());
}

}  // namespace

std::string Finding::ToString() const {
  return line > 0 ? fmt::format("{}:{}: {}", path, line, what) : fmt::format("{}: {}", path, what);
}

Tree ReadTree(const std::filesystem::path& root) {
  namespace fs = std::filesystem;
  Tree tree;
  for (fs::recursive_directory_iterator entry(root), end; entry != end; ++entry) {
    if (IsKeptOut(entry->path().filename())) {
      // A worktree has .git as a file.
      if (entry->is_directory()) {
        entry.disable_recursion_pending();
      }
      continue;
    }
    if (!entry->is_regular_file() || entry->file_size() > kFileBytesMax) {
      continue;
    }
    std::ifstream stream(entry->path(), std::ios::binary);
    std::string content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (content.find('\0') == std::string::npos) {
      tree.emplace(entry->path().lexically_relative(root).generic_string(), std::move(content));
    }
  }
  return tree;
}

std::vector<Finding> CheckFloors(const Tree& tree) {
  std::vector<Finding> findings;
  for (const auto& [path, content] : tree) {
    if (!IsProduct(path) || !IsCpp(path)) {
      continue;
    }
    const Room* const room = RoomOf(path);
    if (room == nullptr) {
      findings.push_back({.path = path, .what = "its folder stands on no floor"});
      continue;
    }
    for (const Include& include : IncludesOf(content)) {
      const std::optional<std::string> problem =
          include.is_quoted ? FloorProblem(*room, include.path) : std::nullopt;
      if (problem) {
        findings.push_back({.path = path, .line = include.line, .what = *problem});
      }
    }
  }
  return findings;
}

std::vector<Finding> CheckDoors(const Tree& tree) {
  const auto private_headers = PrivateHeaders(tree);
  std::vector<Finding> findings;
  for (const auto& [path, content] : tree) {
    if (!IsProduct(path) || !IsCpp(path)) {
      continue;
    }
    for (const Include& include : IncludesOf(content)) {
      if (!include.is_quoted) {
        if (const std::optional<std::string> problem = DoorProblem(path, include.path)) {
          findings.push_back({.path = path, .line = include.line, .what = *problem});
        }
        continue;
      }
      const auto shown = private_headers.find(include.path);
      if (shown != private_headers.end() && FolderOf(include.path) != FolderOf(path)) {
        findings.push_back({.path = path,
                            .line = include.line,
                            .what = fmt::format("\"{}\" shows {}: it is for its own folder only",
                                                include.path, shown->second)});
      }
    }
  }
  return findings;
}

std::vector<Finding> CheckLengths(const Tree& tree) {
  std::vector<Finding> findings;
  for (const auto& [path, content] : tree) {
    const std::size_t lines = LinesOf(content).size();
    if ((IsCpp(path) || IsScript(path, content)) && lines > kLinesMax) {
      findings.push_back(
          {.path = path, .what = fmt::format("{} lines; stop at {}", lines, kLinesMax)});
    }
  }
  return findings;
}

std::vector<Finding> CheckHeaderGuards(const Tree& tree) {
  std::vector<Finding> findings;
  for (const auto& [path, content] : tree) {
    if (IsHeader(path) && !content.starts_with("#pragma once\n")) {
      findings.push_back({.path = path, .what = "a header begins with #pragma once"});
    }
  }
  return findings;
}

std::vector<Finding> CheckAllIsBuilt(const Tree& tree) {
  std::vector<Finding> findings;
  for (const auto& [path, content] : tree) {
    if (!path.ends_with(".cc")) {
      continue;
    }
    std::string_view folder = FolderOf(path);
    const auto list_of = [](std::string_view of) {
      return of.empty() ? std::string("CMakeLists.txt") : fmt::format("{}/CMakeLists.txt", of);
    };
    while (!folder.empty() && !tree.contains(list_of(folder))) {
      folder = FolderOf(folder);
    }
    const auto list = tree.find(list_of(folder));
    const std::string_view name =
        std::string_view(path).substr(folder.empty() ? 0 : folder.size() + 1);
    if (list == tree.end() || !CMakeWords(list->second).contains(name)) {
      findings.push_back(
          {.path = path,
           .what = fmt::format("is not built: {} does not list it", list_of(folder))});
    }
  }
  return findings;
}

std::vector<Finding> CheckMaps(const Tree& tree) {
  std::set<std::string> top;
  std::set<std::string> rooms;
  for (const auto& [path, content] : tree) {
    const std::size_t slash = path.find('/');
    if (slash == std::string::npos || path.front() == '.') {
      continue;
    }
    top.insert(path.substr(0, slash));
    const std::size_t second = path.find('/', slash + 1);
    if (path.starts_with("src/") && second != std::string::npos) {
      rooms.insert(path.substr(slash + 1, second - slash - 1));
    }
  }
  std::vector<Finding> findings;
  const auto check = [&](const std::string& map, const std::set<std::string>& folders) {
    const auto found = tree.find(map);
    for (const std::string& folder : folders) {
      if (found == tree.end() || found->second.find(folder + "/") == std::string::npos) {
        findings.push_back({.path = map, .what = fmt::format("the map lacks {}/", folder)});
      }
    }
  };
  check("README.md", top);
  check("src/README.md", rooms);
  return findings;
}

std::vector<Finding> CheckWords(const Tree& tree) {
  std::vector<Finding> findings;
  for (const auto& [path, content] : tree) {
    if (path.starts_with("tests/data/")) {
      continue;  // Written by others, kept as it came.
    }
    int line_number = 0;
    for (const std::string_view line : LinesOf(content)) {
      ++line_number;
      for (const BadWord& bad : BadWords()) {
        if (HasWord(line, bad)) {
          findings.push_back({.path = path,
                              .line = line_number,
                              .what = fmt::format("'{}': {}", bad.word, bad.instead)});
        }
      }
    }
  }
  return findings;
}

std::vector<Finding> CheckAll(const Tree& tree) {
  std::vector<Finding> all;
  for (const auto& check : {CheckFloors, CheckDoors, CheckLengths, CheckHeaderGuards,
                            CheckAllIsBuilt, CheckMaps, CheckWords}) {
    std::ranges::move(check(tree), std::back_inserter(all));
  }
  return all;
}

}  // namespace foothold::tidy
