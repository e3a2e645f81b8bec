// A user's activation is a function of the set of its events, whatever their order of arrival.

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "src/base/random.h"
#include "src/config/playbook_file.h"
#include "tests/journey/naive_model.h"
#include "tests/journey/world.h"

namespace foothold::journey {
namespace {

// One seed of the environment, or as many as the test wants.
std::vector<std::uint64_t> Seeds(std::uint64_t count) {
  if (const char* given = std::getenv("FOOTHOLD_SEED"); given != nullptr) {
    return {std::strtoull(given, nullptr, 10)};
  }
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    seeds.push_back(seed);
  }
  return seeds;
}

constexpr std::array<const char*, 4> kUsers = {"ada", "bob", "cyd", "dan"};
constexpr std::array<const char*, 5> kRoles = {"admin", "analyst", "operator", "viewer", "buyer"};
constexpr std::array<const char*, 12> kEvents = {
    "integration.connected", "user.invited",         "dashboard.created", "report.exported",
    "transaction.created",   "record.submitted",     "form.completed",    "dashboard.viewed",
    "profile.completed",     "Dashboard First View", "api.first_call",    "integration.production"};
constexpr std::array<const char*, 5> kModels = {"plg", "sales_led", "api_first", "enterprise", ""};

template <std::size_t N>
std::string Pick(Random* random, const std::array<const char*, N>& words) {
  return words[random->Below(N)];
}

// Distinct times, so that ties are between equal ids only.
Instant TimeIn(Random* random, double days) {
  return Day(0) + milliseconds(random->Between(
                      0, static_cast<std::int64_t>(days * static_cast<double>(kDay.count()))));
}

EventSpec Product(Random* random, double days) {
  EventSpec spec{.name = Pick(random, kEvents),
                 .user = Pick(random, kUsers),
                 .at = TimeIn(random, days),
                 .properties = {},
                 .traits = {},
                 .role = {},
                 .id = {},
                 .previous_user = {}};
  if (spec.name == "user.invited") {
    spec.properties.emplace_back("inviteeId", Pick(random, kUsers));
    spec.role = random->Chance(0.5) ? Pick(random, kRoles) : "";
  } else if (random->Chance(0.9)) {
    spec.properties.emplace_back("dashboardId", "d" + std::to_string(random->Below(5)));
  }
  return spec;
}

EventSpec Fact(Random* random, double days) {
  EventSpec spec{.name = "identify",
                 .user = Pick(random, kUsers),
                 .at = TimeIn(random, days),
                 .properties = {},
                 .traits = {},
                 .role = {},
                 .id = {},
                 .previous_user = {}};
  switch (random->Below(8)) {
    case 0:
      spec.name = "user.role_changed";
      spec.role = Pick(random, kRoles);
      break;
    case 1:
      spec.name = "account.created";
      break;
    case 2:
      spec.name = "user.joined";
      spec.role = random->Chance(0.5) ? Pick(random, kRoles) : "";
      break;
    case 3:
      spec.name = "contract.signed";
      break;
    case 4:
      spec.name = "group";
      spec.traits.emplace_back("productModel", Pick(random, kModels));
      break;
    default:
      spec.role = Pick(random, kRoles);
      spec.traits.emplace_back("role", spec.role);
      break;
  }
  return spec;
}

// An account's events: acts and facts, some repeated (at a later or earlier time), some with an id
// that another event has too.
std::vector<EventSpec> Story(Random* random) {
  const double days = random->Chance(0.3) ? 3 : 40;
  const std::size_t count = 5 + random->Below(60);
  std::vector<EventSpec> story;
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_fact = random->Chance(0.3);
    EventSpec spec = is_fact ? Fact(random, days) : Product(random, days);
    spec.id = "e" + std::to_string(i);
    if (!story.empty() && random->Chance(0.05)) {
      spec.id = story[random->Below(story.size())].id;
    }
    story.push_back(spec);
    if (random->Chance(0.1)) {
      // Of a repeated fact only the newest time stays known, so it repeats as it was.
      spec.at = is_fact ? spec.at : TimeIn(random, days);
      story.push_back(spec);
    }
  }
  if (random->Chance(0.1)) {
    // More role facts than the state keeps.
    for (std::size_t i = 0; i < 320; ++i) {
      EventSpec spec{.name = random->Chance(0.5) ? "identify" : "user.role_changed",
                     .user = "ada",
                     .at = TimeIn(random, 500),
                     .properties = {},
                     .traits = {},
                     .role = {},
                     .id = "r" + std::to_string(i),
                     .previous_user = {}};
      spec.role = Pick(random, kRoles);
      story.push_back(spec);
    }
  }
  return story;
}

