#include "src/app/demo.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "src/app/company_feed.h"
#include "src/app/demo_board.h"
#include "src/app/demo_view.h"
#include "src/app/flags.h"
#include "src/app/health.h"
#include "src/app/service.h"
#include "src/app/settings.h"
#include "src/app/show.h"
#include "src/app/signals.h"
#include "src/app/stage_options.h"
#include "src/app/terminal.h"
#include "src/app/version.h"

namespace foothold::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr const char* kTopic = "product-events";
constexpr std::int32_t kPartitions = 4;
constexpr std::size_t kRecordsATurn = 1'000;
constexpr std::size_t kOutputChunk = 1'000;
constexpr std::int64_t kCompactEvery = 10'000;  // Records in.
constexpr milliseconds kUnpacedSlice{6 * kHour};
constexpr milliseconds kTick{40};
constexpr milliseconds kFrameEvery{200};
constexpr milliseconds kRateOver{2'000};
constexpr std::size_t kLogLinesMax = 100;

struct DemoFlags {
  std::int64_t weeks = 6;
  std::int64_t accounts = 150;
  std::int64_t seed = 1;
  std::int64_t seconds = 60;
  bool is_unpaced = false;
  std::string playbook;
  std::string http_listen = "127.0.0.1:9464";
  bool stays = false;
};

std::optional<int> Parse(std::span<const std::string> arguments, const Surroundings& surroundings,
                         DemoFlags* given) {
  Flags flags("demo", "A simulated SaaS company through the whole engine: weeks in a minute.");
  flags.AddNumber("--weeks", &given->weeks, 1, 52, "Of event time");
  flags.AddNumber("--accounts", &given->accounts, 1, 100'000, "Customers, of 8 people on average");
  flags.AddNumber("--seed", &given->seed, 0, 1'000'000'000, "Another company");
  flags.AddNumber("--seconds", &given->seconds, 1, 86'400, "How long it takes by the wall");
  flags.AddSwitch("--no-pace", &given->is_unpaced, "As fast as it goes");
  flags.AddText("--playbook", &given->playbook, "Playbook file; without it the default playbook");
  flags.AddText("--http-listen", &given->http_listen,
                "Address of the page, /metrics, /livez and /readyz meanwhile");
  flags.AddSwitch("--stay", &given->stays, "In the end, keep the page until interrupted");
  return flags.Parse(arguments, surroundings);
}

config::Config DemoConfig() {
  config::Config config;
  config.app = "demo";
  config.instance = "demo";
  config.clock = journey::ClockMode::kEvent;
  config::Source source;
  source.name = "product";
  source.preset = "segment";
  source.topics = {kTopic};
  config.sources = {std::move(source)};
  config.journal.partitions = kPartitions;
  config.people.partitions = 1;
  // The board reads the statuses as Protobuf: our JSON is for others.
  config.outputs.user_status.format = config::OutputFormat::kProtobufRaw;
  config.outputs.account_status.format = config::OutputFormat::kProtobufRaw;
  return config;
}

CompanyOptions CompanyOf(const DemoFlags& given) {
  CompanyOptions options;
  options.seed = static_cast<std::uint64_t>(given.seed);
  options.weeks = static_cast<int>(given.weeks);
  options.accounts = static_cast<int>(given.accounts);
  return options;
}

milliseconds Since(SteadyClock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(SteadyClock::now() - begin);
}

// Diagnostics wait while the screen is shown.
class HeldLines {
 public:
  void Hold(std::string_view line) {
    const std::lock_guard lock(mutex_);
    if (lines_.size() < kLogLinesMax) {
      lines_.emplace_back(line);
    }
  }
  void PrintTo(std::ostream* out) {
    const std::lock_guard lock(mutex_);
    for (const std::string& line : lines_) {
      *out << line << '\n';
    }
    lines_.clear();
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// On the address given, or on a free port of it if another process has that one.
Result<std::unique_ptr<http::HttpServer>> ServeSomewhere(const std::string& listen,
                                                         const Service& service,
                                                         const metrics::Registry& registry,
                                                         metrics::ProcessMetrics* process,
                                                         const Show* show, std::ostream* error) {
  Result<std::unique_ptr<http::HttpServer>> server =
      ServeHealth(listen, service, registry, process, show);
  if (server.has_value()) {
    return server;
  }
  const std::string host = listen.substr(0, listen.rfind(':'));
  Result<std::unique_ptr<http::HttpServer>> second =
      ServeHealth(host + ":0", service, registry, process, show);
  if (!second.has_value()) {
    return server;
  }
  *error << fmt::format("demo: {}; going on with port {}\n", server.error().message(),
                        (*second)->port());
  return second;
}

// The engine and what drives it, on one thread.
class Demo {
 public:
  Demo(const DemoFlags& given, const Surroundings& surroundings)
      : given_(given), surroundings_(surroundings), log_(clock_), board_(TopicNamesOf(config_)) {}

  Status Run(const journey::Playbook& playbook, const Logger& logger, const std::stop_token& stop);

 private:
  Status Open(const journey::Playbook& playbook, const Logger& logger);
  Status OpenShow();
  Status Play(const std::stop_token& stop);
  Status Finish();
  // Turns the service until it has nothing to do, and takes in what came out.
  Status Settle();
  Status TakeOutputs();
  Status TakeIn(std::span<const log::RecordView> records);
  Instant Until() const;
  milliseconds Left() const;
  void ShowFrame();
  void ShowWeek();
  RunFacts Facts();
  RunCost Cost(const std::stop_token& stop) const;

  const DemoFlags& given_;
  const Surroundings& surroundings_;
  const config::Config config_ = DemoConfig();
  const CompanyOptions company_ = CompanyOf(given_);
  const milliseconds span_{7 * kDay * given_.weeks};
  const SystemWallClock clock_;
  metrics::Registry registry_;
  metrics::ProcessMetrics process_metrics_{&registry_, "", clock_.Now()};
  log::MemoryLog log_;
  Board board_;
  std::unique_ptr<CompanyFeed> feed_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Show> show_;
  std::unique_ptr<http::HttpServer> server_;
  std::unique_ptr<log::CommittedReader> outputs_;
  std::unique_ptr<Terminal> terminal_;
  SteadyClock::time_point begun_ = SteadyClock::now();
  SteadyClock::time_point next_frame_ = begun_;
  int next_week_ = 1;
  std::int64_t compacted_at_ = 0;  // Records laid in by then.
  std::deque<std::pair<SteadyClock::time_point, std::int64_t>> lately_;
};

Status Demo::Open(const journey::Playbook& playbook, const Logger& logger) {
  const BuildInfo build = GetBuildInfo();
  metrics::ExportBuildInfo(&registry_, build.version, build.revision, build.compiler);
  FOOTHOLD_ASSIGN(feed_, CompanyFeed::Open(company_, kTopic, kPartitions, &log_));
  FOOTHOLD_ASSIGN(
      service_,
      Service::Open(
          {.config = config_, .playbook = playbook, .is_state_in_memory = true, .is_stepped = true},
          {.log = &log_, .clock = &clock_, .logger = &logger, .registry = &registry_}));
  FOOTHOLD_TRY(OpenShow());
  FOOTHOLD_ASSIGN(server_, ServeSomewhere(given_.http_listen, *service_, registry_,
                                          &process_metrics_, show_.get(), &surroundings_.error));
  FOOTHOLD_ASSIGN(outputs_, log_.ReadCommitted(TopicNamesOf(config_).Outputs()));
  return service_->Start();
}

Status Demo::OpenShow() {
  ApiOptions api;
  api.listen = given_.http_listen;
  api.has_real_people = false;
  api.app = config_.app;
  api.source = fmt::format("a simulated company of {} accounts", company_.accounts);
  FOOTHOLD_ASSIGN(show_, Show::Open({}, std::move(api), TopicNamesOf(config_)));
  show_->is_caught_up()->store(true);
  return {};
}

Status Demo::TakeOutputs() {
  std::span<const log::RecordView> records = outputs_->Read(kOutputChunk);
  while (!records.empty()) {
    FOOTHOLD_TRY(TakeIn(records));
    records = outputs_->Read(kOutputChunk);
  }
  outputs_->DeleteRead();
  return {};
}

Status Demo::TakeIn(std::span<const log::RecordView> records) {
  for (const log::RecordView& record : records) {
    FOOTHOLD_TRY(board_.Apply(record));
  }
  return show_->feed().Take(records);
}

Status Demo::Settle() {
  bool has_worked = true;
  while (has_worked) {
    FOOTHOLD_ASSIGN(has_worked, service_->Turn());
    log_.TrimConsumed(config_.app + "-intake");
    log_.TrimConsumed(config_.app + "-people");
    log_.TrimConsumed(config_.app + "-journey");
    FOOTHOLD_TRY(TakeOutputs());
  }
  if (feed_->record_count() - compacted_at_ >= kCompactEvery) {
    compacted_at_ = feed_->record_count();
    FOOTHOLD_TRY(log_.Compact(TopicNamesOf(config_).people_changelog));
    return log_.Compact(TopicNamesOf(config_).changelog);
  }
  return {};
}

// How far event time may have come by now. Stops at the end of each week, so that every run shows
// the same weeks.
Instant Demo::Until() const {
  const Instant week_end = company_.start + 7 * kDay * next_week_;
  if (given_.is_unpaced) {
    return std::min(week_end, feed_->reached() + kUnpacedSlice);
  }
  const double share =
      static_cast<double>(Since(begun_).count()) / static_cast<double>(given_.seconds * 1'000);
  const milliseconds come(static_cast<std::int64_t>(share * static_cast<double>(span_.count())));
  return std::min(week_end, company_.start + std::min(span_, come));
}

// By the plan, or as it has gone so far where the machine cannot keep up with that.
milliseconds Demo::Left() const {
  const double gone = static_cast<double>(Since(begun_).count());
  const double share = static_cast<double>((feed_->reached() - company_.start).count()) /
                       static_cast<double>(span_.count());
  const double planned = static_cast<double>(given_.seconds) * 1'000 - gone;
  const double expected = share > 0 ? gone * (1 - share) / share : 0;
  return milliseconds(static_cast<std::int64_t>(std::max({0.0, planned, expected})));
}

RunFacts Demo::Facts() {
  const SteadyClock::time_point now = SteadyClock::now();
  lately_.emplace_back(now, feed_->record_count());
  while (lately_.size() > 2 && now - lately_.front().first > kRateOver) {
    lately_.pop_front();
  }
  const milliseconds over = std::chrono::duration_cast<milliseconds>(now - lately_.front().first);
  const std::int64_t came = feed_->record_count() - lately_.front().second;
  return {.playbook = service_->playbook(),
          .url = fmt::format("http://{}:{}/",
                             given_.http_listen.substr(0, given_.http_listen.rfind(':')),
                             server_->port()),
          .weeks = company_.weeks,
          .start = company_.start,
          .now = feed_->reached(),
          .end = company_.start + span_,
          .records = feed_->record_count(),
          .records_a_second = over.count() == 0 ? 0 : came * 1'000 / over.count(),
          .left = Left()};
}

void Demo::ShowFrame() {
  if (terminal_ == nullptr || SteadyClock::now() < next_frame_) {
    return;
  }
  next_frame_ = SteadyClock::now() + kFrameEvery;
  const Terminal::Size size = Terminal::size();
  terminal_->Show(DrawScreen(board_.Draw(), Facts(),
                             {.columns = size.columns,
                              .lines = size.lines,
                              .has_colour = surroundings_.is_colour_allowed,
                              .has_blocks = Terminal::IsUtf8()}));
}

void Demo::ShowWeek() {
  if (terminal_ == nullptr) {
    surroundings_.out << DrawWeek(board_.Draw(), Facts(), next_week_) << std::flush;
  }
}

Status Demo::Play(const std::stop_token& stop) {
  const Instant end = company_.start + span_;
  while (!stop.stop_requested() && feed_->reached() < end) {
    FOOTHOLD_ASSIGN(const bool is_up_to_date, feed_->LayIn(Until(), kRecordsATurn));
    FOOTHOLD_TRY(Settle());
    if (feed_->reached() >= company_.start + 7 * kDay * next_week_) {
      if (next_week_ < company_.weeks) {
        ShowWeek();
      }
      ++next_week_;
    }
    ShowFrame();
    if (is_up_to_date && !given_.is_unpaced) {
      std::this_thread::sleep_for(kTick);
    }
  }
  return {};
}

Status Demo::Finish() {
  service_->RequestFinish(company_.start + span_);
  FOOTHOLD_TRY(Settle());
  return service_->Stop();
}

RunCost Demo::Cost(const std::stop_token& stop) const {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return milliseconds(time.tv_sec * 1'000 + time.tv_usec / 1'000);
  };
  return {.wall = Since(begun_),
          .cpu = ms(usage.ru_utime) + ms(usage.ru_stime),
          .memory_bytes_max = std::int64_t{usage.ru_maxrss} * 1'024,
          .is_stopped = stop.stop_requested()};
}

Status Demo::Run(const journey::Playbook& playbook, const Logger& logger,
                 const std::stop_token& stop) {
  FOOTHOLD_TRY(Open(playbook, logger));
  begun_ = SteadyClock::now();
  if (surroundings_.out_is_terminal && Terminal::CanBeRedrawn()) {
    terminal_ = std::make_unique<Terminal>(&surroundings_.out);
  } else {
    const std::string pace =
        given_.is_unpaced ? "as fast as it goes" : fmt::format("in about {} s", given_.seconds);
    surroundings_.out << fmt::format(
        "a simulated SaaS company, {} accounts, {} weeks {}, playbook {}\n{} shows it while it "
        "runs, {}metrics counts\n\n",
        company_.accounts, company_.weeks, pace, service_->playbook(), Facts().url, Facts().url);
  }
  Status played = Play(stop);
  if (played.ok() && !stop.stop_requested()) {
    played = Finish();
  }
  terminal_.reset();
  if (played.ok()) {
    surroundings_.out << DrawSummary(board_.Draw(), Facts(), Cost(stop)) << std::flush;
  }
  if (played.ok() && given_.stays) {
    surroundings_.error << fmt::format("{} until interrupted\n", Facts().url) << std::flush;
    while (!stop.stop_requested()) {
      std::this_thread::sleep_for(kFrameEvery);
    }
  }
  return played;
}

}  // namespace

int RunDemo(std::span<const std::string> arguments, const Surroundings& surroundings) {
  DemoFlags given;
  if (const std::optional<int> code = Parse(arguments, surroundings, &given); code.has_value()) {
    return *code;
  }
  const StopOnSignal stop;
  const SystemWallClock clock;
  HeldLines held;
  const Logger logger({.level = LogLevel::kWarning}, clock,
                      [&held](std::string_view line) { held.Hold(line); });
  const Result<journey::Playbook> playbook = LoadPlaybook(given.playbook, logger);
  if (!playbook.has_value()) {
    surroundings.error << playbook.error().message() << '\n';
    return kExitConfig;
  }
  const Status ended = Demo(given, surroundings).Run(*playbook, logger, stop.token());
  held.PrintTo(&surroundings.error);
  if (!ended.ok()) {
    surroundings.error << "demo: " << ended.message() << '\n';
    return ended.code() == Code::kInvalid ? kExitConfig : kExitFailure;
  }
  return kExitOk;
}

}  // namespace foothold::app
