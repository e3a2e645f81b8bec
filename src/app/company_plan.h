#pragma once

// The cast and the script of the demo: who works where, and who does what when. Company
// (src/app/company.h) turns it into records.

#include <cstdint>
#include <string>
#include <vector>

#include "src/base/time.h"

namespace foothold::app {

struct CompanyOptions {
  std::uint64_t seed = 1;
  int weeks = 6;                                     // Of event time. [1, 52]
  int accounts = 150;                                // [1, 100000]
  int people_per_account = 8;                        // On average; [2, 50]
  Instant start = InstantFromMs(1'767'571'200'000);  // A Monday: 2026-01-05T00:00:00Z.
};

enum class Role : std::uint8_t { kAdmin, kAnalyst, kOperator, kViewer };
std::string_view RoleName(Role role);

// How somebody's onboarding goes.
enum class Course : std::uint8_t {
  kPrompt,        // The milestone within days.
  kSteady,        // Well inside the window.
  kLate,          // After the window has closed.
  kStalls,        // Takes some steps, comes back a few times, then no more.
  kNeverArrives,  // Invited, and never seen.
  kDriftsAway,    // Activates, and is gone two weeks later.
};

enum class Act : std::uint8_t {
  // Of the account, by nobody in particular.
  kContractSigned,
  kKickoffHeld,
  kPlanShared,
  kTicketOpened,
  kTicketClosed,
  kOutreachLogged,
  kAccountRenewed,
  kAccountChurned,
  // Of a person. `detail`: the invitee or member (index of people), else a number of a thing.
  kAccountCreated,
  kTrialStarted,
  kIdentify,
  kGroup,
  kJoin,
  kInvite,
  kInviteByEmail,
  kRoleChanged,
  kRemoved,
  kConsentChanged,
  kLogin,
  kPage,
  kProfileCompleted,
  kWorkspaceConfigured,
  kIntegrationAttempted,
  kIntegrationFailed,
  kIntegrationConnected,
  kApiFirstCall,
  kIntegrationProduction,
  kGuideStarted,
  kGuideSkipped,
  kGuideCompleted,
  kChecklistCompleted,
  kDashboardCreated,
  kDashboardViewed,
  kReportExported,
  kReportExportFailed,
  kReportOpened,
  kFilterApplied,
  kFilterSaved,
  kInsightShared,
  kTransactionCreated,
  kRecordSubmitted,
  kFormCompleted,
  kAdvancedFeatureUsed,
  // What no pipeline is free of: records that are wrong.
  kBrokenJson,
  kBrokenUtf8,
  kNotAnObject,
  kUnknownType,
  kBadUserType,
  kNoEventName,
  kNoTenant,
  kBadTime,
};
inline constexpr Act kFirstMalformed = Act::kBrokenJson;
inline constexpr Act kLastMalformed = Act::kBadTime;

struct Person {
  std::uint32_t account = 0;
  Role role = Role::kViewer;
  Course course = Course::kSteady;
  std::string id;
  std::string name;
  std::string email;
  std::string title;
};

struct CustomerAccount {
  std::string id;
  std::string name;
  std::string plan;
  std::string segment;
  std::string product_model;
  std::string industry;
  std::string channel;
  std::string time_zone;
  int zone_hours = 0;  // Ahead of UTC.
  std::int64_t mrr = 0;
  std::int64_t seats = 0;
  std::string owner;  // Of our own staff; empty: nobody has taken it.
  std::string decision_maker;
  bool is_veteran = false;  // A customer since before our history: no birth facts.
  int first_day = 0;        // Days from the start; of veterans 0.
  std::uint32_t first_person = 0;
  std::uint32_t person_count = 0;  // The first is the admin.
};

struct PlannedAct {
  Instant arrives;  // At the pipeline: what the records are ordered by.
  Instant at;
  std::uint32_t serial = 0;  // Of the message; a repeat has that of its original.
  std::uint32_t person = 0;  // Index of people; acts of the account name its admin.
  std::uint32_t detail = 0;
  Act act = Act::kPage;
};

struct CompanyPlan {
  std::vector<CustomerAccount> accounts;
  std::vector<Person> people;
  std::vector<PlannedAct> acts;  // By arrival.
};

// The same plan for the same options, on every machine.
CompanyPlan MakeCompanyPlan(const CompanyOptions& options);

}  // namespace foothold::app