void Shuffle(Random* random, std::vector<EventSpec>* story) {
  for (std::size_t i = story->size(); i > 1; --i) {
    std::swap((*story)[i - 1], (*story)[random->Below(i)]);
  }
}

std::string TextOf(UserState state, std::optional<Instant> at, const std::string& role,
                   std::optional<Instant> opens, std::optional<Instant> closes) {
  const auto time = [](std::optional<Instant> instant) {
    return instant.has_value() ? FormatRfc3339(*instant) : std::string("-");
  };
  return std::string(UserStateName(state)) + " at " + time(at) + " as " + role + " in " +
         time(opens) + " .. " + time(closes);
}

void Compare(const Playbook& playbook, const std::vector<EventSpec>& story, World* world,
             Instant clock, Instant history_begin) {
  for (const char* name : kUsers) {
    if (!world->has_user(name)) {
      continue;
    }
    const NaiveTruth naive = Judge(playbook, story, name, clock, history_begin);
    const std::optional<UserStatus> status = world->LastStatus(name);
    ASSERT_TRUE(status.has_value()) << name;
    std::optional<Instant> opens;
    std::optional<Instant> closes;
    if (status->activation_window.has_value()) {
      opens = status->activation_window->opens_at;
      closes = status->activation_window->closes_at;
    }
    // The role at the activation stands in the record; the status has the current one.
    const User& user = world->user(name);
    const std::string role =
        naive.activated_at.has_value() ? user.truth.role : status->role.value_or("");
    EXPECT_EQ(TextOf(status->activation_state, status->activated, role, opens, closes),
              TextOf(naive.state, naive.activated_at, naive.role, naive.opens_at, naive.closes_at))
        << name;
    EXPECT_EQ(user.truth.state, naive.state) << name;
    EXPECT_EQ(user.truth.activated_at, naive.activated_at) << name;
  }
}

TEST(OrderTest, AnyOrderOfArrivalEndsInTheTruthOfAllEventsAtOnce) {
  const Playbook playbook = config::DefaultPlaybook();
  for (const std::uint64_t seed : Seeds(80)) {
    SCOPED_TRACE("FOOTHOLD_SEED=" + std::to_string(seed));
    Random random(seed);
    const std::vector<EventSpec> story = Story(&random);
    const Instant history_begin = random.Chance(0.3) ? Day(-10) : kEpoch;
    const Instant end = Day(static_cast<double>(random.Below(100)));
    for (int arrival = 0; arrival < 3; ++arrival) {
      std::vector<EventSpec> shuffled = story;
      if (arrival > 0) {
        Shuffle(&random, &shuffled);
      }
      World world(playbook, history_begin);
      for (const EventSpec& spec : shuffled) {
        world.Do(spec);
        if (random.Chance(0.1)) {
          world.AdvanceTo(std::min(end, TimeIn(&random, 60)));
        }
      }
      world.Finish(end);
      Compare(playbook, story, &world, end, history_begin);
      if (::testing::Test::HasFailure()) {
        return;
      }
    }
  }
}

TEST(OrderTest, TheAccountsCountersAreThoseOfItsMembers) {
  const Playbook playbook = config::DefaultPlaybook();
  for (const std::uint64_t seed : Seeds(40)) {
    SCOPED_TRACE("FOOTHOLD_SEED=" + std::to_string(seed));
    Random random(seed);
    World world(playbook);
    for (const EventSpec& spec : Story(&random)) {
      world.Do(spec);
      if (random.Chance(0.1)) {
        world.AdvanceTo(TimeIn(&random, 60));
      }
    }
    std::int64_t members = 0;
    std::int64_t reached = 0;
    for (const char* name : kUsers) {
      if (world.has_user(name)) {
        members += world.user(name).contribution.is_member ? 1 : 0;
        reached += world.user(name).contribution.is_reached ? 1 : 0;
      }
    }
    std::int64_t counted = 0;
    std::int64_t counted_reached = 0;
    for (const RoleCount& count : world.account().roles) {
      counted += count.all.members;
      counted_reached += count.all.reached;
      EXPECT_GE(count.all.active, 0);
    }
    EXPECT_EQ(counted, members);
    EXPECT_EQ(counted_reached, reached);
  }
}

}  // namespace
}  // namespace foothold::journey
