#include "src/app/company_cast.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace foothold::app {
namespace {

constexpr std::array<std::string_view, 24> kCompanyFirst{
    "Alder",  "Beacon",  "Cobalt",   "Delta",     "Ember",    "Fjord",     "Granite", "Harbor",
    "Indigo", "Juniper", "Keystone", "Lumen",     "Meridian", "Northwind", "Orchard", "Pioneer",
    "Quarry", "Ridge",   "Summit",   "Tidewater", "Umber",    "Vantage",   "Willow",  "Zenith"};
constexpr std::array<std::string_view, 14> kCompanySecond{
    "Analytics", "Foods",    "Freight", "Health",   "Insurance", "Labs",    "Logistics",
    "Media",     "Mobility", "Retail",  "Robotics", "Studios",   "Systems", "Works"};
constexpr std::array<std::string_view, 28> kGivenNames{
    "Aisha", "Anna",  "Bruno", "Carla", "Chen",  "Dara",   "Elif", "Emil",  "Fatima", "Goran",
    "Hana",  "Ines",  "Jonas", "Kofi",  "Lea",   "Luca",   "Maja", "Mateo", "Nadia",  "Noah",
    "Olga",  "Priya", "Rosa",  "Samir", "Tomás", "Ursula", "Yuki", "Zoë"};
constexpr std::array<std::string_view, 28> kFamilyNames{
    "Adeyemi", "Bauer",   "Costa",  "Dubois",   "Eriksen",   "Fischer", "García",
    "Haddad",  "Ibrahim", "Jansen", "Kowalski", "Lindqvist", "Moreau",  "Novak",
    "Okafor",  "Petrov",  "Quinn",  "Rossi",    "Santos",    "Tanaka",  "Ueda",
    "Varga",   "Weber",   "Xu",     "Yilmaz",   "Zhang",     "Murphy",  "Müller"};
constexpr std::array<std::string_view, 8> kIndustries{
    "software", "retail", "logistics", "health", "media", "finance", "manufacturing", "education"};
constexpr std::array<std::string_view, 5> kChannels{"organic", "paid_search", "partner", "outbound",
                                                    "referral"};
constexpr std::array<std::string_view, 5> kStaff{"Marta Silva", "Peter Hahn", "Joy Achieng",
                                                 "Ravi Menon", "Clara Voss"};

struct Zone {
  std::string_view name;
  int hours;  // In January, when the simulated weeks begin.
};
constexpr std::array<Zone, 7> kZones{{{"America/Los_Angeles", -8},
                                      {"America/New_York", -5},
                                      {"America/Sao_Paulo", -3},
                                      {"Europe/London", 0},
                                      {"Europe/Berlin", 1},
                                      {"Asia/Kolkata", 5},
                                      {"Asia/Tokyo", 9}}};

// What a customer of this kind looks like.
struct Kind {
  std::string_view segment;
  std::string_view plan;
  std::string_view product_model;
  int share;  // In percent.
  int seat_price;
  int people_percent;  // Of the average number of people.
};
constexpr std::array<Kind, 5> kKinds{{{"smb", "trial", "plg", 34, 0, 60},
                                      {"smb", "team", "plg", 26, 29, 80},
                                      {"mid_market", "business", "sales_led", 20, 59, 130},
                                      {"mid_market", "business", "api_first", 8, 89, 90},
                                      {"enterprise", "enterprise", "enterprise", 12, 99, 200}}};

template <class T, std::size_t kCount>
const T& Pick(const std::array<T, kCount>& choices, Random* random) {
  return choices.at(static_cast<std::size_t>(random->Below(kCount)));
}

std::string PickName(Random* random) {
  const std::string_view given = Pick(kGivenNames, random);
  return fmt::format("{} {}", given, Pick(kFamilyNames, random));
}

const Kind& PickKind(Random* random) {
  std::int64_t left = random->Between(0, 99);
  for (const Kind& kind : kKinds) {
    left -= kind.share;
    if (left < 0) {
      return kind;
    }
  }
  return kKinds.back();
}

// Shares in percent of the courses in their order: kPrompt ... kDriftsAway.
using CourseShares = std::array<int, 6>;
constexpr std::array<CourseShares, 3> kHealth{{
    {42, 30, 5, 9, 5, 9},     // A good start.
    {20, 28, 12, 20, 12, 8},  // The usual.
    {5, 11, 14, 36, 29, 5},   // Trouble.
}};

Course PickCourse(const CourseShares& shares, Random* random) {
  std::int64_t left = random->Between(0, 99);
  for (std::size_t i = 0; i < shares.size(); ++i) {
    left -= shares.at(i);
    if (left < 0) {
      return static_cast<Course>(i);
    }
  }
  return Course::kSteady;
}

Role PickRole(Random* random) {
  const std::int64_t percent = random->Between(0, 99);
  if (percent < 30) {
    return Role::kAnalyst;
  }
  return percent < 62 ? Role::kOperator : Role::kViewer;
}

std::string_view TitleOf(Role role) {
  switch (role) {
    case Role::kAdmin:
      return "Head of Operations";
    case Role::kAnalyst:
      return "Data Analyst";
    case Role::kOperator:
      return "Operations Specialist";
    case Role::kViewer:
      return "Team Lead";
  }
  return "";
}

// ASCII letters of `text`, lower-cased: enough for a mail address.
std::string MailWord(std::string_view text) {
  std::string word;
  for (const char character : text) {
    const bool is_upper = character >= 'A' && character <= 'Z';
    const bool is_lower = character >= 'a' && character <= 'z';
    if (is_upper || is_lower) {
      word.push_back(static_cast<char>(is_upper ? character - 'A' + 'a' : character));
    }
  }
  return word;
}

Person CastPerson(const CustomerAccount& account, std::uint32_t account_index,
                  std::uint32_t position, const CourseShares& shares, Random* random) {
  const std::string_view given = Pick(kGivenNames, random);
  const std::string_view family = Pick(kFamilyNames, random);
  const Role role = position == 0 ? Role::kAdmin : PickRole(random);
  Course course = PickCourse(shares, random);
  if (position == 0 && course == Course::kNeverArrives) {
    course = Course::kStalls;  // Somebody signed the account up.
  }
  return {
      .account = account_index,
      .role = role,
      .course = course,
      .id = fmt::format("u_{:08x}", random->Next() & 0xffffffffU),
      .name = fmt::format("{} {}", given, family),
      // The number keeps two people of one name apart.
      .email = fmt::format("{}.{}{}@{}.example", MailWord(given), MailWord(family), position,
                           account.id),
      .title = std::string(TitleOf(role)),
  };
}

CustomerAccount CastAccount(const CompanyOptions& options, std::uint32_t index, Random* random) {
  const Kind& kind = PickKind(random);
  const Zone& zone = Pick(kZones, random);
  const std::string_view first = Pick(kCompanyFirst, random);
  const std::string_view second = Pick(kCompanySecond, random);
  const bool is_veteran = random->Chance(0.08);
  const int average = options.people_per_account * kind.people_percent / 100;
  const std::int64_t people =
      random->Between(std::max(2, average / 2), std::max(3, average * 3 / 2));
  const std::int64_t seats = people + random->Between(0, people);
  // Most sign up early enough for their windows to close before the end.
  const int last_day = std::max(1, options.weeks * 7 * 3 / 4);
  return {
      .id = fmt::format("{}-{}-{}", MailWord(first), MailWord(second), index + 1),
      .name = fmt::format("{} {}", first, second),
      .plan = std::string(kind.plan),
      .segment = std::string(kind.segment),
      .product_model = std::string(kind.product_model),
      .industry = std::string(Pick(kIndustries, random)),
      .channel = std::string(Pick(kChannels, random)),
      .time_zone = std::string(zone.name),
      .zone_hours = zone.hours,
      .mrr = seats * kind.seat_price,
      .seats = seats,
      .owner =
          kind.seat_price >= 59 && random->Chance(0.85) ? std::string(Pick(kStaff, random)) : "",
      .decision_maker = PickName(random),
      .is_veteran = is_veteran,
      .first_day = is_veteran ? 0 : static_cast<int>(random->Between(1, last_day)),
      .person_count = static_cast<std::uint32_t>(people),
  };
}

}  // namespace

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kAdmin:
      return "admin";
    case Role::kAnalyst:
      return "analyst";
    case Role::kOperator:
      return "operator";
    case Role::kViewer:
      return "viewer";
  }
  return "";
}

void CastCompany(const CompanyOptions& options, Random* random, CompanyPlan* plan) {
  for (int i = 0; i < options.accounts; ++i) {
    // Each account has a sequence of its own, so that one more account leaves the others as they
    // are.
    Random own(random->Next());
    const auto index = static_cast<std::uint32_t>(i);
    CustomerAccount account = CastAccount(options, index, &own);
    account.first_person = static_cast<std::uint32_t>(plan->people.size());
    const CourseShares& shares = Pick(kHealth, &own);
    for (std::uint32_t position = 0; position < account.person_count; ++position) {
      plan->people.push_back(CastPerson(account, index, position, shares, &own));
    }
    plan->accounts.push_back(std::move(account));
  }
}

}  // namespace foothold::app
