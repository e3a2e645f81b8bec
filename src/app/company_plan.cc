#include "src/app/company_plan.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <span>
#include <tuple>

#include "src/app/company_cast.h"
#include "src/base/check.h"
#include "src/base/random.h"

namespace foothold::app {
namespace {

using std::chrono::seconds;

constexpr milliseconds kWorkBegins{8 * kHour};
constexpr milliseconds kWorkHours{9 * kHour};
constexpr milliseconds kSettlingIn{45 * kMinute};  // From signing up or joining to the next visit.
constexpr double kMalformedShare = 0.005;
constexpr double kRepeatShare = 0.008;

// The window of each role's milestone in the default playbook, in days.
int WindowDays(Role role) {
  switch (role) {
    case Role::kAdmin:
    case Role::kOperator:
      return 7;
    case Role::kAnalyst:
      return 14;
    case Role::kViewer:
      return 30;
  }
  return 0;
}

constexpr int kNever = 1'000'000;

// One thing somebody does on a day of their own choice.
struct Step {
  int day = 0;
  Act act = Act::kPage;
  std::uint32_t detail = 0;
};

// One person's weeks, in days from the start of the simulation.
struct Weeks {
  int first_day = 0;       // Of presence.
  int done_day = 0;        // Of the last step; what comes after it is routine. kNever: not at all.
  int quiet_day = 0;       // First day of no presence.
  double presence = 0.75;  // Of workdays.
  Instant not_before = kEpoch;  // Of the first session.
  std::vector<Step> steps = {};
};

// What people do between the steps, while they have not got there and when they have.
std::span<const Act> Routine(Role role, bool is_done) {
  static constexpr std::array kLooking{Act::kPage, Act::kPage, Act::kPage, Act::kDashboardViewed};
  static constexpr std::array kAdminAtWork{Act::kPage, Act::kPage, Act::kDashboardViewed,
                                           Act::kWorkspaceConfigured, Act::kReportOpened};
  static constexpr std::array kAnalystTrying{Act::kPage, Act::kPage, Act::kDashboardViewed,
                                             Act::kFilterApplied, Act::kReportOpened};
  static constexpr std::array kAnalystAtWork{
      Act::kPage,          Act::kDashboardViewed,    Act::kDashboardViewed, Act::kFilterApplied,
      Act::kFilterSaved,   Act::kDashboardCreated,   Act::kReportExported,  Act::kReportExported,
      Act::kInsightShared, Act::kAdvancedFeatureUsed};
  static constexpr std::array kOperatorAtWork{Act::kPage, Act::kTransactionCreated,
                                              Act::kTransactionCreated, Act::kRecordSubmitted,
                                              Act::kFormCompleted};
  static constexpr std::array kViewerAtWork{Act::kPage, Act::kDashboardViewed,
                                            Act::kDashboardViewed, Act::kReportOpened};
  static constexpr std::array kPages{Act::kPage};
  switch (role) {
    case Role::kAdmin:
      return is_done ? std::span<const Act>(kAdminAtWork) : kLooking;
    case Role::kAnalyst:
      return is_done ? std::span<const Act>(kAnalystAtWork) : kAnalystTrying;
    case Role::kOperator:
      return is_done ? std::span<const Act>(kOperatorAtWork) : kLooking;
    case Role::kViewer:
      return is_done ? std::span<const Act>(kViewerAtWork) : kPages;
  }
  return kPages;
}

// Writes the script of one account after the other into a plan.
class Playwright {
 public:
  Playwright(const CompanyOptions& options, CompanyPlan* plan)
      : options_(options), days_(options.weeks * 7), plan_(plan) {}

  void WriteAccount(std::uint32_t index, Random* random);
  // Adds what goes wrong on the way, and puts everything in the order of arrival.
  void Finish(Random* random);

 private:
  bool IsWeekend(int day) const { return day % 7 >= 5; }
  int NextWorkday(int day) const;
  // Some moment of the day's working hours where the account is.
  Instant WorkMoment(const CustomerAccount& account, int day, Random* random) const;
  void Add(Instant at, std::uint32_t person, Act act, std::uint32_t detail = 0);

