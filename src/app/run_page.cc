#include "src/app/run_page.h"

#include <thread>
#include <utility>

#include "src/app/approvals.h"
#include "src/app/follower.h"
#include "src/app/show.h"
#include "src/app/stage_options.h"
#include "src/app/state_folder.h"

namespace foothold::app {

// In construction order: what is used stands before its user.
struct RunPage::Parts {
  const Logger* logger = nullptr;
  std::unique_ptr<StateFolder> folder;
  std::unique_ptr<Show> show;
  std::unique_ptr<Follower> follower;
  std::jthread thread;
};

RunPage::RunPage(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RunPage::~RunPage() = default;

Result<std::unique_ptr<RunPage>> RunPage::Open(const config::Config& config, log::Log* log,
                                               const WallClock* clock, const Logger* logger) {
  if (config.serve.listen.empty()) {
    return std::unique_ptr<RunPage>();
  }
  auto parts = std::make_unique<Parts>();
  parts->logger = logger;
  const stream::TopicNames topics = TopicNamesOf(config);
  ApiOptions api;
  api.listen = config.serve.listen;
  api.app = config.app;
  api.source = "the topics of " + config.app;
  FOOTHOLD_ASSIGN(api.token, TokenOf(config.serve.token_file));
  if (config.serve.has_approvals) {
    api.approve = ApprovalWriter(config, config.instance + "-page", log, logger);
  }
  const std::string folder = PageFolderOf(config);
  FOOTHOLD_ASSIGN(parts->folder, StateFolder::Claim(folder));
  FOOTHOLD_ASSIGN(Follower::Source source, Follower::Find(log, topics));
  const readmodel::ReadModelOptions model{.path = folder + "/read-model.sqlite",
                                          .origin = source.Origin()};
  FOOTHOLD_ASSIGN(parts->show, Show::Open(model, std::move(api), topics));
  FOOTHOLD_TRY(parts->show->Serve());
  logger->Info("the page is at " + parts->show->url());
  parts->follower = std::make_unique<Follower>(log, std::move(source), clock, model.decisions_kept,
                                               parts->show->model());
  parts->thread = std::jthread([parts = parts.get()](const std::stop_token& stop) {
    const Status followed = parts->follower->Run(stop, parts->show->is_caught_up());
    if (!followed.ok()) {
      parts->logger->Error("the page stands still: " + followed.message());
    }
  });
  return std::unique_ptr<RunPage>(new RunPage(std::move(parts)));
}

}  // namespace foothold::app
