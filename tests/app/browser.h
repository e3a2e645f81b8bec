#pragma once

// A headless Chromium, driven through ChromeDriver.

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include "src/intake/json_tree.h"

namespace foothold::app {

// Not thread-safe. A command that fails fails the test, with what the driver said.
class Browser {
 public:
  struct Window {
    int width = 1280;
    int height = 900;
  };

  // Null, after a failure, if there is no ChromeDriver.
  static std::unique_ptr<Browser> Start();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void Open(const std::string& url);
  void Resize(const Window& window);
  // What `return ...` of a script gives, as text.
  std::string Run(const std::string& script);
  // Until the expression is true; false: it did not become so.
  bool Await(const std::string& expression);
  // Keys to whatever has the focus. The special ones are those of WebDriver: "\uE015" is arrow
  // down.
  void Press(const std::string& keys);
  // What the page and the browser said since the last call: warnings and errors of the console.
  std::vector<std::string> ConsoleProblems();
  // The addresses that were asked for since the last call, whatever came of it.
  std::vector<std::string> Requests();

 private:
  Browser() = default;
  intake::JsonTree Call(const std::string& method, const std::string& path,
                        const std::string& body);
  std::vector<intake::JsonTree> LogOf(const std::string& type);

  pid_t process_ = 0;
  int out_ = -1;
  int port_ = 0;
  std::string session_;
};

}  // namespace foothold::app
