#include "src/app/serve.h"

#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "src/app/approvals.h"
#include "src/app/flags.h"
#include "src/app/follower.h"
#include "src/app/kafka_client.h"
#include "src/app/look.h"
#include "src/app/progress_bar.h"
#include "src/app/settings.h"
#include "src/app/show.h"
#include "src/app/signals.h"
#include "src/app/stage_options.h"
#include "src/app/state_folder.h"

namespace foothold::app {
namespace {

constexpr milliseconds kLookEvery{100};

struct ServeFlags {
  RerunFlags rerun;
  std::string listen = "127.0.0.1:9465";
  std::string token_file;
  bool has_approvals = false;
  std::string cache;
};

std::optional<int> Parse(std::span<const std::string> arguments, const Surroundings& surroundings,
                         ServeFlags* given) {
  Flags flags("serve",
              "Accounts, people, funnels and what comes next, as a page and an HTTP API: of the "
              "running system of -c, or of files.");
  flags.AddText("--listen", &given->listen, "Address of the page and the API");
  flags.AddText("--token-file", &given->token_file,
                "File with the token that callers must show; needed beyond loopback; without it "
                "serve.token_file of -c, else what FOOTHOLD_SERVE_TOKEN holds");
  flags.AddSwitch("--approvals", &given->has_approvals,
                  "With -c and a token: callers may approve and reject what waits for it");
  flags.AddText("--cache", &given->cache,
                "Folder of what is kept between starts, with -c; without it in state.dir");
  AddLookFlags(&flags, &given->rerun);
  flags.AddPositionals("FILE", &given->rerun.files, 0,
                       "Events, one JSON record a line; .gz; - is stdin; none: the system of -c");
  return flags.Parse(arguments, surroundings);
}

// What was given, over what the configuration says.
Result<ApiOptions> ApiOptionsOf(const ServeFlags& given, const config::Config& config) {
  ApiOptions api;
  api.app = config.app;
  api.listen = given.listen;
  FOOTHOLD_ASSIGN(api.token,
                  TokenOf(given.token_file.empty() ? config.serve.token_file : given.token_file));
  return api;
}

Status ServeFiles(const ServeFlags& given, const config::Config& config,
                  const journey::Playbook& playbook, const Logger& logger,
                  const Surroundings& surroundings) {
  if (given.has_approvals) {
    return Error(Code::kInvalid,
                 "serve: --approvals is for a running system: give -c and no files");
  }
  FOOTHOLD_ASSIGN(ApiOptions api, ApiOptionsOf(given, config));
  api.source = fmt::format("{} file{} under playbook {}", given.rerun.files.size(),
                           given.rerun.files.size() == 1 ? "" : "s", playbook.name);
  const StopOnSignal stop;
  FOOTHOLD_ASSIGN(const std::unique_ptr<Rerun> rerun,
                  Rerun::Open(given.rerun, config, playbook, &logger));
  FOOTHOLD_ASSIGN(const std::unique_ptr<Show> show,
                  Show::Open({}, std::move(api), rerun->topics()));
  FOOTHOLD_TRY(show->Serve());
  surroundings.error << fmt::format("{} while it runs\n", show->url()) << std::flush;
  ProgressBar bar("serve", surroundings);
  const Status ran = rerun->Run(
      [&](std::span<const log::RecordView> records) {
        return stop.token().stop_requested() ? Status(Code::kFatal, "stopped before all was read")
                                             : show->feed().Take(records);
      },
      [&](double share) { bar.Show(share); });
  bar.Clear();
  if (!ran.ok()) {
    return stop.token().stop_requested() ? Status() : ran;
  }
  show->is_caught_up()->store(true);
  surroundings.error << "all of it is read; until interrupted\n" << std::flush;
  while (!stop.token().stop_requested()) {
    std::this_thread::sleep_for(kLookEvery);
  }
  return {};
}

Status ServeSystem(const ServeFlags& given, const config::Config& config, const Logger& logger,
                   const Surroundings& surroundings) {
  FOOTHOLD_ASSIGN(ApiOptions api, ApiOptionsOf(given, config));
  api.source = "the topics of " + config.app;
  const StopOnSignal stop;
  const SystemWallClock clock;
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Log> log, OpenKafka(config, &logger));
  if (given.has_approvals || config.serve.has_approvals) {
    api.approve = ApprovalWriter(config, fmt::format("serve-{}", getpid()), log.get(), &logger);
  }
  FOOTHOLD_ASSIGN(Follower::Source source, Follower::Find(log.get(), TopicNamesOf(config)));
  const std::string folder = given.cache.empty() ? PageFolderOf(config) : given.cache;
  FOOTHOLD_ASSIGN(const std::unique_ptr<StateFolder> claimed, StateFolder::Claim(folder));
  const readmodel::ReadModelOptions model{.path = folder + "/read-model.sqlite",
                                          .origin = source.Origin()};
  FOOTHOLD_ASSIGN(const std::unique_ptr<Show> show,
                  Show::Open(model, std::move(api), TopicNamesOf(config)));
  FOOTHOLD_TRY(show->Serve());
  surroundings.error << fmt::format("{} until interrupted\n", show->url()) << std::flush;
  Follower follower(log.get(), std::move(source), &clock, model.decisions_kept, show->model());
  return follower.Run(stop.token(), show->is_caught_up());
}

Status Serve(ServeFlags* given, const Logger& logger, const Surroundings& surroundings) {
  FOOTHOLD_ASSIGN(const config::Config config, LookConfigOf("serve", &given->rerun));
  if (given->rerun.is_of_journal) {
    return ServeSystem(*given, config, logger, surroundings);
  }
  FOOTHOLD_ASSIGN(
      const journey::Playbook playbook,
      LoadPlaybook(given->rerun.playbook.empty() ? config.playbook : given->rerun.playbook,
                   logger));
  return ServeFiles(*given, config, playbook, logger, surroundings);
}

}  // namespace

int RunServe(std::span<const std::string> arguments, const Surroundings& surroundings) {
  ServeFlags given;
  given.rerun.logging.level = LogLevel::kInfo;  // Who approved what, and why, is said there.
  if (const std::optional<int> code = Parse(arguments, surroundings, &given); code.has_value()) {
    return *code;
  }
  const SystemWallClock clock;
  const Logger logger(given.rerun.logging, clock);
  const Status served = Serve(&given, logger, surroundings);
  if (!served.ok()) {
    surroundings.error << served.message() << '\n';
    return served.code() == Code::kInvalid ? kExitConfig : kExitFailure;
  }
  return kExitOk;
}

}  // namespace foothold::app
