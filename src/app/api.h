#pragma once

// The HTTP API over the read model, and the page that shows it: deploy/api/openapi.yaml.

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "src/base/status.h"
#include "src/http/server.h"
#include "src/readmodel/read_model.h"

namespace foothold::app {

// What somebody said of a rung that waits for approval.
struct ApprovalSaid {
  readmodel::WaitingRung rung;
  bool is_granted = false;
  std::string reason;
};

struct ApiOptions {
  std::string listen;  // Where the server will listen.
  // What a caller must show as "Authorization: Bearer <token>"; empty: nobody has to. On an address
  // beyond loopback it may not be empty.
  std::string token;
  bool has_real_people = true;  // False: they are invented, and anybody may see them.
  std::string app;
  std::string source;  // What is shown, in a few words: "the journal of foothold".
  // Says it to the running system; null: approvals are off, and who tries is told how to turn them
  // on. Called on the server's threads, several at once. kInvalid: it is not to be said.
  std::function<Status(const ApprovalSaid&)> approve;
};

// What the API and the page need at each request. Outlives the server.
struct ApiState {
  const readmodel::ReadModel* model = nullptr;
  ApiOptions options;
  // All that was there at the start has been taken in.
  std::atomic<bool> is_caught_up = false;
};

// Adds the page and everything under /api/v1. kInvalid: the address shows people to the network,
// and there is no token.
Status AddApi(const ApiState& state, http::HttpOptions* options);

// The token that callers must show: what the file holds, or, if `path` is empty, what
// FOOTHOLD_SERVE_TOKEN of the environment says; "" if there is neither. kInvalid: the file cannot
// be read, or it is shorter than 16 characters. The message never has any of it.
Result<std::string> TokenOf(const std::string& path);

}  // namespace foothold::app
