#include "tests/sim/workload.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "src/base/random.h"

namespace foothold::sim {
namespace {

// Noon of a Friday.
constexpr Instant kBegin = InstantFromMs(1'767'960'000'000);
constexpr std::array<std::string_view, 4> kTenants{"acme", "globex", "initech", "hooli"};
constexpr std::array<std::string_view, 5> kRoles{"admin", "analyst", "operator", "viewer", "buyer"};
constexpr std::array<std::string_view, 14> kEvents{
    "dashboard.created", "Report Exported",       "dashboard.viewed",  "transaction.created",
    "form.completed",    "user.logged_in",        "profile.completed", "integration.connected",
    "Export Failed",     "feature.advanced_used", "guide.skipped",     "record submitted",
    "session.started",   "something else"};

constexpr int kUsersMax = 24;

// Of one length, so that none is a part of another.
std::string UserName(int number) { return fmt::format("user{:02}", number); }

struct Planned {
  Instant arrives;
  std::int32_t partition = 0;
  std::optional<std::string> value;
};

struct Record {
  std::string_view type = "track";
  std::string event = {};
  std::string user = {};
  std::string tenant = {};  // Empty: it names none.
  std::string more = {};    // Further fields, each with a comma before it.
  Instant at;
  std::string id = {};  // Of the message; Author: empty for the next one.
};

std::string Text(const Record& record) {
  std::string text = fmt::format(R"({{"type":"{}","messageId":"{}","timestamp":"{}")", record.type,
                                 record.id, FormatRfc3339(record.at));
  if (!record.event.empty()) text += fmt::format(R"(,"event":"{}")", record.event);
  if (!record.user.empty()) text += fmt::format(R"(,"userId":"{}")", record.user);
  if (!record.tenant.empty() && record.type == "group") {
    text += fmt::format(R"(,"groupId":"{}")", record.tenant);
  } else if (!record.tenant.empty()) {
    text += fmt::format(R"(,"context":{{"groupId":"{}"}})", record.tenant);
  }
  return text + record.more + "}";
}

class Author {
 public:
  Author(std::uint64_t seed, int inputs, std::int32_t partitions)
      : random_(seed), count_(inputs), partitions_(partitions) {}

  Workload Write() {
    const int users = static_cast<int>(random_.Between(14, kUsersMax));
    WriteLate();
    for (int i = 0; i < users; ++i) {
      WriteUser(i);
    }
    while (static_cast<int>(planned_.size()) < count_) {
      WriteExtra(users);
    }
    return Finish();
  }

 private:
  template <std::size_t kCount>
  std::string_view OneOf(const std::array<std::string_view, kCount>& words) {
    return words[random_.Below(kCount)];
  }
  Instant SomeTime() { return kBegin + milliseconds{random_.Between(0, kSpan.count())}; }
  static std::string TenantOf(int user) {
    return std::string(kTenants[static_cast<std::size_t>(user) % kTenants.size()]);
  }

  std::string Text(Record record) {
    if (record.id.empty()) record.id = fmt::format("m{}", ++last_id_);
    return sim::Text(record);
  }

