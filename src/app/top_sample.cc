#include "src/app/top_sample.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/json.h"

namespace foothold::app {
namespace {

// `name{a="x",b="y"} 3`.
struct MetricLine {
  std::string_view name;
  std::map<std::string, std::string, std::less<>> labels;
  double value = 0;

  std::string Label(std::string_view label) const {
    const auto found = labels.find(label);
    return found == labels.end() ? std::string() : found->second;
  }
};

std::optional<MetricLine> Parse(std::string_view line) {
  const std::size_t space = line.rfind(' ');
  if (line.empty() || line.front() == '#' || space == std::string_view::npos) {
    return std::nullopt;
  }
  MetricLine metric;
  metric.value = std::atof(std::string(line.substr(space + 1)).c_str());
  const std::string_view head = line.substr(0, space);
  const std::size_t brace = head.find('{');
  metric.name = head.substr(0, brace);
  if (brace == std::string_view::npos) {
    return metric;
  }
  std::string_view rest = head.substr(brace + 1);
  while (!rest.empty() && rest.front() != '}') {
    const std::size_t equals = rest.find("=\"");
    if (equals == std::string_view::npos) {
      return std::nullopt;
    }
    const std::string_view name = rest.substr(0, equals);
    rest.remove_prefix(equals + 2);
    std::string value;
    while (!rest.empty() && rest.front() != '"') {
      if (rest.front() == '\\' && rest.size() > 1) {
        rest.remove_prefix(1);
      }
      value.push_back(rest.front());
      rest.remove_prefix(1);
    }
    metric.labels.emplace(name, std::move(value));
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 1));
    if (!rest.empty() && rest.front() == ',') {
      rest.remove_prefix(1);
    }
  }
  return metric;
}

void Take(const MetricLine& metric, InstanceSample* sample) {
  const std::string stage = metric.Label("stage");
  if (metric.name == "foothold_worker_assigned_partitions") {
    ++sample->stages[stage].workers;
    sample->stages[stage].partitions += static_cast<std::int64_t>(metric.value);
  } else if (metric.name == "foothold_worker_lag_records") {
    sample->stages[stage].lag_records += metric.value;
  } else if (metric.name == "foothold_worker_lag_seconds") {
    double& seconds = sample->stages[stage].lag_seconds;
    seconds = std::max(seconds, metric.value);
  } else if (metric.name == "foothold_journey_clock_held_info" && metric.value > 0) {
    ++sample->clock_holders[metric.Label("holder")];
  } else if (metric.name == "foothold_journey_clock_timestamp_seconds") {
    const Instant clock = InstantFromMs(static_cast<std::int64_t>(metric.value * 1000));
    sample->clock = std::min(sample->clock.value_or(clock), clock);
  } else if (metric.name == "foothold_intake_records_total") {
    sample->records += metric.value;
  } else if (metric.name == "foothold_intake_rejected_records_total") {
    sample->rejected += metric.value;
  } else if (metric.name == "foothold_journey_decisions_total" ||
             metric.name == "foothold_journey_interventions_total") {
    sample->decisions += metric.value;
  }
}

double RateOf(double now, double before, milliseconds span) {
  return span.count() <= 0 ? 0 : (now - before) * 1000 / static_cast<double>(span.count());
}

// Of something that is counted: how much a second, or how much in all.
std::string FlowText(std::string_view noun, double now, std::optional<double> before,
                     milliseconds span) {
  if (!before.has_value()) {
    return fmt::format("{} {:.0f}", noun, now);
  }
  return fmt::format("{} {:.1f}/s", noun, RateOf(now, *before, span));
}

std::string ClockText(const InstanceSample& sample) {
  if (!sample.clock.has_value()) {
    return "";
  }
  std::string text = *sample.clock == kEpoch ? std::string("clock held from the start")
                                             : "clock " + FormatRfc3339(*sample.clock);
  std::vector<std::string> holders;
  for (const auto& [holder, partitions] : sample.clock_holders) {
    holders.push_back(fmt::format("{} (in {})", holder, partitions));
  }
  return holders.empty() ? text : text + fmt::format(", held by {}", fmt::join(holders, ", "));
}

}  // namespace

InstanceSample SampleOf(std::string_view metrics, Instant at) {
  InstanceSample sample{.at = at, .stages = {}, .clock_holders = {}, .clock = std::nullopt};
  while (!metrics.empty()) {
    const std::size_t end = std::min(metrics.find('\n'), metrics.size());
    if (const auto metric = Parse(metrics.substr(0, end)); metric.has_value()) {
      Take(*metric, &sample);
    }
    metrics.remove_prefix(std::min(end + 1, metrics.size()));
  }
  std::erase_if(sample.stages, [](const auto& stage) { return stage.second.workers == 0; });
  return sample;
}

std::vector<std::string> Describe(const std::string& address, const InstanceSample& sample,
                                  const std::optional<InstanceSample>& before) {
  const milliseconds span = before.has_value() ? sample.at - before->at : milliseconds{0};
  const auto was = [&](double InstanceSample::*what) {
    return before.has_value() ? std::optional((*before).*what) : std::nullopt;
  };
  std::vector<std::string> lines{
      fmt::format("{}  {}, {}, {}", address,
                  FlowText("records", sample.records, was(&InstanceSample::records), span),
                  FlowText("rejected", sample.rejected, was(&InstanceSample::rejected), span),
                  FlowText("decisions", sample.decisions, was(&InstanceSample::decisions), span))};
  for (const auto& [name, stage] : sample.stages) {
    lines.push_back(fmt::format(
        "  {:<8} {} worker{}  {:>3} partitions  lag {:.0f} records, {:.1f} s", name, stage.workers,
        stage.workers == 1 ? " " : "s", stage.partitions, stage.lag_records, stage.lag_seconds));
  }
  if (const std::string clock = ClockText(sample); !clock.empty()) {
    lines.push_back("  " + clock);
  }
  return lines;
}

std::string JsonOf(const std::string& address, const InstanceSample& sample,
                   const std::optional<InstanceSample>& before) {
  const auto number = [](double value) { return fmt::format("{:.3f}", value); };
  std::string line;
  JsonWriter json(&line);
  json.BeginObject();
  json.Member("at", FormatRfc3339(sample.at));
  json.Member("instance", address);
  json.Raw("records", number(sample.records));
  json.Raw("rejected", number(sample.rejected));
  json.Raw("decisions", number(sample.decisions));
  if (before.has_value()) {
    json.Raw("recordsPerS",
             number(RateOf(sample.records, before->records, sample.at - before->at)));
  } else {
    json.Null("recordsPerS");
  }
  json.BeginArray("stages");
  for (const auto& [name, stage] : sample.stages) {
    json.BeginItem();
    json.Member("stage", name);
    json.Member("workers", std::int64_t{stage.workers});
    json.Member("partitions", stage.partitions);
    json.Raw("lagRecords", number(stage.lag_records));
    json.Raw("lagS", number(stage.lag_seconds));
    json.EndObject();
  }
  json.EndArray();
  if (sample.clock.has_value() && *sample.clock > kEpoch) {
    json.Member("clock", FormatRfc3339(*sample.clock));
  } else {
    json.Null("clock");
  }
  json.BeginArray("clockHolders");
  for (const auto& [holder, partitions] : sample.clock_holders) {
    json.BeginItem();
    json.Member("holder", holder);
    json.Member("partitions", std::int64_t{partitions});
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return line;
}

}  // namespace foothold::app
