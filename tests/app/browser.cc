#include "tests/app/browser.h"

#include <array>
#include <charconv>
#include <chrono>
#include <csignal>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/base/json.h"
#include "tests/app/http_client.h"

namespace foothold::app {
namespace {

constexpr std::chrono::seconds kPatience{60};

// No service of its own may ask anything of the network.
constexpr const char* kCapabilities = R"({"capabilities":{"alwaysMatch":{"browserName":"chrome",
"goog:loggingPrefs":{"browser":"ALL","performance":"ALL"},
"goog:chromeOptions":{"args":["--headless=new","--no-sandbox","--disable-gpu",
"--disable-dev-shm-usage","--disable-background-networking","--disable-component-update",
"--no-first-run","--window-size=1280,900"]}}}})";

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

}  // namespace

std::unique_ptr<Browser> Browser::Start() {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
  std::unique_ptr<Browser> browser(new Browser());
  browser->process_ = fork();
  if (browser->process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(ends[1], STDOUT_FILENO);
    execlp("chromedriver", "chromedriver", "--port=0", nullptr);
    _exit(127);
  }
  close(ends[1]);
  browser->out_ = ends[0];
  constexpr std::string_view kMark = "successfully on port ";
  std::string said;
  std::array<char, 4096> bytes{};
  for (ssize_t got = 1; got > 0 && browser->port_ == 0;) {
    got = read(browser->out_, bytes.data(), bytes.size());
    said.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    const std::size_t mark = said.find(kMark);
    if (mark != std::string::npos && said.find('.', mark) != std::string::npos) {
      std::from_chars(said.data() + mark + kMark.size(), said.data() + said.size(), browser->port_);
    }
  }
  EXPECT_GT(browser->port_, 0) << "no ChromeDriver (deploy/install-dependencies test): " << said;
  if (browser->port_ == 0) {
    return nullptr;
  }
  browser->session_ = browser->Call("POST", "/session", kCapabilities)["sessionId"].text;
  return browser;
}

Browser::~Browser() {
  if (!session_.empty()) {
    Call("DELETE", "/session/" + session_, "");
  }
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
  close(out_);
}

intake::JsonTree Browser::Call(const std::string& method, const std::string& path,
                               const std::string& body) {
  const HttpReply reply = HttpAsk(
      port_, {.method = method, .target = path, .content_type = "application/json", .body = body});
  EXPECT_EQ(reply.status, 200) << method << " " << path << " " << body << ": " << reply.body;
  const Result<intake::JsonTree> tree = intake::JsonTree::Read(reply.body);
  return tree.has_value() ? (*tree)["value"] : intake::JsonTree();
}

void Browser::Open(const std::string& url) {
  Call("POST", "/session/" + session_ + "/url", fmt::format(R"({{"url":{}}})", Quoted(url)));
}

void Browser::Resize(const Window& window) {
  Call("POST", "/session/" + session_ + "/window/rect",
       fmt::format(R"({{"width":{},"height":{}}})", window.width, window.height));
}

std::string Browser::Run(const std::string& script) {
  return Call("POST", "/session/" + session_ + "/execute/sync",
              fmt::format(R"({{"script":{},"args":[]}})", Quoted(script)))
      .text;
}

bool Browser::Await(const std::string& expression) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    if (Run("return Boolean(" + expression + ")") == "true") {
      return true;
    }
  }
  return false;
}

void Browser::Press(const std::string& keys) {
  std::string actions;
  for (std::string_view left = keys; !left.empty();) {
    const std::string_view key =
        left.substr(0, std::max<std::size_t>(1, Utf8CharacterLength(left)));
    left.remove_prefix(key.size());
    for (const char* const type : {"keyDown", "keyUp"}) {
      actions += fmt::format(R"({}{{"type":"{}","value":{}}})", actions.empty() ? "" : ",", type,
                             Quoted(key));
    }
  }
  Call("POST", "/session/" + session_ + "/actions",
       fmt::format(R"({{"actions":[{{"type":"key","id":"keys","actions":[{}]}}]}})", actions));
}

std::vector<intake::JsonTree> Browser::LogOf(const std::string& type) {
  return Call("POST", "/session/" + session_ + "/se/log", fmt::format(R"({{"type":"{}"}})", type))
      .items;
}

std::vector<std::string> Browser::ConsoleProblems() {
  std::vector<std::string> problems;
  for (const intake::JsonTree& entry : LogOf("browser")) {
    if (entry["level"].text == "SEVERE" || entry["level"].text == "WARNING") {
      problems.push_back(entry["message"].text);
    }
  }
  return problems;
}

std::vector<std::string> Browser::Requests() {
  std::vector<std::string> addresses;
  for (const intake::JsonTree& entry : LogOf("performance")) {
    const Result<intake::JsonTree> message = intake::JsonTree::Read(entry["message"].text);
    if (message.has_value() && message->At("message/method").text == "Network.requestWillBeSent") {
      addresses.push_back(message->At("message/params/request/url").text);
    }
  }
  return addresses;
}

}  // namespace foothold::app
