// What the read model and its API cost with many accounts. Statuses and decisions of an invented
// crowd are encoded as `run` writes them and taken in as `serve` takes them in; then every question
// of the API is asked over HTTP.
//
//   foothold_page --accounts 100000 --asks 200 [--keep 127.0.0.1:9465]
//
// Prints how long taking in took, the size of the file, the peak of memory, and of each question
// the median and the 99th percentile. With --keep it then serves until interrupted, for a browser.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "src/app/show.h"
#include "src/app/signals.h"
#include "src/base/check.h"
#include "src/codec/outputs.h"
#include "src/http/client.h"

namespace foothold::benchmarks {
namespace {

constexpr std::size_t kBatch = 2'000;  // As the follower takes them in.
constexpr int kAskMs = 30'000;
constexpr int kLookMs = 100;
constexpr std::array<const char*, 4> kPlans{"free", "team", "business", "enterprise"};
constexpr std::array<const char*, 3> kSegments{"smb", "mid_market", "enterprise"};
constexpr std::array<const char*, 5> kChannels{"organic", "ads", "referral", "partner", "event"};
constexpr std::array<const char*, 7> kStages{"handoff",  "kickoff",   "setup",    "activation",
                                             "adoption", "retention", "expansion"};
constexpr std::array<const char*, 4> kRoles{"admin", "analyst", "operator", "viewer"};
constexpr std::array<const char*, 4> kSteps{"arrived", "connected", "first_result", "habit"};
constexpr std::array<const char*, 3> kRisks{"low", "medium", "high"};
constexpr std::array<const char*, 4> kBlockers{"integration_not_connected", "no_users_invited",
                                               "never_accessed", "owner_missing"};

struct Options {
  std::int64_t accounts = 100'000;
  int asks = 200;
  std::uint64_t seed = 1;
  std::string keep;
};

// Accounts of one to five people, some of them in trouble.
class Crowd {
 public:
  explicit Crowd(std::uint64_t seed) : random_(seed), now_(ParseRfc3339("2026-06-01")->instant) {}

  // All records of one account.
  std::vector<journey::OutputRecord> Next() {
    const std::string tenant = fmt::format("tenant-{:06}", ++count_);
    journey::AccountStatus account = AccountOf(tenant);
    std::vector<journey::OutputRecord> records;
    const int people = 1 + Below(5);
    for (int i = 0; i < people; ++i) {
      records.emplace_back(PersonOf(account, fmt::format("user-{}-{}", count_, i)));
    }
    account.eligible = people;
    account.reached = Below(people + 1);
    account.activation_rate = static_cast<double>(account.reached) / people;
    account.composition = {{.role = "analyst", .joined = people, .reached = account.reached}};
    if (Below(3) == 0) {
      journey::InterventionRequested request;
      request.common.tenant = tenant;
      request.common.ce_id = fmt::format("i{}", count_);
      request.common.rule = "stalled@1";
      request.common.reason = "It stopped after a step and has not gone on for two days.";
      request.common.occurred_at = request.common.decided_at = request.ask.due_at = Ago(80);
      request.ask.ladder = "stalled";
      records.emplace_back(request);
    }
    if (account.activation_state != journey::AccountState::kNone) {
      journey::ActivationChanged change;
      change.common.tenant = tenant;
      change.common.ce_id = fmt::format("c{}", count_);
      change.common.decided_at = Ago(80);
      change.scope = journey::Scope::kAccount;
      change.from = "none";
      change.to = "partial";
      records.emplace_back(change);
    }
    records.emplace_back(std::move(account));
    return records;
  }

 private:
  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  Instant Ago(int days) { return now_ - Below(days * 24 * 60) * kMinute; }
  template <std::size_t N>
  const char* One(const std::array<const char*, N>& of) {
    return of[static_cast<std::size_t>(Below(static_cast<int>(N)))];
  }

