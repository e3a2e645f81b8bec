#include "tests/kafka/chaos/fleet.h"

#include <csignal>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"

namespace foothold::chaos {
namespace {

// The last line that it wrote.
std::string LastWords(std::string text) {
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  const std::size_t end = text.rfind('\n');
  return end == std::string::npos ? text : text.substr(end + 1);
}

}  // namespace

Instance::Instance(std::string name, app::RunSetup setup, Proxy* proxy, std::ostream* log)
    : proxy_(proxy), log_(log), setup_(std::move(setup)) {
  setup_.instance = std::move(name);
  setup_.state_dir = folder_.PathOf("state");
  setup_.servers.clear();
  for (const int port : proxy_->ports()) {
    setup_.servers += fmt::format("{}127.0.0.1:{}", setup_.servers.empty() ? "" : ",", port);
  }
  config_ = app::WriteConfig(setup_, folder_);
}

void Instance::Start(std::optional<std::uint64_t> file_bytes_max) {
  FOOTHOLD_CHECK(child_ == nullptr, "it runs");
  started_at_ = Clock::now();
  ready_after_.reset();
  child_ = app::Child::Start({"run", "-c", config_}, {.file_bytes_max = file_bytes_max});
}

void Instance::Kill9() {
  child_->Signal(SIGKILL);
  Await();
}

app::Ending Instance::Stop() {
  child_->Signal(SIGTERM);
  return Await();
}

app::Ending Instance::Await() {
  app::Ending ending = child_->Wait();
  child_.reset();
  *log_ << "---- " << name() << " ended with " << ending.code << " and had said:\n"
        << ending.error << std::flush;
  return ending;
}

void Instance::WipeState() { std::filesystem::remove_all(setup_.state_dir); }

std::optional<Instance::GivenUp> Instance::Tend() {
  if (child_ == nullptr || child_->IsRunning()) {
    return std::nullopt;
  }
  const app::Ending ending = Await();
  return GivenUp{.code = ending.code, .last_words = LastWords(ending.error)};
}

std::string Instance::Diagnose() {
  const int port = child_ == nullptr ? 0 : app::HttpPortOf(child_->error());
  if (port == 0) {
    return "does not run or listen";
  }
  std::string said = app::HttpGet(port, "/readyz").body;
  const std::string metrics = app::HttpGet(port, "/metrics").body;
  *log_ << "---- " << name() << " /metrics\n" << metrics << std::flush;
  std::istringstream lines(metrics);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("foothold_worker_lag_records{") ||
        line.starts_with("foothold_worker_assigned_partitions{") ||
        line.starts_with("foothold_worker_loop_moved_timestamp_seconds{")) {
      said += "      " + line + '\n';
    }
  }
  return said;
}

bool Instance::IsReady() {
  if (child_ == nullptr) {
    return false;
  }
  const int port = app::HttpPortOf(child_->error());
  const bool is_ready = port != 0 && app::HttpGet(port, "/readyz").status == 200;
  if (is_ready && !ready_after_.has_value()) {
    ready_after_ = std::chrono::duration_cast<milliseconds>(Clock::now() - started_at_);
  }
  return is_ready;
}

}  // namespace foothold::chaos
