// Opens the store at a path and writes numbered batches (numbered_batch.h), going on after the last
// one that it holds, until it is killed or a write fails. For tests that need a process to lose.
//
//   state_writer PATH IDENTITY [FILE_BYTES_MAX]
//
// Prints "open", then each number once it is written; a failure as its code and message, twice if
// the next write fails too. FILE_BYTES_MAX bounds the size of every file, as a full disk would.

#include <csignal>
#include <cstdio>
#include <string>

#include <sys/resource.h>

#include "tests/state/numbered_batch.h"

namespace foothold::state {
namespace {

void Say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

void BoundFileSizes(const std::string& bytes_max) {
  std::signal(SIGXFSZ, SIG_IGN);  // The write then fails instead.
  const rlimit bound{.rlim_cur = std::stoul(bytes_max), .rlim_max = std::stoul(bytes_max)};
  ::setrlimit(RLIMIT_FSIZE, &bound);
}

int Run(const std::string& path, const std::string& identity) {
  const Result<std::unique_ptr<Store>> store = Store::Open(
      {.path = path, .identity = identity, .memory = SharedMemory::Create(kNumberedMemoryBytes)});
  if (!store.has_value()) {
    Say(store.error().ToString());
    return 1;
  }
  const Result<std::int64_t> last = LastNumber(**store);
  if (!last.has_value()) {
    Say(last.error().ToString());
    return 1;
  }
  Say("open");
  for (std::int64_t number = *last + 1;; ++number) {
    const Status written = (*store)->Write(NumberedBatch(number));
    if (!written.ok()) {
      Say(written.ToString());
      const Status again = (*store)->Write(NumberedBatch(number));
      if (!again.ok()) Say(again.ToString());
      return 1;
    }
    Say(std::to_string(number));
  }
}

}  // namespace
}  // namespace foothold::state

int main(int argument_count, char** arguments) {
  if (argument_count < 3) return 2;
  if (argument_count > 3) foothold::state::BoundFileSizes(arguments[3]);
  return foothold::state::Run(arguments[1], arguments[2]);
}
