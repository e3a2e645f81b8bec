#pragma once

// What can be asked of the read model. Empty texts filter nothing.

#include <cstdint>
#include <string>

#include "src/base/time.h"

namespace foothold::readmodel {

inline constexpr std::int64_t kPageMax = 200;
inline constexpr std::int64_t kOffsetMax = 10'000'000;

// A part of a list.
struct Page {
  std::int64_t limit = 50;  // [1, kPageMax]
  std::int64_t offset = 0;  // [0, kOffsetMax]
};

// How many accounts of each stage, state, risk, owner and so on.
struct OverviewQuestion {};

struct AccountsQuestion {
  std::string search = {};  // In name, id, owner; whatever the case.
  std::string stage = {}, state = {}, risk = {}, owner = {}, plan = {}, segment = {}, channel = {},
              week = {}, blocker = {};
  // since, risk, mrr, contract, outreach, tickets, rate, blockers, name; with '-' before it the
  // other way round. What is unknown comes last.
  std::string sort = "since";
  Page page = {};
};

struct AccountQuestion {
  std::string tenant = {};
};

struct PeopleQuestion {
  std::string tenant =
      {};  // Of one account, or, empty, of all those whose address begins with `email`.
  std::string email = {};
  std::string role = {}, state = {}, risk = {}, step = {};
  Page page = {};
};

struct InterventionsQuestion {
  std::string tenant = {};
  std::string state = {};  // requested, cancelled, suppressed, shadow.
  Page page = {};
};

struct WaitingQuestion {
  std::string state = "approval";  // approval, held, due.
  std::string tenant = {};
  Page page = {};
};

struct WaitingRung {
  std::string tenant = {}, user = {}, rule = {};
  std::int32_t rung = 1;
};

struct UpcomingQuestion {
  milliseconds within{7 * kDay};
  std::string kind = {};  // "rule", "signal", "blocker", "stage", "window", "trial".
  Page page = {};
};

struct FunnelQuestion {
  std::string plan = {}, segment = {}, channel = {};
};

struct CohortsQuestion {
  enum class By : std::uint8_t { kWeek, kChannel };
  By by = By::kWeek;
  std::string week = {}, channel = {};
};

// What came of the rungs of each rule, against those held out.
struct OutcomesQuestion {};

}  // namespace foothold::readmodel
