#include "src/app/demo_board.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/app/demo_words.h"
#include "src/codec/status_reader.h"

namespace foothold::app {
namespace {

constexpr std::size_t kNewsMax = 12;

std::optional<milliseconds> Median(std::vector<milliseconds>* spans) {
  if (spans->empty()) {
    return std::nullopt;
  }
  const auto middle = spans->begin() + static_cast<std::ptrdiff_t>(spans->size() / 2);
  std::ranges::nth_element(*spans, middle);
  return *middle;
}

bool IsReached(journey::UserState state) {
  return state == journey::UserState::kActivated || state == journey::UserState::kActivatedLate;
}

// People who have not come yet are known by their e-mail alone: what stands before the @ will do.
std::string NameOf(const journey::UserStatus& status) {
  if (status.name.has_value() || !status.email.has_value()) {
    return status.name.value_or(status.user);
  }
  return status.email->substr(0, status.email->find('@'));
}

std::string OfRole(const std::string& role) { return role.empty() ? "no known role" : role; }

}  // namespace

// What one walk over all people adds up.
struct Board::Tally {
  struct Role {
    RoleRow row;
    std::vector<milliseconds> from_access, from_signup;
  };
  struct Team {
    std::int64_t members = 0, stuck = 0;
  };
  std::map<std::string, Role> roles;
  std::map<std::pair<std::string, std::string>, StuckStep> stuck;  // By role and step.
  std::map<std::string, Team> teams;                               // By tenant; known history only.
  std::int64_t before_history = 0;
};

Status Board::Apply(const log::RecordView& record) {
  if (record.topic == topics_.dead_letter) {
    for (const log::Header& header : record.headers) {
      if (header.key == "dlq_reason") {
        ++rejected_[std::string(header.value.value_or("unknown"))];
      }
    }
    return {};
  }
  if (record.topic != topics_.user_status && record.topic != topics_.account_status) {
    ++decisions_;
    care_.Apply(record);
    return {};
  }
  ++statuses_;
  const std::string key(record.key.value_or(""));
  if (!record.value.has_value()) {
    record.topic == topics_.user_status ? people_.erase(key) : customers_.erase(key);
    care_.ForgetUser(key);
    return {};
  }
  if (record.topic == topics_.user_status) {
    FOOTHOLD_ASSIGN(const journey::UserStatus status, codec::DecodeUserStatus(*record.value));
    Take(key, status);
    care_.Take(key, status);
  } else {
    FOOTHOLD_ASSIGN(const journey::AccountStatus status, codec::DecodeAccountStatus(*record.value));
    Take(status);
    care_.Take(status);
  }
  return {};
}

void Board::Tell(News news) {
  news_.push_front(std::move(news));
  if (news_.size() > kNewsMax) {
    news_.pop_back();
  }
}

void Board::TellOf(const Person& person, const journey::UserStatus& status) {
  using Kind = News::Kind;
  const std::string who =
      fmt::format("{}, {} of {}", person.name, OfRole(person.role), CustomerName(person.tenant));
  const milliseconds span{1'000 * person.from_access_s.value_or(0)};
  switch (person.state) {
    case journey::UserState::kActivated:
      Tell({.kind = Kind::kActivated,
            .at = status.as_of,
            .text = fmt::format("{}: activated in {}", who, SpanText(span))});
      return;
    case journey::UserState::kActivatedLate:
      Tell({.kind = Kind::kLate,
            .at = status.as_of,
            .text = fmt::format("{}: activated late, in {}", who, SpanText(span))});
      return;
    case journey::UserState::kWindowExpired:
      Tell({.kind = Kind::kExpired,
            .at = status.as_of,
            .text = fmt::format("{}: ran out of time before {}", who,
                                status.step_name.value_or("the first step"))});
      return;
    case journey::UserState::kNotStarted:
    case journey::UserState::kInProgress:
      return;
  }
}

std::string Board::CustomerName(const std::string& tenant) const {
  const auto found = customers_.find(tenant);
  return found == customers_.end() || found->second.name.empty() ? tenant : found->second.name;
}

void Board::Take(const std::string& key, const journey::UserStatus& status) {
  clock_ = std::max(clock_.value_or(kEpoch), status.as_of);
  Person& person = people_[key];
  const journey::UserState before = person.state;
  person.name = NameOf(status);
  person.role = status.role.value_or("");
  person.tenant = status.tenant;
  person.state = status.activation_state;
  person.is_history_known = status.is_history_known;
  person.is_removed = status.removed_at.has_value();
  person.has_access = status.anchor_first_access.has_value();
  person.steps.clear();
  person.steps_met.clear();
  for (const journey::StepStatus& step : status.steps) {
    person.steps.push_back(step.name);
    person.steps_met.push_back(step.met_at.has_value());
  }
  person.current_step = status.current_step;
  person.step_entered_at = status.step_entered_at;
  person.from_access_s = status.time_to_value_from_first_access_s;
  person.from_signup_s = status.time_to_value_from_signup_s;
  if (person.state != before && person.is_history_known && !person.is_removed) {
    TellOf(person, status);
  }
}

void Board::Take(const journey::AccountStatus& status) {
  clock_ = std::max(clock_.value_or(kEpoch), status.as_of);
  Customer& customer = customers_[status.tenant];
  const bool was_activated = customer.state == journey::AccountState::kActivated;
  customer.name = status.account.name.value_or("");
  customer.plan = status.account.plan.value_or("");
  customer.mrr = status.account.mrr;
  customer.state = status.activation_state;
  customer.created_at = status.created_at;
  customer.activated_at = status.activated_at;
  if (!was_activated && customer.state == journey::AccountState::kActivated) {
    Tell({.kind = News::Kind::kAccountActivated,
          .at = status.as_of,
          .text = fmt::format("{}: account activated, {} of {} members are there",
                              CustomerName(status.tenant), status.reached, status.eligible)});
  }
}

Picture Board::Draw() const {
  Picture picture;
  picture.clock = clock_;
  picture.rejected = rejected_;
  for (const auto& [reason, count] : rejected_) {
    picture.rejected_count += count;
  }
  picture.decisions = decisions_;
  picture.statuses = statuses_;
  picture.news.assign(news_.begin(), news_.end());
  picture.care = care_.Draw();
  DrawPeople(&picture);
  return picture;
}

void Board::DrawPeople(Picture* picture) const {
  Tally tally;
  for (const auto& [key, person] : people_) {
    if (!person.is_history_known) {
      ++tally.before_history;
      continue;
    }
    if (person.is_removed) {
      continue;
    }
    Tally::Role& role = tally.roles[person.role];
    RoleRow& row = role.row;
    ++row.members;
    row.with_access += person.has_access ? 1 : 0;
    row.in_time += person.state == journey::UserState::kActivated ? 1 : 0;
    row.late += person.state == journey::UserState::kActivatedLate ? 1 : 0;
    row.expired += person.state == journey::UserState::kWindowExpired ? 1 : 0;
    for (std::size_t i = 0; i < person.steps.size(); ++i) {
      if (row.steps.size() <= i) {
        row.steps.push_back({.name = person.steps[i], .reached = 0});
      }
      row.steps[i].reached += person.steps_met[i] ? 1 : 0;
    }
    if (IsReached(person.state) && person.from_access_s.has_value()) {
      role.from_access.emplace_back(*person.from_access_s * 1'000);
    }
    if (IsReached(person.state) && person.from_signup_s.has_value()) {
      role.from_signup.emplace_back(*person.from_signup_s * 1'000);
    }
    ++tally.teams[person.tenant].members;
    DrawStuck(person, &tally);
  }
  picture->before_history = tally.before_history;
  for (auto& [name, role] : tally.roles) {
    role.row.role = name;
    role.row.median_from_access = Median(&role.from_access);
    role.row.median_from_signup = Median(&role.from_signup);
    picture->roles.push_back(std::move(role.row));
  }
  std::stable_partition(picture->roles.begin(), picture->roles.end(),
                        [](const RoleRow& row) { return !row.role.empty(); });
  for (auto& [place, stuck] : tally.stuck) {
    picture->stuck_steps.push_back(std::move(stuck));
  }
  std::ranges::stable_sort(picture->stuck_steps, std::ranges::greater{}, &StuckStep::people);
  DrawAccounts(tally, picture);
}

void Board::DrawStuck(const Person& person, Tally* tally) const {
  if (IsReached(person.state) || !person.current_step.has_value() ||
      !person.step_entered_at.has_value() || !clock_.has_value()) {
    return;
  }
  const milliseconds since = *clock_ - *person.step_entered_at;
  if (since < kStuckAfter) {
    return;
  }
  const std::string& step = person.steps[static_cast<std::size_t>(*person.current_step) - 1];
  StuckStep& stuck =
      tally->stuck.try_emplace({person.role, step}, StuckStep{.role = person.role, .step = step})
          .first->second;
  if (since >= kStuckUntil) {
    ++stuck.longer;
    return;
  }
  ++stuck.people;
  ++tally->teams[person.tenant].stuck;
  const std::int64_t days = since / kDay;
  if (days > stuck.longest_days) {
    stuck.longest_days = days;
    stuck.longest_person = fmt::format("{}, {}", person.name, CustomerName(person.tenant));
  }
}

void Board::DrawAccounts(const Tally& tally, Picture* picture) const {
  std::vector<milliseconds> spans;
  for (const auto& [tenant, customer] : customers_) {
    const auto team = tally.teams.find(tenant);
    if (team == tally.teams.end()) {
      continue;
    }
    ++picture->accounts;
    if (customer.state == journey::AccountState::kActivated) {
      ++picture->accounts_activated;
      if (customer.activated_at.has_value() && customer.created_at.has_value()) {
        spans.push_back(std::max(milliseconds(0), *customer.activated_at - *customer.created_at));
      }
      continue;
    }
    picture->accounts_partial += customer.state == journey::AccountState::kPartial ? 1 : 0;
    if (team->second.stuck > 0) {
      picture->stuck_accounts.push_back({.name = CustomerName(tenant),
                                         .plan = customer.plan,
                                         .mrr = customer.mrr,
                                         .people = team->second.stuck,
                                         .members = team->second.members});
    }
  }
  picture->median_of_accounts = Median(&spans);
  std::ranges::stable_sort(picture->stuck_accounts, [](const StuckAccount& a, const auto& b) {
    return std::pair(a.people, a.mrr.value_or(0)) > std::pair(b.people, b.mrr.value_or(0));
  });
}

}  // namespace foothold::app
