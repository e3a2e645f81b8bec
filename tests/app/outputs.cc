#include "tests/app/outputs.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

#include "src/app/output_line.h"
#include "src/base/check.h"

namespace foothold::app {
namespace {

struct LeftOut {
  std::string_view field;  // Of the value, or "header <name>".
  std::string_view why;
};

// Two runs over the same events need not agree on these fields of a status, and on no others.
constexpr std::array<LeftOut, 5> kLeftOut{{
    {"revision", "a place in the journal, where every run interleaves the inputs in its own way"},
    {"asOf", "the time of the stimulus that came last, which depends on that order"},
    {"header ce_fhrev", "the revision once more"},
    {"header ce_id", "made from the record's time and its place in the journal"},
    {"header ce_time", "asOf once more"},
}};

bool IsLeftOut(std::string_view field) {
  return std::ranges::find(kLeftOut, field, &LeftOut::field) != kLeftOut.end();
}

// Risk reasons without `since`: of what has no time of its own it is that of its notice.
std::string SignalsOf(const simdjson::dom::element& reasons) {
  std::string signals;
  const simdjson::dom::array all = reasons.get_array().value();
  for (const simdjson::dom::element reason : all) {
    signals += fmt::format("{} {}, ", std::string_view(reason["signal"]),
                           simdjson::to_string(reason["weight"].value()));
  }
  return signals;
}

// A line of `replay`, taken apart.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {
    const auto parsed = parser_.parse(text.data(), text.size());
    FOOTHOLD_CHECK(parsed.error() == simdjson::SUCCESS, "replay prints JSON lines");
    root_ = parsed.value_unsafe();
  }

  std::string topic() const { return Text("topic"); }
  std::string key() const { return Text("key"); }
  // Key, headers and value as they are.
  std::string_view record() const {
    // The first of its kind: a topic's name has no quotes, and the rest before it is digits.
    return text_.substr(text_.find(",\"key"));
  }
  simdjson::dom::object headers() const { return root_["headers"].get_object().value(); }
  std::string header(std::string_view name) const {
    return std::string(headers()[name].get_string().value());
  }
  // nullopt: a tombstone.
  std::optional<simdjson::dom::object> value() const {
    if (root_["value"].is_null()) {
      return std::nullopt;
    }
    return root_["value"].get_object().value();
  }
  std::string_view raw_value() const { return text_.substr(text_.rfind("},\"value") + 2); }

 private:
  std::string Text(std::string_view name) const {
    return std::string(root_[name].get_string().value());
  }

  std::string_view text_;
  simdjson::dom::parser parser_;
  simdjson::dom::element root_;
};

std::string LineOf(const std::string& topic, const PlainRecord& record, bool is_foreign) {
  std::vector<log::Header> headers;
  for (const auto& [name, value] : record.headers) {
    headers.push_back(
        {name, value.has_value() ? std::optional<std::string_view>(*value) : std::nullopt});
  }
  const auto view = [](const std::optional<std::string>& bytes) {
    return bytes.has_value() ? std::optional<std::string_view>(*bytes) : std::nullopt;
  };
  std::string line;
  AppendOutputLine({.topic = topic,
                    .partition = PartitionId{record.partition},
                    .offset = record.offset,
                    .timestamp = {},
                    .key = view(record.key),
                    .value = view(record.value),
                    .headers = headers},
                   is_foreign, &line);
  return line;
}

template <class Value>
std::string DifferenceOf(const std::map<std::string, Value>& a,
                         const std::map<std::string, Value>& b, const auto& describe) {
  for (const auto& [key, value] : a) {
    const auto found = b.find(key);
    if (found == b.end()) {
      return fmt::format("{} is missing in the second", key);
    }
    if (found->second != value) {
      return fmt::format("{}: {}", key, describe(value, found->second));
    }
  }
  for (const auto& [key, value] : b) {
    if (!a.contains(key)) {
      return fmt::format("{} is missing in the first", key);
    }
  }
  return "";
}

}  // namespace

OutputCollector::OutputCollector(const RunSetup& setup)
    : activation_(ActivationTopic(setup)),
      progress_(ProgressTopic(setup)),
      user_status_(UserStatusTopic(setup)),
      dead_letter_(DeadLetterTopic(setup)) {}

