// The questions about all accounts together.

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/readmodel/answer_text.h"
#include "src/readmodel/parts.h"
#include "src/readmodel/where.h"

namespace foothold::readmodel {
namespace {

constexpr int kFacetMax = 100;
constexpr milliseconds kStuckAfter{3 * kDay};  // The useful window of a drop-off.
constexpr milliseconds kStuckUntil{14 * kDay};

// How many accounts have each value of a column, the most frequent first.
Status AppendFacet(std::string_view name, std::string_view table, std::string_view column,
                   Database* database, JsonWriter* json) {
  FOOTHOLD_ASSIGN(
      Statement select,
      database->Prepare(fmt::format("SELECT {0} AS name, count(*) AS accounts FROM {1} GROUP BY {0}"
                                    " ORDER BY accounts DESC, {0} LIMIT {2}",
                                    column, table, kFacetMax)));
  return AppendRows(name, &select, json);
}

Result<std::string> AnswerOverview(Database* database) {
  struct Facet {
    std::string_view name, table, column;
  };
  constexpr std::array<Facet, 8> kFacets{{{"stages", "account", "stage"},
                                          {"states", "account", "state"},
                                          {"risks", "account", "risk"},
                                          {"owners", "account", "owner"},
                                          {"plans", "account", "plan"},
                                          {"segments", "account", "segment"},
                                          {"channels", "account", "channel"},
                                          {"blockers", "blocker", "name"}}};
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  FOOTHOLD_TRY(AppendFacts(database, &json));
  FOOTHOLD_ASSIGN(
      Statement select,
      database->Prepare("SELECT (SELECT count(*) FROM account) AS accounts,"
                        " (SELECT coalesce(sum(members), 0) FROM account) AS people,"
                        " (SELECT count(*) FROM waiting WHERE state = 'approval') AS approvals,"
                        " (SELECT count(*) FROM waiting WHERE state = 'held') AS held"));
  FOOTHOLD_ASSIGN(const bool has_row, select.Step());
  if (has_row) {
    AppendMembers(select, &json);
  }
  for (const Facet& facet : kFacets) {
    FOOTHOLD_TRY(AppendFacet(facet.name, facet.table, facet.column, database, &json));
  }
  json.EndObject();
  return text;
}

// One transition of all funnels.
struct Transition {
  std::int64_t place = 0, entered = 0, completed = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> medians;  // And how many got through.
};

// The median of the accounts' medians, each as often as people got through there.
std::optional<std::int64_t> MedianOf(std::vector<std::pair<std::int64_t, std::int64_t>> medians) {
  std::ranges::sort(medians);
  std::int64_t all = 0;
  for (const auto& [median, count] : medians) {
    all += count;
  }
  std::int64_t passed = 0;
  for (const auto& [median, count] : medians) {
    passed += count;
    if (count > 0 && passed * 2 >= all) {
      return median;
    }
  }
  return std::nullopt;
}

Result<std::map<std::string, Transition>> ReadTransitions(const FunnelQuestion& question,
                                                          Database* database) {
  Where where;
  where.Is("plan", question.plan);
  where.Is("segment", question.segment);
  where.Is("channel", question.channel);
  FOOTHOLD_ASSIGN(Statement select,
                  database->Prepare("SELECT transition, median_s, place, entered, completed"
                                    " FROM funnel" +
                                    where.sql()));
  where.BindTo(&select);
  std::map<std::string, Transition> transitions;
  while (true) {
    FOOTHOLD_ASSIGN(const bool has_row, select.Step());
    if (!has_row) {
      return transitions;
    }
    Transition& transition = transitions[std::string(select.text(0))];
    if (select.number(3) > 0) {
      transition.place = std::max(transition.place, select.number(2));
    }
    transition.entered += select.number(3);
    transition.completed += select.number(4);
    if (select.number(1) >= 0) {
      transition.medians.emplace_back(select.number(1), select.number(4));
    }
  }
}

struct Stuck {
  std::int64_t people = 0, longer = 0;
};

// By "role/step": who stands there for days, and has not reached the milestone.
Result<std::map<std::string, Stuck>> ReadStuck(Database* database) {
  FOOTHOLD_ASSIGN(const std::string as_of, AsOf(database));
  const std::optional<ParsedTime> now = ParseRfc3339(as_of);
  std::map<std::string, Stuck> stuck;
  if (!now.has_value()) {
    return stuck;
  }
  FOOTHOLD_ASSIGN(Statement select,
                  database->Prepare("SELECT role, step_name, sum(step_since > ?2), count(*)"
                                    " FROM person WHERE removed_at IS NULL AND history = 'known'"
                                    " AND activated_at IS NULL AND step_since <= ?1"
                                    " GROUP BY role, step_name"));
  select.Bind(1, FormatRfc3339(now->instant - kStuckAfter));
  select.Bind(2, FormatRfc3339(now->instant - kStuckUntil));
  while (true) {
    FOOTHOLD_ASSIGN(const bool has_row, select.Step());
    if (!has_row) {
      return stuck;
    }
    stuck[fmt::format("{}/{}", select.text(0), select.text(1))] = {
        .people = select.number(2), .longer = select.number(3) - select.number(2)};
  }
}

Result<std::string> AnswerFunnel(const FunnelQuestion& question, Database* database) {
  FOOTHOLD_ASSIGN(const auto read, ReadTransitions(question, database));
  // People are counted whatever their account.
  const bool is_of_all =
      question.plan.empty() && question.segment.empty() && question.channel.empty();
  std::map<std::string, Stuck> stuck;
  if (is_of_all) {
    FOOTHOLD_ASSIGN(stuck, ReadStuck(database));
  }
  std::vector<std::pair<std::string, Transition>> transitions(read.begin(), read.end());
  std::ranges::stable_sort(transitions, {}, [](const auto& transition) {
    const std::string& name = transition.first;
    return std::pair(name.substr(0, name.find('/')), transition.second.place);
  });
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  FOOTHOLD_TRY(AppendFacts(database, &json));
  json.BeginArray("transitions");
  for (const auto& [name, transition] : transitions) {
    if (transition.entered <= 0) {
      continue;
    }
    const std::size_t slash = name.find('/');
    json.BeginItem();
    json.Member("role", slash == std::string::npos ? "" : name.substr(0, slash));
    json.Member("step", name.substr(slash == std::string::npos ? 0 : slash + 1));
    json.Member("entered", transition.entered);
    json.Member("completed", transition.completed);
    json.Member("lost", transition.entered - transition.completed);
    const std::optional<std::int64_t> median = MedianOf(transition.medians);
    median.has_value() ? json.Member("medianS", *median) : json.Null("medianS");
    if (is_of_all) {
      json.Member("stuck", stuck[name].people);
      json.Member("stuckLonger", stuck[name].longer);
    } else {
      json.Null("stuck");
      json.Null("stuckLonger");
    }
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return text;
}

// The accounts of one week or channel.
struct Cohort {
  std::int64_t accounts = 0, activated = 0, partial = 0, eligible = 0, reached = 0;
  std::vector<std::int64_t> to_value_s;
};

void AppendCohort(const std::string& name, Cohort* cohort, JsonWriter* json) {
  json->BeginItem();
  name.empty() ? json->Null("name") : json->Member("name", name);
  json->Member("accounts", cohort->accounts);
  json->Member("activated", cohort->activated);
  json->Member("partial", cohort->partial);
  json->Member("people", cohort->eligible);
  json->Member("reached", cohort->reached);
  std::vector<std::int64_t>& spans = cohort->to_value_s;
  if (spans.empty()) {
    json->Null("medianToValueS");
  } else {
    const auto middle = spans.begin() + static_cast<std::ptrdiff_t>((spans.size() - 1) / 2);
    std::ranges::nth_element(spans, middle);
    json->Member("medianToValueS", *middle);
  }
  json->EndObject();
}

Result<std::string> AnswerCohorts(const CohortsQuestion& question, Database* database) {
  Where where;
  where.Is("signup_week", question.week);
  where.Is("channel", question.channel);
  const char* const by = question.by == CohortsQuestion::By::kWeek ? "signup_week" : "channel";
  FOOTHOLD_ASSIGN(
      Statement select,
      database->Prepare(fmt::format(
          "SELECT {}, state, to_value_s, eligible, reached FROM account{}", by, where.sql())));
  where.BindTo(&select);
  std::map<std::string, Cohort> cohorts;
  while (true) {
    FOOTHOLD_ASSIGN(const bool has_row, select.Step());
    if (!has_row) {
      break;
    }
    Cohort& cohort = cohorts[std::string(select.text(0))];
    ++cohort.accounts;
    cohort.activated += select.text(1) == "activated" ? 1 : 0;
    cohort.partial += select.text(1) == "partial" ? 1 : 0;
    cohort.eligible += select.number(3);
    cohort.reached += select.number(4);
    if (!select.is_null(2)) {
      cohort.to_value_s.push_back(select.number(2));
    }
  }
  std::string text;
  JsonWriter json(&text);
  json.BeginObject();
  FOOTHOLD_TRY(AppendFacts(database, &json));
  json.BeginArray("cohorts");
  for (auto& [name, cohort] : cohorts) {
    AppendCohort(name, &cohort, &json);
  }
  json.EndArray();
  json.EndObject();
  return text;
}

}  // namespace

Result<std::string> ReadModel::Ask(const OverviewQuestion& /*question*/) const {
  return parts_->AnsweredOften("overview", AnswerOverview);
}

Result<std::string> ReadModel::Ask(const FunnelQuestion& question) const {
  return parts_->AnsweredOften(
      fmt::format("funnel\n{}\n{}\n{}", question.plan, question.segment, question.channel),
      [&](Database* database) { return AnswerFunnel(question, database); });
}

Result<std::string> ReadModel::Ask(const CohortsQuestion& question) const {
  return parts_->AnsweredOften(
      fmt::format("cohorts\n{}\n{}\n{}",
                  question.by == CohortsQuestion::By::kWeek ? "week" : "channel", question.week,
                  question.channel),
      [&](Database* database) { return AnswerCohorts(question, database); });
}

}  // namespace foothold::readmodel