  // Most arrive at once, some a little or much later: then others overtake them.
  void Plan(const Record& record, const std::string& key) {
    milliseconds delay{random_.Between(0, 2'000)};
    if (random_.Chance(0.15)) {
      delay += milliseconds{random_.Between(0, 6 * kHour.count())};
    } else if (random_.Chance(0.04)) {
      delay += milliseconds{random_.Between(0, 9 * kDay.count())};
    }
    PlanAt(record.at + delay, Text(record), key);
  }

  void PlanAt(Instant arrives, std::optional<std::string> value, const std::string& key) {
    std::uint32_t hash = 7;
    for (const char c : key) {
      hash = hash * 31 + static_cast<unsigned char>(c);
    }
    // Producers key by user; some do not key at all.
    const auto partitions = static_cast<std::uint32_t>(partitions_);
    const std::int32_t partition = key.empty() || random_.Chance(0.1)
                                       ? static_cast<std::int32_t>(random_.Below(partitions))
                                       : static_cast<std::int32_t>(hash % partitions);
    planned_.push_back({arrives, partition, value});
    if (value.has_value() && random_.Chance(0.05)) {  // Delivered again.
      planned_.push_back(
          {arrives + milliseconds{random_.Between(0, 2 * kDay.count())}, partition, value});
    }
  }

  // Logs in, misses the window, works after it; what was done in time is told at the very end.
  // Whether the window is seen to expire rests on clocks and on what is measured. That what came
  // late is late, and what is told at last corrects it, rests on nothing.
  void WriteLate() {
    const Instant came = kBegin + 9 * kDay;
    const auto text = [this](std::string_view event, Instant at) {
      return Text({.event = std::string(event),
                   .user = "late",
                   .tenant = "acme",
                   .more = R"(,"properties":{"role":"operator"})",
                   .at = at});
    };
    const auto work = [&](Instant from) {
      std::vector<std::string> forms;
      for (int i = 0; i < 5; ++i) {
        forms.push_back(text("form.completed", from + i * kMinute));
      }
      return forms;
    };
    const std::vector<std::string> coming{text("Signed Up", came), text("user.logged_in", came)};
    for (const std::string& value : coming) {
      PlanAt(came, value, "late");
    }
    // Who began to read after that is told again.
    last_ = {coming, work(came + 9 * kDay), work(came + kDay)};
  }

  void WriteUser(int i) {
    const std::string user = UserName(i);
    const std::string tenant = TenantOf(i);
    Instant at = kBegin + milliseconds{random_.Between(0, 8 * kDay.count())};
    const double kind = random_.Unit();
    if (kind < 0.55) {
      Plan({.event = "Signed Up",
            .user = user,
            .tenant = tenant,
            .more = fmt::format(R"(,"properties":{{"role":"{}"}})", OneOf(kRoles)),
            .at = at},
           user);
    } else if (kind < 0.8) {
      Plan({.event = "user.invited",
            .user = UserName(i / 2),
            .tenant = tenant,
            .more = fmt::format(R"(,"properties":{{"email":"{}@x.example","role":"{}"}})", user,
                                OneOf(kRoles)),
            .at = at},
           user);
      Plan({.type = "identify",
            .user = user,
            .tenant = random_.Chance(0.5) ? tenant : "",
            .more = fmt::format(R"(,"traits":{{"email":"{}@x.example","name":"{}"}})", user, user),
            .at = at + kHour},
           user);
    } else {
      Plan({.type = "group",
            .user = user,
            .tenant = tenant,
            .more = fmt::format(R"(,"traits":{{"name":"{}","plan":"pro","mrr":{}}})", tenant,
                                random_.Between(1, 900)),
            .at = at},
           user);
    }
    const std::int64_t steps = random_.Between(1, 12);
    for (std::int64_t step = 0; step < steps; ++step) {
      at += milliseconds{random_.Between(kMinute.count(), 2 * kDay.count())};
      WriteWork(user, tenant, at);
    }
  }

  void WriteWork(const std::string& user, const std::string& tenant, Instant at) {
    // Who does not always name the account goes by the person.
    const std::string named = random_.Chance(0.75) ? tenant : "";
    Record record{.event = std::string(OneOf(kEvents)),
                  .user = user,
                  .tenant = named,
                  .more = fmt::format(R"(,"properties":{{"dashboardId":"d{}"}})", random_.Below(4)),
                  .at = at};
    if (random_.Chance(0.1)) {  // The same id with other content.
      record.id = fmt::format("m{}", random_.Between(1, std::max<std::int64_t>(1, last_id_)));
    }
    Plan(record, user);
  }

  void WriteExtra(int users) {
    const int i = static_cast<int>(random_.Below(static_cast<std::uint64_t>(users)));
    const std::string user = UserName(i);
    const std::string tenant = TenantOf(i);
    const Instant at = SomeTime();
    switch (random_.Below(12)) {
      case 0:
        PlanAt(at, WritePoison(), "");
        break;
      case 1:  // Somebody whom nobody knows.
        Plan({.event = "form.completed", .user = fmt::format("x{}", random_.Below(9)), .at = at},
             "");
        break;
      case 2:
        Plan({.type = "alias",
              .user = user,
              .more = fmt::format(R"(,"previousId":"x{}")", random_.Below(9)),
              .at = at},
             user);
        break;
      case 3:
        Plan({.event = random_.Chance(0.5) ? "user.removed" : "user.joined",
              .user = user,
              .tenant = tenant,
              .at = at},
             user);
        break;
      case 4:
        WriteFact(user, tenant, at);
        break;
      case 5:
        Plan({.event = "user.role_changed",
              .user = user,
              .tenant = tenant,
              .more = fmt::format(R"(,"properties":{{"role":"{}"}})", OneOf(kRoles)),
              .at = at},
             user);
        break;
      default:
        WriteWork(user, tenant, at);
        break;
    }
  }

  void WriteFact(const std::string& user, const std::string& tenant, Instant at) {
    constexpr std::array<std::string_view, 9> kFacts{
        "ticket.opened", "ticket.closed", "outreach.logged", "contract.signed", "kickoff.held",
        "trial.started", "plan.shared",   "account.renewed", "account.churned"};
    const std::string_view fact = OneOf(kFacts);
    Plan({.event = std::string(fact),
          .user = fact == "outreach.logged" ? user : "",
          .tenant = tenant,
          .more = fact == "trial.started" ? fmt::format(R"(,"properties":{{"trialEndsAt":"{}"}})",
                                                        FormatRfc3339(at + 5 * kDay))
                                          : std::string(),
          .at = at},
         tenant);
  }

  std::optional<std::string> WritePoison() {
    switch (random_.Below(7)) {
      case 0:
        return std::nullopt;
      case 1:
        return "not json";
      case 2:
        return R"({"type":"track","event":"x","userId":"u","context":{"groupId":"acme"},"timestamp":"nonsense"})";
      case 3:
        return R"({"type":"track","userId":"u1","context":{"groupId":"acme"},"timestamp":"2026-01-12T00:00:00Z"})";
      case 4:
        return R"({"type":"track","event":"x","anonymousId":"nobody","timestamp":"2026-01-12T00:00:00Z"})";
      case 5:
        return R"({"type":"brand-new"})";
      default:
        return std::string(64, '[');
    }
  }

  Workload Finish() {
    std::ranges::stable_sort(planned_, {}, &Planned::arrives);
    Workload workload{
        .inputs = {}, .last = {}, .begin = kBegin, .end = kBegin, .tenants = {}, .users = {}};
    for (Planned& planned : planned_) {
      workload.end = std::max(workload.end, planned.arrives);
      workload.inputs.push_back({planned.partition, std::move(planned.value), planned.arrives});
    }
    for (const std::vector<std::string>& round : last_) {
      workload.last.emplace_back();
      for (const std::string& value : round) {
        workload.last.back().push_back({0, value, workload.end});
      }
    }
    workload.tenants.assign(kTenants.begin(), kTenants.end());
    for (int i = 0; i < kUsersMax; ++i) {
      workload.users.push_back({TenantOf(i), UserName(i)});
    }
    return workload;
  }

  static constexpr milliseconds kSpan = 20 * kDay;

  Random random_;
  int count_;
  std::int32_t partitions_;
  std::int64_t last_id_ = 0;
  std::vector<Planned> planned_;
  std::vector<std::vector<std::string>> last_;
};

}  // namespace

Workload MakeWorkload(std::uint64_t seed, int inputs, std::int32_t partitions) {
  return Author(seed, inputs, partitions).Write();
}

std::vector<Input> WhatComesLate(const Member& member, Instant at) {
  const auto& [tenant, user] = member;
  const std::string address = fmt::format(R"("email":"{}@x.example")", user);
  const std::vector<Record> records{
      {.event = "form.completed", .user = user, .tenant = tenant, .at = at, .id = "late1"},
      {.type = "page", .user = user, .more = R"(,"name":"Home")", .at = at, .id = "late2"},
      {.type = "identify",
       .user = user,
       .more = fmt::format(R"(,"traits":{{{}}})", address),
       .at = at,
       .id = "late3"},
      {.event = "user.invited",
       .user = "colleague",
       .tenant = tenant,
       .more = fmt::format(R"(,"properties":{{{},"role":"viewer"}})", address),
       .at = at,
       .id = "late4"},
      {.event = "user.role_changed",
       .user = "colleague",
       .tenant = tenant,
       .more = fmt::format(R"(,"properties":{{"memberId":"{}","role":"viewer"}})", user),
       .at = at,
       .id = "late5"}};
  std::vector<Input> inputs;
  for (const Record& record : records) {
    inputs.push_back({0, Text(record), at});
  }
  return inputs;
}

}  // namespace foothold::sim
