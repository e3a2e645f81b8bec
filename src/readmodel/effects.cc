#include "src/readmodel/effects.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "src/readmodel/answer_text.h"
#include "src/readmodel/parts.h"

namespace foothold::readmodel {
namespace {

struct Bounds {
  double low = 0;
  double high = 0;
};

// Wilson's score interval of a proportion, 95 %.
Bounds ScoreInterval(const Outcomes& outcomes) {
  constexpr double kZ = 1.959964;
  const auto n = static_cast<double>(outcomes.all());
  const double rate = outcomes.rate();
  const double scale = 1 + kZ * kZ / n;
  const double middle = (rate + kZ * kZ / (2 * n)) / scale;
  const double half = kZ / scale * std::sqrt(rate * (1 - rate) / n + kZ * kZ / (4 * n * n));
  return {.low = middle - half, .high = middle + half};
}

// The rows come by cohort, and within one by time to value.
Result<std::vector<UserCohort>> ReadCohorts(Database* database) {
  std::vector<UserCohort> cohorts;
  FOOTHOLD_ASSIGN(const std::string as_of, AsOf(database));
  const std::optional<ParsedTime> now = ParseRfc3339(as_of);
  if (!now.has_value()) {
    return cohorts;
  }
  FOOTHOLD_ASSIGN(
      Statement select,
      database->Prepare("SELECT signup_week, coalesce(role, 'none'), coalesce(segment, 'none'),"
                        " activated_at IS NOT NULL, to_value_s FROM person"
                        " WHERE removed_at IS NULL AND history = 'known'"
                        " AND signup_week BETWEEN ?1 AND ?2 ORDER BY 1, 2, 3, 5"));
  select.Bind(1, IsoWeekOf(now->instant - (kCohortWeeks - 1) * 7 * kDay));
  select.Bind(2, IsoWeekOf(now->instant));
  std::vector<std::int64_t> to_value_s;
  const auto close = [&] {
    if (!to_value_s.empty()) {
      cohorts.back().median_to_value_s = to_value_s[(to_value_s.size() - 1) / 2];
    }
    to_value_s.clear();
  };
  while (true) {
    FOOTHOLD_ASSIGN(const bool has_row, select.Step());
    if (!has_row) {
      close();
      return cohorts;
    }
    UserCohort row{.week = std::string(select.text(0)),
                   .role = std::string(select.text(1)),
                   .segment = std::string(select.text(2))};
    const auto group = [](const UserCohort& cohort) {
      return std::tie(cohort.week, cohort.role, cohort.segment);
    };
    if (cohorts.empty() || group(cohorts.back()) != group(row)) {
      close();
      cohorts.push_back(std::move(row));
    }
    ++cohorts.back().users;
    if (select.number(3) != 0) {
      ++cohorts.back().activated;
      if (!select.is_null(4)) {
        to_value_s.push_back(select.number(4));
      }
    }
  }
}

Result<std::vector<RuleEffect>> ReadRules(Database* database) {
  FOOTHOLD_ASSIGN(Statement select,
                  database->Prepare("SELECT rule, holdout, outcome, count(*) FROM intervention"
                                    " WHERE outcome IS NOT NULL AND rule IS NOT NULL"
                                    " GROUP BY rule, holdout, outcome ORDER BY rule"));
  std::vector<RuleEffect> rules;
  while (true) {
    FOOTHOLD_ASSIGN(const bool has_row, select.Step());
    if (!has_row) {
      return rules;
    }
    if (rules.empty() || rules.back().rule != select.text(0)) {
      rules.push_back({.rule = std::string(select.text(0)), .asked = {}, .held_out = {}});
    }
    RuleEffect& rule = rules.back();
    Outcomes& side = select.number(1) != 0 ? rule.held_out : rule.asked;
    std::int64_t& outcome = select.text(2) == "converted" ? side.converted
                            : select.text(2) == "churned" ? side.churned
                                                          : side.not_converted;
    outcome += select.number(3);
  }
}

void AppendSide(std::string_view name, const Outcomes& side, JsonWriter* json) {
  json->BeginObject(name);
  json->Member("outcomes", side.all());
  json->Member("converted", side.converted);
  json->Member("churned", side.churned);
  side.all() > 0 ? json->Raw("rate", fmt::format("{:.4f}", side.rate())) : json->Null("rate");
  json->EndObject();
}

void AppendRule(const RuleEffect& rule, JsonWriter* json) {
  json->BeginItem();
  json->Member("rule", rule.rule);
  AppendSide("asked", rule.asked, json);
  AppendSide("heldOut", rule.held_out, json);
  const std::optional<Difference> difference = DifferenceOf(rule.asked, rule.held_out);
  if (difference.has_value()) {
    json->BeginObject("difference");
    json->Raw("rate", fmt::format("{:.4f}", difference->rate));
    json->Raw("low", fmt::format("{:.4f}", difference->low));
    json->Raw("high", fmt::format("{:.4f}", difference->high));
    json->EndObject();
    json->Member("verdict", difference->low > 0    ? "more with it"
                            : difference->high < 0 ? "fewer with it"
                                                   : "no difference shown");
  } else {
    json->Null("difference");
    json->Member("verdict", "too few");
  }
  json->EndObject();
}

}  // namespace

std::optional<Difference> DifferenceOf(const Outcomes& asked, const Outcomes& held_out) {
  if (std::min(asked.all(), held_out.all()) < kOutcomesEnough) {
    return std::nullopt;
  }
  const Bounds with = ScoreInterval(asked);
  const Bounds without = ScoreInterval(held_out);
  const double rate = asked.rate() - held_out.rate();
  return Difference{
      .rate = rate,
      .low = rate - std::hypot(asked.rate() - with.low, without.high - held_out.rate()),
      .high = rate + std::hypot(with.high - asked.rate(), held_out.rate() - without.low)};
}

Result<Effects> ReadModel::ReadEffects() const {
  Effects effects;
  const Result<std::string> read = parts_->Answered([&](Database* database) -> Result<std::string> {
    FOOTHOLD_ASSIGN(effects.cohorts, ReadCohorts(database));
    FOOTHOLD_ASSIGN(effects.rules, ReadRules(database));
    return std::string();
  });
  if (!read.has_value()) {
    return Failure(read.error());
  }
  return effects;
}

Result<std::string> ReadModel::Ask(const OutcomesQuestion& /*question*/) const {
  return parts_->AnsweredOften("outcomes", [](Database* database) -> Result<std::string> {
    FOOTHOLD_ASSIGN(const std::vector<RuleEffect> rules, ReadRules(database));
    std::string text;
    JsonWriter json(&text);
    json.BeginObject();
    FOOTHOLD_TRY(AppendFacts(database, &json));
    json.BeginArray("rules");
    for (const RuleEffect& rule : rules) {
      AppendRule(rule, &json);
    }
    json.EndArray();
    json.EndObject();
    return text;
  });
}

}  // namespace foothold::readmodel
