#include "src/app/demo_care.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "src/app/demo_words.h"

namespace foothold::app {
namespace {

std::string_view HeaderOf(const log::RecordView& record, std::string_view name) {
  const auto found = std::ranges::find(record.headers, name, &log::Header::key);
  return found == record.headers.end() ? std::string_view() : found->value.value_or("");
}

// A text member of one of our own records, whose words need no escapes.
std::string_view TextOf(std::string_view json, std::string_view member) {
  const std::string begin = fmt::format("\"{}\":\"", member);
  const std::size_t at = json.find(begin);
  if (at == std::string_view::npos) {
    return "";
  }
  json.remove_prefix(at + begin.size());
  return json.substr(0, json.find('"'));
}

std::vector<Tallied> Sorted(const std::map<std::string, std::int64_t>& counts) {
  std::vector<Tallied> sorted;
  for (const auto& [name, count] : counts) {
    sorted.push_back({.name = name, .count = count});
  }
  std::ranges::stable_sort(sorted, std::ranges::greater{}, &Tallied::count);
  return sorted;
}

// "stalled after step 12, no login week 1 9 and 3 more"
std::string ListOf(const std::vector<Tallied>& tallied, std::size_t shown_max) {
  std::string text;
  for (std::size_t i = 0; i < tallied.size(); ++i) {
    if (i == shown_max) {
      return text + fmt::format(" and {} more", tallied.size() - i);
    }
    std::string name = tallied[i].name;
    std::ranges::replace(name, '_', ' ');
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", name, CountText(tallied[i].count));
  }
  return text.empty() ? "none" : text;
}

}  // namespace

void CareBoard::Apply(const log::RecordView& record) {
  const std::string_view type = HeaderOf(record, "ce_type");
  if (!type.starts_with("foothold.intervention.")) {
    return;
  }
  // The header names the rule and the playbook it stood in.
  std::string rule(HeaderOf(record, "ce_fhrule"));
  rule = rule.substr(0, rule.find('@'));
  AskedRow& row = rules_[rule];
  row.rule = rule;
  const std::string_view value = record.value.value_or("");
  if (type == "foothold.intervention.requested.v1") {
    ++row.asked;
    ++channels_[std::string(record.topic)];
  } else if (type == "foothold.intervention.cancelled.v1") {
    ++cancelled_;
  } else if (type == "foothold.intervention.suppressed.v1") {
    ++stopped_[std::string(TextOf(value, "suppressedBy"))];
  } else if (type == "foothold.intervention.outcome.v1") {
    const bool is_converted = TextOf(value, "outcome") == "converted";
    const bool is_holdout = value.find("\"holdout\":true") != std::string_view::npos;
    ++(is_holdout ? row.held_out : row.decided);
    (is_holdout ? row.held_out_converted : row.converted) += is_converted ? 1 : 0;
  }
}

void CareBoard::Take(const std::string& key, const journey::UserStatus& status) {
  const bool is_at_risk = !status.removed_at.has_value() && status.dropoff_risk.has_value() &&
                          *status.dropoff_risk != "low";
  if (!is_at_risk) {
    people_.erase(key);
    return;
  }
  AtRisk& person = people_[key];
  person.is_high = *status.dropoff_risk == "high";
  person.signals.clear();
  for (const journey::RiskReason& reason : status.risk_reasons) {
    if (reason.weight > 0) {
      person.signals.push_back(reason.signal);
    }
  }
}

void CareBoard::Take(const journey::AccountStatus& status) {
  Customer& customer = customers_[status.tenant];
  customer.risk = status.dropoff_risk.value_or("");
  customer.blockers.clear();
  if (status.activation_state != journey::AccountState::kActivated) {
    for (const journey::Blocker& blocker : status.blockers) {
      customer.blockers.push_back(blocker.name);
    }
  }
}

CarePicture CareBoard::Draw() const {
  CarePicture picture;
  std::map<std::string, std::int64_t> signals;
  for (const auto& [key, person] : people_) {
    ++(person.is_high ? picture.people_high : picture.people_medium);
    for (const std::string& signal : person.signals) {
      ++signals[signal];
    }
  }
  picture.signals = Sorted(signals);
  std::map<std::string, std::int64_t> blockers;
  for (const auto& [tenant, customer] : customers_) {
    picture.accounts_high += customer.risk == "high" ? 1 : 0;
    picture.accounts_medium += customer.risk == "medium" ? 1 : 0;
    for (const std::string& blocker : customer.blockers) {
      ++blockers[blocker];
    }
  }
  picture.blockers = Sorted(blockers);
  const auto of = [&](const std::string& topic) {
    const auto found = channels_.find(topic);
    return found == channels_.end() ? std::int64_t{0} : found->second;
  };
  picture.email = of(topics_.interventions_email);
  picture.in_app = of(topics_.interventions_in_app);
  picture.tasks = of(topics_.interventions_cs);
  picture.asked = picture.email + picture.in_app + picture.tasks;
  picture.cancelled = cancelled_;
  picture.stopped = Sorted(stopped_);
  for (const auto& [rule, row] : rules_) {
    if (row.asked > 0 || row.held_out > 0) {
      picture.rules.push_back(row);
    }
  }
  std::ranges::stable_sort(picture.rules, std::ranges::greater{}, &AskedRow::asked);
  return picture;
}

std::string RiskLine(const CarePicture& picture) {
  return fmt::format("people {} high, {} medium; accounts {} high, {} medium: {}",
                     CountText(picture.people_high), CountText(picture.people_medium),
                     CountText(picture.accounts_high), CountText(picture.accounts_medium),
                     ListOf(picture.signals, 3));
}

std::string AskedLine(const CarePicture& picture) {
  std::int64_t stopped = 0;
  for (const Tallied& reason : picture.stopped) {
    stopped += reason.count;
  }
  return fmt::format("{} ({} mails, {} in app, {} tasks), {} withdrawn; the gate stopped {}: {}",
                     CountText(picture.asked), CountText(picture.email), CountText(picture.in_app),
                     CountText(picture.tasks), CountText(picture.cancelled), CountText(stopped),
                     ListOf(picture.stopped, 3));
}

std::string DescribeCare(const CarePicture& picture, std::size_t rules_max) {
  std::string text = fmt::format("  at risk   {}\n", RiskLine(picture));
  text += fmt::format("  blockers  {}\n", ListOf(picture.blockers, 4));
  text += fmt::format("  asked     {}\n", AskedLine(picture));
  for (std::size_t i = 0; i < std::min(rules_max, picture.rules.size()); ++i) {
    const AskedRow& row = picture.rules[i];
    std::string outcome;
    if (row.decided > 0) {
      outcome = fmt::format("; converted {}", ShareText(row.converted, row.decided));
    }
    if (row.held_out > 0) {
      outcome += fmt::format("; of {} held back {}", CountText(row.held_out),
                             ShareText(row.held_out_converted, row.held_out));
    }
    text += fmt::format("    {:<26} {:>6}{}\n", row.rule, CountText(row.asked), outcome);
  }
  return text;
}

}  // namespace foothold::app
