#pragma once

#include <string>

namespace foothold::app {

struct HttpQuestion {
  std::string method = "GET";
  std::string target = "/";
  std::string host = "localhost";
  std::string authorization = {};
  std::string content_type = {};
  std::string body = {};
};

struct HttpReply {
  int status = 0;  // 0: no connection.
  std::string head = {};
  std::string body = {};
};

// Asks the port of 127.0.0.1, and waits for the whole answer.
HttpReply HttpAsk(int port, const HttpQuestion& question);

}  // namespace foothold::app
