#pragma once

// The built program as a child process: what it prints, and how it ends.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "src/base/time.h"

namespace foothold::app {

struct ChildOptions {
  std::string input = {};  // Its standard input.
  // Where its output goes instead of being kept: "/dev/full"; "-" closes it.
  std::string output_to = {};
  std::map<std::string, std::string> environment = {};  // Added to ours.
  std::optional<std::uint64_t> file_bytes_max = {};     // No file it writes may be larger.
};

struct Ending {
  int code = -1;  // 128 + the signal's number if one ended it; -1: it had to be killed.
  std::string out;
  std::string error;
  std::int64_t memory_bytes_max = 0;  // The most that was resident at once.
};

// Not thread-safe. A child that still runs is killed by the destructor, and with its parent.
class Child {
 public:
  // Of the program `foothold`.
  static std::unique_ptr<Child> Start(const std::vector<std::string>& arguments,
                                      const ChildOptions& options = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Until the text is in what it wrote to stderr. False: it ended or time ran out before.
  bool AwaitError(std::string_view text);
  void Signal(int signal) const;
  // Until it ends; killed when that takes too long.
  Ending Wait();
  // Takes what it has written so far; false once it has ended.
  bool IsRunning();

  const std::string& error() const { return error_; }

 private:
  Child() = default;
  // Reads what is there; false at the end of both streams or after the deadline.
  bool Pump(std::int64_t deadline_ms);

  pid_t process_ = 0;
  int out_fd_ = -1;
  int error_fd_ = -1;
  std::string out_;
  std::string error_;
};

// Start() and Wait().
Ending RunFoothold(const std::vector<std::string>& arguments, const ChildOptions& options = {});

// A fresh folder, gone with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Writes a file and returns its path.
  std::string Write(const std::string& name, std::string_view content) const;
  std::string PathOf(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

// How many lines `text` has; a last one without an end counts.
std::size_t LineCount(std::string_view text);

}  // namespace foothold::app
