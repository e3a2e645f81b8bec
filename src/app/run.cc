#include "src/app/run.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "src/app/flags.h"
#include "src/app/health.h"
#include "src/app/kafka_client.h"
#include "src/app/run_page.h"
#include "src/app/service.h"
#include "src/app/settings.h"
#include "src/app/signals.h"
#include "src/app/until.h"
#include "src/app/version.h"
#include "src/config/config_file.h"
#include "src/config/playbook_file.h"

namespace foothold::app {
namespace {

constexpr milliseconds kLookEvery{100};

struct RunFlags {
  std::string config;
  bool drains = false;
  std::string until;
  std::string http_listen;
};

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

Result<config::Config> ConfigOf(const RunFlags& given) {
  FOOTHOLD_ASSIGN(config::Config config, LoadConfig(given.config));
  FOOTHOLD_TRY(config::CheckRunnable(config));
  if (config.instance.empty()) {
    config.instance = HostName();
  }
  if (!given.http_listen.empty()) {
    config.http_listen = given.http_listen;
  }
  return config;
}

// Waits until what lay in the sources is in the journal, ends the input there, and waits until all
// of it is decided. kFatal: `stop` was requested before.
Status Drain(const RunFlags& given, const std::stop_token& stop, Service* service) {
  const auto wait_until = [&](const auto& is_so) {
    while (!stop.stop_requested() && !is_so()) {
      std::this_thread::sleep_for(kLookEvery);
    }
    return !stop.stop_requested();
  };
  const Status interrupted(Code::kFatal, "stopped before all was drained: run it again to go on");
  if (!wait_until([&] { return service->outlook().is_input_at_end; })) {
    return interrupted;
  }
  Status failure;
  const auto is_so = [&](Result<bool> answer) {
    if (!answer.has_value() && answer.error().code() != Code::kRetry) {
      failure = answer.error();
    }
    return !failure.ok() || answer.value_or(false);
  };
  // What was placed late belongs to the input as well.
  if (!wait_until([&] { return is_so(service->IsSettled()); }) || !failure.ok()) {
    return failure.ok() ? interrupted : failure;
  }
  // Also where nothing was accepted: what waits for an account ends with the input.
  const Instant last = service->outlook().event_time_max.value_or(kEpoch);
  service->RequestFinish(ParseUntil(given.until, last).value_or(last));
  if (!wait_until([&] { return service->outlook().is_finished; })) {
    return interrupted;
  }
  const bool is_folded = wait_until([&] { return is_so(service->IsFolded()); });
  return !is_folded && failure.ok() ? interrupted : failure;
}

Status Serve(const RunFlags& given, const config::Config& config, const journey::Playbook& playbook,
             const Logger& logger) {
  const SystemWallClock clock;
  StopOnSignal stop;
  metrics::Registry registry;
  const BuildInfo build = GetBuildInfo();
  metrics::ExportBuildInfo(&registry, build.version, build.revision, build.compiler);
  metrics::ProcessMetrics process(&registry, config.state.dir, clock.Now());
  const Result<std::unique_ptr<log::Log>> kafka = OpenKafka(config, &logger);
  if (!kafka.has_value()) {
    // Nothing has been asked of a broker yet: it is the configuration.
    return Error(Code::kInvalid, kafka.error().message());
  }
  FOOTHOLD_ASSIGN(
      const std::unique_ptr<Service> service,
      Service::Open(
          {.config = config, .playbook = playbook, .is_draining = given.drains},
          {.log = kafka->get(), .clock = &clock, .logger = &logger, .registry = &registry}));
  FOOTHOLD_ASSIGN(const std::unique_ptr<http::HttpServer> server,
                  ServeHealth(config.http_listen, *service, registry, &process));
  FOOTHOLD_ASSIGN(const std::unique_ptr<RunPage> page,
                  RunPage::Open(config, kafka->get(), &clock, &logger));
  logger.Info(service->Describe(), {{"http", fmt::format("port {}", server->port())}});
  if (!given.drains) {
    const Status ended = service->Run(stop.token());
    if (ended.ok()) {
      logger.Info("stopped");
    }
    return ended;
  }
  Status ran;
  Status drained;
  {
    const std::jthread worker([&] {
      ran = service->Run(stop.token());
      stop.RequestStop();
    });
    drained = Drain(given, stop.token(), service.get());
    stop.RequestStop();
  }
  const Status& ended = ran.ok() ? drained : ran;
  if (ended.ok()) {
    logger.Info("drained");
  }
  return ended;
}

}  // namespace

int RunRun(std::span<const std::string> arguments, const Surroundings& surroundings) {
  RunFlags given;
  Flags flags("run", "The service, against Kafka.");
  flags.AddText("-c,--config", &given.config, "foothold.yaml");
  flags.AddSwitch("--drain", &given.drains,
                  "Read to the ends of the sources as they are now, decide, and exit");
  flags.AddText(
      "--until", &given.until,
      "With --drain: where the clock goes at the end, a time or +30d after the last event");
  flags.AddText("--http-listen", &given.http_listen, "Address of /metrics, /livez and /readyz");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  if (given.config.empty()) {
    surroundings.error << "run: --config says where foothold.yaml is\n";
    return kExitConfig;
  }
  if (!ParseUntil(given.until, kEpoch).has_value()) {
    surroundings.error << UntilMistake("run", given.until) << '\n';
    return kExitConfig;
  }
  const Result<config::Config> config = ConfigOf(given);
  if (!config.has_value()) {
    surroundings.error << config.error().message() << '\n';
    return kExitConfig;
  }
  if (given.drains && config->clock != journey::ClockMode::kEvent) {
    surroundings.error
        << "run: --drain is for sources that have ended: set clock: {idle: event} in "
        << given.config << '\n';
    return kExitConfig;
  }
  const SystemWallClock clock;
  const Logger logger(
      {.level = config->log.level,
       .format = config->log.format,
       .has_colour = surroundings.error_is_terminal && surroundings.is_colour_allowed},
      clock);
  const Result<journey::Playbook> playbook = LoadPlaybook(config->playbook, logger);
  if (!playbook.has_value()) {
    surroundings.error << playbook.error().message() << '\n';
    return kExitConfig;
  }
  const milliseconds needed = config::RetentionNeeded(*playbook);
  if (config->journal.retention < needed) {
    surroundings.error << fmt::format(
        "run: journal.retention is {} and the playbook {} needs {} (its longest window and 30d)\n",
        FormatDuration(config->journal.retention), playbook->name, FormatDuration(needed));
    return kExitConfig;
  }
  const Status ended = Serve(given, *config, *playbook, logger);
  if (!ended.ok()) {
    logger.Error(ended.message());
    return ended.code() == Code::kInvalid ? kExitConfig : kExitFailure;
  }
  return kExitOk;
}

}  // namespace foothold::app
