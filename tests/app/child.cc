#include "tests/app/child.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/check.h"

namespace foothold::app {
namespace {

constexpr std::int64_t kPatienceMs = 240'000;
constexpr int kErrorBytes = 1 << 20;

std::int64_t NowMs() {
  return std::chrono::duration_cast<milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::array<int, 2> MakePipe() {
  std::array<int, 2> ends{};
  FOOTHOLD_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0, "no pipe");
  return ends;
}

// A file that holds the input, read from its beginning: no pipe that could fill up.
int OpenInput(const std::string& input) {
  std::FILE* const file = std::tmpfile();
  FOOTHOLD_CHECK(file != nullptr, "no temporary file");
  FOOTHOLD_CHECK(std::fwrite(input.data(), 1, input.size(), file) == input.size(), "full disk");
  std::rewind(file);
  const int copy = dup(fileno(file));
  std::fclose(file);
  return copy;
}

std::vector<char*> Pointers(std::vector<std::string>* words) {
  std::vector<char*> pointers;
  pointers.reserve(words->size() + 1);
  for (std::string& word : *words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::map<std::string, std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    all.emplace_back(*entry);
  }
  for (const auto& [name, value] : added) {
    std::erase_if(all, [&](const std::string& entry) { return entry.starts_with(name + "="); });
    all.push_back(name + "=" + value);
  }
  return all;
}

void LimitFiles(std::uint64_t bytes) {
  const rlimit limit{.rlim_cur = bytes, .rlim_max = bytes};
  setrlimit(RLIMIT_FSIZE, &limit);
  signal(SIGXFSZ, SIG_IGN);  // Writing fails then, as it does on a full disk.
}

}  // namespace

std::unique_ptr<Child> Child::Start(const std::vector<std::string>& arguments,
                                    const ChildOptions& options) {
  std::vector<std::string> command{std::string(FOOTHOLD_BINARY_DIR) + "/src/app/foothold"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<std::string> environment = EnvironmentWith(options.environment);
  const std::vector<char*> argv = Pointers(&command);
  const std::vector<char*> envp = Pointers(&environment);
  const int input = OpenInput(options.input);
  const std::array<int, 2> out = MakePipe();
  const std::array<int, 2> error = MakePipe();
  // Whoever looks elsewhere for a while must not hold the child up.
  fcntl(error[0], F_SETPIPE_SZ, kErrorBytes);

  std::unique_ptr<Child> child(new Child());
  child->process_ = fork();
  FOOTHOLD_CHECK(child->process_ >= 0, "fork failed");
  if (child->process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(input, STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    dup2(error[1], STDERR_FILENO);
    if (options.output_to == "-") {
      close(STDOUT_FILENO);
    } else if (!options.output_to.empty()) {
      dup2(open(options.output_to.c_str(), O_WRONLY | O_CLOEXEC), STDOUT_FILENO);
    }
    if (options.file_bytes_max.has_value()) {
      LimitFiles(*options.file_bytes_max);
    }
    execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(input);
  close(out[1]);
  close(error[1]);
  child->out_fd_ = out[0];
  child->error_fd_ = error[0];
  return child;
}

Child::~Child() {
  if (process_ != 0) {
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  close(out_fd_);
  close(error_fd_);
}

bool Child::Pump(std::int64_t deadline_ms) {
  // Negative descriptors are passed over.
  std::array<pollfd, 2> ends{pollfd{out_fd_, POLLIN, 0}, pollfd{error_fd_, POLLIN, 0}};
  if (out_fd_ < 0 && error_fd_ < 0) {
    return false;
  }
  const std::int64_t left = std::max<std::int64_t>(0, deadline_ms - NowMs());
  const int ready = poll(ends.data(), ends.size(), static_cast<int>(left));
  if (ready <= 0) {
    return ready < 0 && errno == EINTR;
  }
  std::array<char, 65'536> bytes{};
  const auto take = [&](const pollfd& end, int* descriptor, std::string* text) {
    if (end.revents == 0) {
      return;
    }
    const ssize_t got = read(*descriptor, bytes.data(), bytes.size());
    if (got > 0) {
      text->append(bytes.data(), static_cast<std::size_t>(got));
    } else {
      close(std::exchange(*descriptor, -1));
    }
  };
  take(ends[0], &out_fd_, &out_);
  take(ends[1], &error_fd_, &error_);
  return true;
}

bool Child::AwaitError(std::string_view text) {
  const std::int64_t deadline_ms = NowMs() + kPatienceMs;
  while (error_.find(text) == std::string::npos) {
    if (!Pump(deadline_ms)) {
      return false;
    }
  }
  return true;
}

void Child::Signal(int signal) const { kill(process_, signal); }

bool Child::IsRunning() {
  while (Pump(NowMs())) {
  }
  return out_fd_ >= 0 || error_fd_ >= 0;
}

Ending Child::Wait() {
  const std::int64_t deadline_ms = NowMs() + kPatienceMs;
  while (Pump(deadline_ms)) {
  }
  const bool is_late = out_fd_ >= 0 || error_fd_ >= 0;
  if (is_late) {
    kill(process_, SIGKILL);
  }
  int how = 0;
  rusage used{};
  wait4(std::exchange(process_, 0), &how, 0, &used);
  constexpr std::int64_t kKiB = 1024;
  Ending ending{
      .code = -1, .out = out_, .error = error_, .memory_bytes_max = used.ru_maxrss * kKiB};
  if (!is_late) {
    ending.code = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
  }
  return ending;
}

Ending RunFoothold(const std::vector<std::string>& arguments, const ChildOptions& options) {
  return Child::Start(arguments, options)->Wait();
}

Folder::Folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "foothold-app-XXXXXX").string();
  FOOTHOLD_CHECK(mkdtemp(pattern.data()) != nullptr, "no temporary folder");
  path_ = pattern;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::Write(const std::string& name, std::string_view content) const {
  std::ofstream file(path_ / name, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  FOOTHOLD_CHECK(!file.fail(), "a file of the test cannot be written");
  return PathOf(name);
}

std::size_t LineCount(std::string_view text) {
  const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
  return ends + (text.empty() || text.back() == '\n' ? 0 : 1);
}

}  // namespace foothold::app