void OutputCollector::Add(std::string_view text) {
  const Line line(text);
  const std::string topic = line.topic();
  if (topic == dead_letter_) {
    outputs_.dead_letters.push_back(fmt::format("{}: {} {}", line.header("dlq_reason"),
                                                line.header("dlq_detail"), line.raw_value()));
  } else if (topic == user_status_) {
    statuses_.insert_or_assign(line.key(), text);
  } else if (topic == activation_ || topic == progress_) {
    outputs_.decisions[fmt::format("{} {}", topic, line.key())].emplace_back(line.record());
  }
}

// Only the last status of each key is looked into.
Outputs OutputCollector::Finish() {
  for (const auto& [key, text] : statuses_) {
    if (const std::optional<Fields> fields = ComparableStatus(text)) {
      outputs_.user_statuses[key] = *fields;
    }
  }
  std::ranges::sort(outputs_.dead_letters);
  return std::move(outputs_);
}

std::size_t Outputs::decision_count() const {
  std::size_t count = 0;
  for (const auto& [key, records] : decisions) {
    count += records.size();
  }
  return count;
}

Outputs OutputsOfRun(log::Log* log, const RunSetup& setup) {
  OutputCollector collector(setup);
  for (const std::string& topic : {ActivationTopic(setup), ProgressTopic(setup),
                                   UserStatusTopic(setup), DeadLetterTopic(setup)}) {
    for (const PlainRecord& record : Consume(log, topic, kOutputPartitions)) {
      collector.Add(LineOf(topic, record, topic == DeadLetterTopic(setup)));
    }
  }
  return collector.Finish();
}

Outputs OutputsOfReplay(const RunSetup& setup, std::string_view out) {
  OutputCollector collector(setup);
  while (!out.empty()) {
    const std::size_t end = out.find('\n') + 1;
    FOOTHOLD_CHECK(end > 0, "replay ends its last line");
    collector.Add(out.substr(0, end));
    out.remove_prefix(end);
  }
  return collector.Finish();
}

std::optional<Fields> ComparableStatus(std::string_view line) {
  const Line parsed(line);
  if (!parsed.value().has_value()) {
    return std::nullopt;
  }
  Fields fields;
  const simdjson::dom::object status = *parsed.value();
  for (const auto [name, value] : status) {
    if (name == "riskReasons") {
      fields[std::string(name)] = SignalsOf(value);
    } else if (!IsLeftOut(name)) {
      fields[std::string(name)] = simdjson::to_string(value);
    }
  }
  const simdjson::dom::object headers = parsed.headers();
  for (const auto [name, value] : headers) {
    std::string field = fmt::format("header {}", name);
    if (!IsLeftOut(field)) {
      fields[std::move(field)] = simdjson::to_string(value);
    }
  }
  return fields;
}

std::string FindSequenceFault(const Outputs& outputs) {
  // Accounts and their users share a topic, and each has its own numbers.
  std::map<std::string, std::int64_t> last;
  for (const auto& [topic_and_key, records] : outputs.decisions) {
    for (const std::string& record : records) {
      const std::string text = "{\"topic\":\"\"" + record;
      const Line line(text);
      const std::string number = line.header("ce_fhseq");
      const std::string subject = fmt::format("{} of {}", line.header("ce_subject"), topic_and_key);
      const std::int64_t expected = ++last[subject];
      if (number != fmt::format("{}", expected)) {
        return fmt::format("{}: {} where {} was to come", subject, number, expected);
      }
    }
  }
  return "";
}

std::string FirstDifference(const std::map<std::string, std::vector<std::string>>& a,
                            const std::map<std::string, std::vector<std::string>>& b) {
  return DifferenceOf(a, b, [](const auto& first, const auto& second) {
    const auto [at, other] = std::ranges::mismatch(first, second);
    return fmt::format("record {} of {} and {}:\n{}\n{}", at - first.begin(), first.size(),
                       second.size(), at == first.end() ? "(none)" : *at,
                       other == second.end() ? "(none)" : *other);
  });
}

std::string FirstDifference(const std::map<std::string, Fields>& a,
                            const std::map<std::string, Fields>& b) {
  return DifferenceOf(a, b, [](const Fields& first, const Fields& second) {
    return DifferenceOf(first, second, [](const std::string& one, const std::string& other) {
      return fmt::format("{} and {}", one, other);
    });
  });
}

}  // namespace foothold::app
