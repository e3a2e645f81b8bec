#pragma once

// A read model with its API and page: what `serve`, `run` and `demo` show.

#include <functional>
#include <memory>
#include <string>

#include "src/app/api.h"
#include "src/app/model_feed.h"
#include "src/base/status.h"
#include "src/config/config.h"
#include "src/http/server.h"
#include "src/readmodel/read_model.h"
#include "src/stream/options.h"

namespace foothold::app {

// Not thread-safe, but for what its server does.
class Show {
 public:
  // kInvalid, kFatal: as ReadModel::Open() and AddApi() say.
  static Result<std::unique_ptr<Show>> Open(readmodel::ReadModelOptions model, ApiOptions api,
                                            const stream::TopicNames& topics);

  // Adds the handlers to a server's; the show outlives it.
  Status AddTo(http::HttpOptions* options) const { return AddApi(state_, options); }
  // A server of its own on the address of the options.
  Status Serve();
  // "http://127.0.0.1:9465/". REQUIRES: Serve().
  std::string url() const;

  ModelFeed& feed() { return feed_; }
  readmodel::ReadModel* model() { return model_.get(); }
  std::atomic<bool>* is_caught_up() { return &state_.is_caught_up; }

 private:
  Show(std::unique_ptr<readmodel::ReadModel> model, ApiOptions api,
       const stream::TopicNames& topics);

  std::unique_ptr<readmodel::ReadModel> model_;
  ModelFeed feed_;
  ApiState state_;
  std::unique_ptr<http::HttpServer> server_;
};

// The folder in which the read model of that system lies.
std::string PageFolderOf(const config::Config& config);

}  // namespace foothold::app