  journey::AccountStatus AccountOf(const std::string& tenant) {
    journey::AccountStatus account;
    account.tenant = tenant;
    account.account.name = fmt::format("Company {:06}", (count_ * 7'919) % 1'000'000);
    account.account.plan = One(kPlans);
    account.account.segment = One(kSegments);
    account.account.channel = One(kChannels);
    account.account.mrr = 10.0 * Below(1'000);
    account.account.stage = One(kStages);
    account.account.owner = fmt::format("Owner {:02}", Below(60));
    account.account.owner_email = fmt::format("owner{:02}@foothold.example", Below(60));
    account.account.open_tickets = Below(4);
    account.created_at = Ago(300);
    account.account.signup_week = fmt::format("2025-W{:02}", 1 + Below(40));
    account.stage_entered_at = std::max(*account.created_at, Ago(120));
    account.activation_state = static_cast<journey::AccountState>(1 + Below(3));
    if (account.activation_state == journey::AccountState::kActivated) {
      account.activated_at = std::max(*account.created_at, Ago(200));
    }
    if (Below(2) == 0) {
      account.dropoff_risk = One(kRisks);
      account.risk_score = Below(101);
      account.risk_reasons = {{"role_inactive", 20, "No analyst was active for 7 days", Ago(20)}};
    }
    for (int i = Below(3); i > 0; --i) {
      account.blockers.push_back({One(kBlockers), Ago(60), "It has been so for a while"});
    }
    for (const char* const step : kSteps) {
      account.funnel.push_back(
          {fmt::format("analyst/{}", step), 4, 1 + Below(4), 3600.0 * (1 + Below(200))});
    }
    if (Below(50) == 0) {
      account.open_interventions = {"risk_high#1 waits for approval"};
    }
    account.next_timers = {{"rule:stalled", now_ + Below(14 * 24) * kHour}};
    account.playbook_version = "default@1";
    account.as_of = now_;
    return account;
  }

  journey::UserStatus PersonOf(const journey::AccountStatus& account, const std::string& user) {
    journey::UserStatus person;
    person.tenant = account.tenant;
    person.user = user;
    person.role = One(kRoles);
    person.email = user + "@" + account.tenant + ".example";
    person.name = fmt::format("Person {}", user);
    person.activation_state = static_cast<journey::UserState>(1 + Below(5));
    person.current_step = 1 + Below(4);
    person.step_name = kSteps[static_cast<std::size_t>(*person.current_step - 1)];
    person.step_entered_at = Ago(40);
    for (const char* const step : kSteps) {
      person.steps.push_back(
          {step, "setup", Below(2) == 0 ? std::optional(Ago(60)) : std::nullopt});
    }
    if (Below(3) == 0) {
      person.dropoff_risk = One(kRisks);
      person.risk_score = Below(101);
      person.risk_reasons = {{"idle", 30, "Nothing for 9 days", Ago(9)}};
    }
    person.activation_window = {"signup", Ago(20), now_ + Below(20 * 24) * kHour};
    person.session_count = Below(60);
    person.active_days = Below(30);
    person.first_seen_at = Ago(200);
    person.last_seen_at = Ago(30);
    person.playbook_version = "default@1";
    person.as_of = now_;
    return person;
  }

  std::mt19937_64 random_;
  Instant now_;
  std::int64_t count_ = 0;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Encoded records, as a log hands them on.
struct Encoded {
  std::string topic, key, value;
  std::vector<std::pair<std::string, std::string>> headers;
};

class Intake {
 public:
  explicit Intake(app::Show* show) : show_(show) {}

  void Take(const journey::OutputRecord& record) {
    const codec::EncodedOutput& encoded = encoder_.Encode(record);
    Encoded& kept = waiting_.emplace_back();
    kept.topic = topics_.Of(encoded.topic);
    kept.key = encoded.key;
    kept.value = encoded.value.value();
    for (const codec::OutputHeader& header : encoded.headers) {
      kept.headers.emplace_back(header.name, header.value);
    }
    if (waiting_.size() == kBatch) {
      Flush();
    }
  }

  void Flush() {
    std::vector<std::vector<log::Header>> headers;
    headers.reserve(waiting_.size());
    std::vector<log::RecordView> views;
    for (const Encoded& kept : waiting_) {
      std::vector<log::Header>& of = headers.emplace_back();
      for (const auto& [name, value] : kept.headers) {
        of.push_back({.key = name, .value = value});
      }
      views.push_back({.topic = kept.topic,
                       .partition = PartitionId{0},
                       .offset = records_++,
                       .timestamp = kEpoch,
                       .key = kept.key,
                       .value = kept.value,
                       .headers = of});
    }
    const double cpu = CpuSeconds();
    const double wall = WallSeconds();
    const Status taken = show_->feed().Take(views);
    FOOTHOLD_CHECK(taken.ok(), taken.message());
    cpu_ += CpuSeconds() - cpu;
    wall_ += WallSeconds() - wall;
    waiting_.clear();
  }

  std::int64_t records() const { return records_; }
  double cpu() const { return cpu_; }
  double wall() const { return wall_; }

 private:
  app::Show* show_;
  const stream::TopicNames topics_ = stream::TopicNames::ForApp("foothold");
  codec::OutputEncoder encoder_{codec::OutputOptions{.app = "foothold", .encodings = {}}};
  std::vector<Encoded> waiting_;
  std::int64_t records_ = 0;
  double cpu_ = 0;
  double wall_ = 0;
};

// How long the answers took, the first one (nothing is remembered yet) apart.
void AskOften(const std::string& address, const std::string& question, int asks) {
  std::vector<double> spans;
  std::size_t bytes = 0;
  for (int i = 0; i < asks; ++i) {
    const double begin = WallSeconds();
    const Result<http::HttpResponse> answer =
        http::Get(address, "/api/v1/" + question, milliseconds(kAskMs));
    spans.push_back(1e3 * (WallSeconds() - begin));
    FOOTHOLD_CHECK(answer.has_value() && answer->status == 200, question);
    bytes = answer->body.size();
  }
  const double first = spans.front();
  std::ranges::sort(spans);
  std::cout << fmt::format("{:<58} first {:7.1f} ms  p50 {:7.1f}  p99 {:7.1f}  {:7} B\n", question,
                           first, spans[spans.size() / 2], spans[spans.size() * 99 / 100], bytes)
            << std::flush;
}

// Every question of the API, with and without its filters, near the beginning and far from it.
std::vector<std::string> QuestionsOf(std::int64_t accounts) {
  const std::string some = fmt::format("tenant-{:06}", accounts / 2);
  return {"about",
          "overview",
          "accounts",
          "accounts?offset=50000",
          "accounts?sort=name",
          "accounts?sort=-mrr&stage=setup",
          "accounts?q=company+0001",
          "accounts?q=no-such-thing",
          "accounts?risk=high&sort=risk",
          "accounts?blocker=owner_missing",
          "accounts?owner=Owner+07",
          "account?id=" + some,
          "people?account=" + some,
          "people?email=user-77",
          "interventions",
          "interventions?state=requested&offset=20000",
          "interventions?account=" + some,
          "waiting",
          "upcoming",
          "upcoming?kind=window&offset=1000",
          "funnel",
          "funnel?plan=team",
          "cohorts",
          "cohorts?by=channel"};
}

void TakeIn(const Options& given, const std::filesystem::path& folder, app::Show* show) {
  Intake intake(show);
  Crowd crowd(given.seed);
  for (std::int64_t i = 0; i < given.accounts; ++i) {
    for (const journey::OutputRecord& record : crowd.Next()) {
      intake.Take(record);
    }
  }
  intake.Flush();
  show->is_caught_up()->store(true);
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    size += entry.file_size();
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto records = static_cast<double>(intake.records());
  std::cout << fmt::format(
      "{} records taken in: {:.1f} s, {:.0f}/s; CPU {:.1f} s, {:.0f} us each; file {} MiB; peak {} "
      "MiB\n",
      intake.records(), intake.wall(), records / intake.wall(), intake.cpu(),
      1e6 * intake.cpu() / records, size >> 20U, usage.ru_maxrss >> 10U);
}

int Main(int argc, char** argv) {
  Options given;
  CLI::App cli("Measures the read model and its API.");
  cli.add_option("--accounts", given.accounts)->capture_default_str();
  cli.add_option("--asks", given.asks, "Of each question")->capture_default_str();
  cli.add_option("--seed", given.seed)->capture_default_str();
  cli.add_option("--keep", given.keep, "Then serve there until interrupted");
  CLI11_PARSE(cli, argc, argv);
  const app::StopOnSignal stop;  // Before any thread.
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("foothold-page-{}", getpid());
  std::filesystem::create_directory(folder);
  {
    app::ApiOptions api;
    api.listen = given.keep.empty() ? "127.0.0.1:0" : given.keep;
    api.app = "foothold";
    api.source = "an invented crowd";
    const auto show = app::Show::Open({.path = (folder / "read-model.sqlite").string()},
                                      std::move(api), stream::TopicNames::ForApp("foothold"));
    FOOTHOLD_CHECK(show.has_value(), "a read model");
    TakeIn(given, folder, show->get());
    const Status served = (*show)->Serve();
    FOOTHOLD_CHECK(served.ok(), served.message());
    const std::string url = (*show)->url();
    const std::string address = url.substr(7, url.size() - 8);  // "http://" and "/" around it.
    for (const std::string& question : QuestionsOf(given.accounts)) {
      AskOften(address, question, given.asks);
    }
    if (!given.keep.empty()) {
      std::cout << url << " until interrupted\n" << std::flush;
      while (!stop.token().stop_requested()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(kLookMs));
      }
    }
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace foothold::benchmarks

int main(int argc, char** argv) { return foothold::benchmarks::Main(argc, argv); }
