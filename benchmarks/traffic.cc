#include "benchmarks/traffic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string_view>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/json.h"

namespace foothold::benchmarks {
namespace {

constexpr std::array<std::string_view, 8> kRoles{"admin",    "analyst", "operator", "viewer",
                                                 "operator", "analyst", "viewer",   "operator"};

// What people of a role do, in shares of 100.
struct Habit {
  std::string_view event;
  int share;
};
using Habits = std::array<Habit, 6>;
constexpr Habits kAdminHabits{{{"Signed In", 20},
                               {"page", 45},
                               {"User Invited", 5},
                               {"Integration Connected", 3},
                               {"Workspace Configured", 7},
                               {"Dashboard Viewed", 20}}};
constexpr Habits kAnalystHabits{{{"Signed In", 12},
                                 {"page", 30},
                                 {"Dashboard Viewed", 30},
                                 {"Dashboard Created", 5},
                                 {"Report Exported", 8},
                                 {"Filter Applied", 15}}};
constexpr Habits kOperatorHabits{{{"Signed In", 12},
                                  {"page", 28},
                                  {"Transaction Created", 30},
                                  {"Record Submitted", 15},
                                  {"Form Completed", 10},
                                  {"Dashboard Viewed", 5}}};
constexpr Habits kViewerHabits{{{"Signed In", 18},
                                {"page", 30},
                                {"Dashboard Viewed", 40},
                                {"Report Opened", 8},
                                {"Filter Applied", 3},
                                {"Insight Shared", 1}}};

std::string_view RoleOf(const TrafficOptions& options, std::int64_t user) {
  return kRoles.at(static_cast<std::size_t>(user % options.users_per_account) % kRoles.size());
}

std::string_view PickEvent(std::string_view role, Random* random) {
  const Habits& habits = role == "admin"      ? kAdminHabits
                         : role == "analyst"  ? kAnalystHabits
                         : role == "operator" ? kOperatorHabits
                                              : kViewerHabits;
  std::int64_t left = random->Between(0, 99);
  for (const Habit& habit : habits) {
    left -= habit.share;
    if (left < 0) {
      return habit.event;
    }
  }
  return habits.back().event;
}

void WriteProperties(std::string_view event, std::string_view role, std::int64_t user,
                     Random* random, JsonWriter* json) {
  json->BeginObject("properties");
  if (event == "Account Created" || event == "Invite Accepted") {
    json->Member("role", role);
  } else if (event == "User Invited") {
    json->Member("inviteeId", fmt::format("user-{:07}", user + 1 + random->Between(0, 6)));
  } else if (event == "page") {
    json->Member("path", "/reports/quarterly");
  } else if (event.starts_with("Dashboard")) {
    json->Member("dashboardId", fmt::format("dashboard-{}", random->Between(1, 12)));
  } else if (event == "Report Exported") {
    json->Member("format", "csv");
    json->Member("rows", random->Between(1, 5000));
  } else {
    json->Member("area", "workspace");
  }
  json->Member("durationMs", random->Between(5, 4000));
  json->Member("variant", random->Chance(0.5) ? "control" : "treatment");
  json->EndObject();
}

}  // namespace

Traffic::Traffic(const TrafficOptions& options)
    : options_(options),
      random_(options.seed),
      cumulative_(static_cast<std::size_t>(options.users)),
      ranked_(static_cast<std::size_t>(options.users)),
      is_born_(static_cast<std::size_t>(options.users), false) {
  FOOTHOLD_CHECK(options.users > 0 && options.users_per_account > 0 && options.span.count() > 0,
                 "traffic needs users, accounts and time");
  double total = 0;
  for (std::size_t i = 0; i < cumulative_.size(); ++i) {
    total += 1.0 / std::pow(static_cast<double>(i + 1), options.skew);
    cumulative_[i] = total;
  }
  for (double& weight : cumulative_) {
    weight /= total;
  }
  std::iota(ranked_.begin(), ranked_.end(), std::int64_t{0});
  // Shuffled, so that the busy ones are not all of one account.
  for (std::size_t i = ranked_.size() - 1; i > 0; --i) {
    std::swap(ranked_[i], ranked_[static_cast<std::size_t>(random_.Below(i + 1))]);
  }
}

std::int64_t Traffic::PickUser() {
  if (options_.are_born_first && written_ <= options_.users) {
    return written_ - 1;
  }
  const auto found = std::ranges::lower_bound(cumulative_, random_.Unit());
  const auto rank = static_cast<std::size_t>(
      std::min<std::ptrdiff_t>(found - cumulative_.begin(), options_.users - 1));
  return ranked_[rank];
}

bool Traffic::Next(std::string* key, std::string* value) {
  if (written_ == options_.events) {
    return false;
  }
  const std::int64_t into = static_cast<std::int64_t>(
      static_cast<double>(options_.span.count()) *
      (static_cast<double>(written_) / static_cast<double>(options_.events)));
  // A few seconds out of order, as the network leaves them.
  const Instant at = options_.start + milliseconds(into + random_.Between(0, 5'000));
  ++written_;
  const std::int64_t user = PickUser();
  *key = fmt::format("user-{:07}", user);
  value->clear();
  WriteCall(user, at, value);
  if (random_.Below(1'000'000) < static_cast<std::uint64_t>(options_.malformed_ppm)) {
    value->resize(value->size() / 2);
  }
  return true;
}

void Traffic::WriteCall(std::int64_t user, Instant at, std::string* value) {
  const std::string_view role = RoleOf(options_, user);
  std::string_view event = PickEvent(role, &random_);
  if (!is_born_.at(static_cast<std::size_t>(user))) {
    is_born_.at(static_cast<std::size_t>(user)) = true;
    event = role == "admin" ? "Account Created" : "Invite Accepted";
  }
  const std::string time = FormatRfc3339(at);
  JsonWriter json(value);
  json.BeginObject();
  json.Member("type", event == "page" ? "page" : "track");
  json.Member(event == "page" ? "name" : "event", event == "page" ? "Reports" : event);
  json.Member("messageId", fmt::format("ajs-next-{:016x}{:08x}", random_.Next(), written_));
  json.Member("userId", fmt::format("user-{:07}", user));
  json.Member("timestamp", time);
  json.Member("originalTimestamp", time);
  json.Member("receivedAt", time);
  json.BeginObject("context");
  json.Member("groupId", fmt::format("account-{:06}", user / options_.users_per_account));
  json.BeginObject("traits");
  json.Member("role", role);
  json.EndObject();
  json.BeginObject("library");
  json.Member("name", "analytics.js");
  json.Member("version", "2.11.1");
  json.EndObject();
  json.Member("locale", "en-GB");
  json.Member("timezone", "Europe/Berlin");
  json.Member("userAgent",
              "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0");
  json.EndObject();
  WriteProperties(event, role, user, &random_, &json);
  json.EndObject();
}

}  // namespace foothold::benchmarks
