#include "src/app/show.h"

#include <utility>

#include <fmt/format.h>

namespace foothold::app {

Show::Show(std::unique_ptr<readmodel::ReadModel> model, ApiOptions api,
           const stream::TopicNames& topics)
    : model_(std::move(model)), feed_(topics, model_.get()) {
  state_.model = model_.get();
  state_.options = std::move(api);
}

Result<std::unique_ptr<Show>> Show::Open(readmodel::ReadModelOptions model, ApiOptions api,
                                         const stream::TopicNames& topics) {
  FOOTHOLD_ASSIGN(std::unique_ptr<readmodel::ReadModel> opened,
                  readmodel::ReadModel::Open(std::move(model)));
  return std::unique_ptr<Show>(new Show(std::move(opened), std::move(api), topics));
}

Status Show::Serve() {
  http::HttpOptions options;
  options.listen = state_.options.listen;
  FOOTHOLD_TRY(AddTo(&options));
  FOOTHOLD_ASSIGN(server_, http::HttpServer::Start(std::move(options)));
  return {};
}

std::string Show::url() const {
  const std::string& listen = state_.options.listen;
  return fmt::format("http://{}:{}/", listen.substr(0, listen.rfind(':')), server_->port());
}

std::string PageFolderOf(const config::Config& config) {
  return fmt::format("{}/{}-page", config.state.dir, config.app);
}

}  // namespace foothold::app