  void WriteStaffWork(const CustomerAccount& account, Random* random);
  void WriteBirth(const CustomerAccount& account, Instant at, Random* random);
  std::vector<Step> LadderOf(const Person& person, std::uint32_t index, Random* random) const;
  Weeks WeeksOf(std::uint32_t person, int anchor_day, Random* random) const;
  void InviteTeam(const CustomerAccount& account, Weeks* admin, Random* random);
  void WriteArrival(std::uint32_t person, int invited_day, Random* random);
  void WriteWeeks(std::uint32_t person, const Weeks& weeks, Random* random);
  // One sitting: a login, then the steps among other things. Returns when it ends.
  Instant WriteSession(std::uint32_t person, Instant begin, std::span<const Step> steps,
                       bool is_done, Random* random);

  const CompanyOptions options_;
  const int days_;
  CompanyPlan* plan_;
};

int Playwright::NextWorkday(int day) const {
  while (IsWeekend(day)) {
    ++day;
  }
  return day;
}

Instant Playwright::WorkMoment(const CustomerAccount& account, int day, Random* random) const {
  const milliseconds into_work{random->Between(0, kWorkHours.count())};
  return options_.start + kDay * day + kWorkBegins + into_work - kHour * account.zone_hours;
}

void Playwright::Add(Instant at, std::uint32_t person, Act act, std::uint32_t detail) {
  if (at < options_.start || at >= options_.start + kDay * days_) {
    return;
  }
  plan_->acts.push_back({.arrives = at, .at = at, .person = person, .detail = detail, .act = act});
}

void Playwright::WriteAccount(std::uint32_t index, Random* random) {
  const CustomerAccount& account = plan_->accounts.at(index);
  const std::uint32_t admin = account.first_person;
  Weeks weeks = WeeksOf(admin, account.first_day, random);
  if (account.is_veteran) {
    for (std::uint32_t i = 0; i < account.person_count; ++i) {
      Weeks routine{.first_day = 0, .done_day = 0, .quiet_day = days_, .presence = 0.6};
      WriteWeeks(admin + i, routine, random);
    }
    if (random->Chance(0.3)) {
      Add(WorkMoment(account, NextWorkday(20), random), admin, Act::kAccountRenewed);
    }
    return;
  }
  weeks.first_day = NextWorkday(weeks.first_day);
  const Instant signup = WorkMoment(account, weeks.first_day, random);
  weeks.not_before = signup + kSettlingIn;
  WriteBirth(account, signup, random);
  WriteStaffWork(account, random);
  InviteTeam(account, &weeks, random);
  WriteWeeks(admin, weeks, random);
}

void Playwright::WriteBirth(const CustomerAccount& account, Instant at, Random* random) {
  const std::uint32_t admin = account.first_person;
  Add(at, admin, Act::kAccountCreated);
  Add(at + seconds(1), admin, Act::kIdentify);
  Add(at + seconds(2), admin, Act::kGroup);
  if (account.plan == "trial") {
    Add(at + seconds(3), admin, Act::kTrialStarted);
  }
  const std::array<Step, 1> guide{{{.act = Act::kGuideStarted}}};
  WriteSession(admin, at + seconds(20), guide, false, random);
}

void Playwright::WriteStaffWork(const CustomerAccount& account, Random* random) {
  const std::uint32_t admin = account.first_person;
  const auto on_day = [&](int after, Act act) {
    const int day = NextWorkday(account.first_day + after);
    Add(WorkMoment(account, day, random), admin, act);
  };
  if (account.product_model == "sales_led" || account.product_model == "enterprise") {
    on_day(0, Act::kContractSigned);
    if (random->Chance(0.75)) {
      on_day(static_cast<int>(random->Between(1, 6)), Act::kKickoffHeld);
    }
    if (random->Chance(0.6)) {
      on_day(static_cast<int>(random->Between(1, 4)), Act::kPlanShared);
    }
  }
  if (random->Chance(0.25)) {
    const auto opened = static_cast<int>(random->Between(2, 20));
    on_day(opened, Act::kTicketOpened);
    on_day(opened + static_cast<int>(random->Between(1, 4)), Act::kTicketClosed);
  }
  const Course course = plan_->people.at(admin).course;
  if (course == Course::kStalls || course == Course::kLate) {
    if (random->Chance(0.5)) {
      on_day(static_cast<int>(random->Between(6, 12)), Act::kOutreachLogged);
    }
    if (course == Course::kStalls && random->Chance(0.3)) {
      on_day(static_cast<int>(random->Between(18, 30)), Act::kAccountChurned);
    }
  }
}

std::vector<Step> Playwright::LadderOf(const Person& person, std::uint32_t index,
                                       Random* random) const {
  const CustomerAccount& account = plan_->accounts.at(person.account);
  std::vector<Step> ladder;
  const auto add = [&ladder](Act act, std::uint32_t detail = 0) -> void {
    ladder.push_back({.act = act, .detail = detail});
  };
  switch (person.role) {
    case Role::kAdmin:
      add(Act::kProfileCompleted);
      add(Act::kIntegrationAttempted);
      if (random->Chance(0.35)) {
        add(Act::kIntegrationFailed);
        add(Act::kIntegrationAttempted);
      }
      if (account.product_model == "api_first") {
        add(Act::kApiFirstCall);
      }
      add(Act::kIntegrationConnected);
      if (account.product_model == "api_first") {
        add(Act::kIntegrationProduction);
      }
      add(Act::kChecklistCompleted);
      break;
    case Role::kAnalyst:
      add(Act::kDashboardViewed, 1);
      add(Act::kDashboardCreated, index);
      if (random->Chance(0.3)) {
        add(Act::kReportExportFailed);
      }
      add(Act::kReportExported);
      break;
    case Role::kOperator:
      add(Act::kTransactionCreated);
      add(Act::kRecordSubmitted);
      add(Act::kTransactionCreated);
      add(Act::kFormCompleted);
      add(Act::kRecordSubmitted);
      break;
    case Role::kViewer:
      add(Act::kDashboardViewed, 1);
      add(Act::kDashboardViewed, 2);
      add(Act::kDashboardViewed, 3);
      break;
  }
  return ladder;
}

Weeks Playwright::WeeksOf(std::uint32_t person, int anchor_day, Random* random) const {
  const Person& who = plan_->people.at(person);
  const int window = WindowDays(who.role);
  Weeks weeks{.first_day = anchor_day, .quiet_day = days_};
  weeks.steps = LadderOf(who, person, random);
  int span = 0;  // Days from the first to the last step.
  switch (who.course) {
    case Course::kPrompt:
    case Course::kDriftsAway:
      span = static_cast<int>(random->Between(0, 2));
      break;
    case Course::kSteady:
      span = static_cast<int>(random->Between(2, window * 7 / 10));
      break;
    case Course::kLate:
      span = window + static_cast<int>(random->Between(1, 6));
      break;
    case Course::kStalls:
      span = static_cast<int>(random->Between(1, 4));
      weeks.steps.resize(static_cast<std::size_t>(
          random->Between(0, static_cast<std::int64_t>(weeks.steps.size()) - 2)));
      break;
    case Course::kNeverArrives:
      weeks.steps.clear();
      weeks.quiet_day = weeks.first_day;
      break;
  }
  const auto count = static_cast<int>(weeks.steps.size());
  for (int i = 0; i < count; ++i) {
    // A late one does everything but the last step in time.
    const int day = who.course == Course::kLate && i + 1 < count
                        ? window * i / (2 * count)
                        : span * (i + 1) / std::max(count, 1);
    weeks.steps.at(static_cast<std::size_t>(i)).day = NextWorkday(weeks.first_day + day);
  }
  const bool is_reached = who.course != Course::kStalls && who.course != Course::kNeverArrives;
  weeks.done_day = is_reached && count > 0 ? weeks.steps.back().day : kNever;
  if (who.course == Course::kStalls) {
    weeks.quiet_day = weeks.first_day + span + static_cast<int>(random->Between(1, 7));
    weeks.presence = 0.45;
  } else if (who.course == Course::kDriftsAway) {
    weeks.quiet_day = weeks.done_day + static_cast<int>(random->Between(10, 18));
  } else if (who.course == Course::kLate) {
    weeks.presence = 0.4;
  }
  return weeks;
}

void Playwright::InviteTeam(const CustomerAccount& account, Weeks* admin, Random* random) {
  const Person& host = plan_->people.at(account.first_person);
  // Of those who stall, a third have invited nobody, another third one colleague.
  std::uint32_t invited = account.person_count - 1;
  if (host.course == Course::kStalls) {
    const auto third = static_cast<std::uint32_t>(random->Below(3));
    invited = third == 2 ? invited : std::min(invited, third);
  }
  const int last_day = admin->done_day == kNever ? admin->quiet_day - 1 : admin->done_day;
  const int span = std::max(0, last_day - admin->first_day);
  for (std::uint32_t i = 1; i <= invited; ++i) {
    const std::uint32_t person = account.first_person + i;
    // The first two belong to the admin's milestone: with the late ones, after the window too.
    const bool belongs = i <= 2;
    int day = admin->first_day + static_cast<int>(random->Between(0, span));
    if (belongs && host.course == Course::kLate) {
      day = i == 1 ? admin->first_day : admin->done_day;
    } else if (!belongs) {
      day += static_cast<int>(random->Between(0, 8));
    }
    day = NextWorkday(day);
    const Act act = random->Chance(0.5) ? Act::kInviteByEmail : Act::kInvite;
    admin->steps.push_back({.day = day, .act = act, .detail = person});
    WriteArrival(person, day, random);
  }
  std::ranges::stable_sort(admin->steps, {}, &Step::day);
}

void Playwright::WriteArrival(std::uint32_t person, int invited_day, Random* random) {
  const Person& who = plan_->people.at(person);
  const CustomerAccount& account = plan_->accounts.at(who.account);
  if (who.course == Course::kNeverArrives) {
    return;
  }
  const int patience = who.course == Course::kPrompt ? 1 : 4;
  const int first_day =
      NextWorkday(invited_day + 1 + static_cast<int>(random->Between(0, patience)));
  const Instant joined = WorkMoment(account, first_day, random);
  Add(joined, person, Act::kJoin);
  Add(joined + seconds(1), person, Act::kIdentify);
  Add(joined + seconds(2), person, Act::kGroup);
  const bool has_guide = random->Chance(0.4);
  const std::array<Step, 2> guide{
      {{.act = Act::kGuideStarted},
       {.act = random->Chance(0.4) ? Act::kGuideSkipped : Act::kGuideCompleted}}};
  WriteSession(person, joined + seconds(15),
               has_guide ? std::span<const Step>(guide) : std::span<const Step>(), false, random);
  Weeks weeks = WeeksOf(person, first_day, random);
  weeks.not_before = joined + kSettlingIn;
  if (random->Chance(0.02) && first_day + 12 < days_) {
    // Leaves the company: nothing comes after it.
    weeks.quiet_day = std::min(weeks.quiet_day, first_day + 12);
    Add(WorkMoment(account, NextWorkday(first_day + 12), random), account.first_person,
        Act::kRemoved, person);
  } else if (random->Chance(0.03)) {
    Add(WorkMoment(account, NextWorkday(first_day + 6), random), account.first_person,
        Act::kRoleChanged, person);
  }
  if (random->Chance(0.02)) {
    Add(joined + kHour, person, Act::kConsentChanged);
  }
  WriteWeeks(person, weeks, random);
}

void Playwright::WriteWeeks(std::uint32_t person, const Weeks& weeks, Random* random) {
  const CustomerAccount& account = plan_->accounts.at(plan_->people.at(person).account);
  std::vector<Step> todays;
  for (int day = weeks.first_day; day < std::min(weeks.quiet_day, days_); ++day) {
    todays.clear();
    std::ranges::copy_if(weeks.steps, std::back_inserter(todays),
                         [day](const Step& step) { return step.day == day; });
    const double presence = IsWeekend(day) ? 0.05 : weeks.presence;
    if (!random->Chance(presence) && todays.empty()) {
      continue;
    }
    const Instant begin = std::max(WorkMoment(account, day, random), weeks.not_before);
    const bool is_done = day > weeks.done_day;
    const Instant end = WriteSession(person, begin, todays, is_done, random);
    if (random->Chance(0.45)) {
      WriteSession(person, end + kMinute * random->Between(40, 180), {}, is_done, random);
    }
  }
}

Instant Playwright::WriteSession(std::uint32_t person, Instant begin, std::span<const Step> steps,
                                 bool is_done, Random* random) {
  const std::span<const Act> routine = Routine(plan_->people.at(person).role, is_done);
  Instant at = begin;
  Add(at, person, Act::kLogin);
  if (random->Chance(0.15)) {
    Add(at + seconds(1), person, Act::kGroup);  // Analytics libraries repeat it.
  }
  const std::int64_t others = random->Between(6, 18);
  std::size_t next_step = 0;
  for (std::int64_t i = 0; i < others || next_step < steps.size(); ++i) {
    at += milliseconds(random->Between(4'000, 110'000));
    if (next_step < steps.size() && (i % 2 == 1 || i >= others)) {
      const Step& step = steps[next_step];
      ++next_step;
      Add(at, person, step.act, step.detail);
      continue;
    }
    const Act act = routine[static_cast<std::size_t>(random->Below(routine.size()))];
    // Before they have got there, people look at one dashboard again and again.
    const auto thing = is_done ? static_cast<std::uint32_t>(1 + random->Below(9)) : 1U;
    Add(at, person, act, thing);
  }
  return at;
}

void Playwright::Finish(Random* random) {
  // Nearly all records arrive within seconds, a few minutes later, hardly any after hours.
  for (PlannedAct& act : plan_->acts) {
    const std::int64_t luck = random->Between(0, 999);
    if (luck < 900) {
      act.arrives += milliseconds(random->Between(20, 1500));
    } else if (luck < 980) {
      act.arrives += milliseconds(random->Between(1'500, 30'000));
    } else if (luck < 999) {
      act.arrives += seconds(random->Between(30, 480));
    } else {
      act.arrives += kMinute * random->Between(15, 180);
    }
  }
  const std::size_t count = plan_->acts.size();
  const auto malformed_count =
      static_cast<std::size_t>(static_cast<double>(count) * kMalformedShare);
  constexpr auto kKinds =
      static_cast<std::uint64_t>(kLastMalformed) - static_cast<std::uint64_t>(kFirstMalformed) + 1;
  for (std::size_t i = 0; i < malformed_count; ++i) {
    // At the time and in the name of somebody who is there.
    PlannedAct act = plan_->acts.at(static_cast<std::size_t>(random->Below(count)));
    act.act = static_cast<Act>(static_cast<std::uint64_t>(kFirstMalformed) + i % kKinds);
    plan_->acts.push_back(act);
  }
  const auto by_arrival = [](const PlannedAct& a, const PlannedAct& b) {
    return std::tie(a.arrives, a.person, a.at) < std::tie(b.arrives, b.person, b.at);
  };
  std::ranges::stable_sort(plan_->acts, by_arrival);
  for (std::size_t i = 0; i < plan_->acts.size(); ++i) {
    plan_->acts[i].serial = static_cast<std::uint32_t>(i);
  }
  const auto repeat_count = static_cast<std::size_t>(static_cast<double>(count) * kRepeatShare);
  for (std::size_t i = 0; i < repeat_count; ++i) {
    PlannedAct again = plan_->acts.at(static_cast<std::size_t>(random->Below(count)));
    again.arrives += seconds(random->Between(1, 600));
    plan_->acts.push_back(again);
  }
  std::ranges::stable_sort(plan_->acts, by_arrival);
}

}  // namespace

CompanyPlan MakeCompanyPlan(const CompanyOptions& options) {
  FOOTHOLD_CHECK(options.weeks >= 1 && options.weeks <= 52, "weeks out of range");
  FOOTHOLD_CHECK(options.accounts >= 1 && options.accounts <= 100'000, "accounts out of range");
  FOOTHOLD_CHECK(options.people_per_account >= 2 && options.people_per_account <= 50,
                 "people out of range");
  CompanyPlan plan;
  Random random(options.seed);
  CastCompany(options, &random, &plan);
  Playwright playwright(options, &plan);
  for (std::uint32_t i = 0; i < plan.accounts.size(); ++i) {
    Random own(random.Next());
    playwright.WriteAccount(i, &own);
  }
  playwright.Finish(&random);
  return plan;
}

}  // namespace foothold::app
