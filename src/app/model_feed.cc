#include "src/app/model_feed.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace foothold::app {
namespace {

// The headers that matter here.
struct Heads {
  std::string_view content_type, type, id, rule;
};

Heads HeadsOf(const log::RecordView& record) {
  constexpr std::string_view kPrefix = "foothold.";
  constexpr std::string_view kSuffix = ".v1";
  Heads heads;
  for (const log::Header& header : record.headers) {
    std::string_view value = header.value.value_or("");
    if (header.key == "content-type") {
      heads.content_type = value;
    } else if (header.key == "ce_id") {
      heads.id = value;
    } else if (header.key == "ce_fhrule") {
      heads.rule = value;
    } else if (header.key == "ce_type") {
      value.remove_prefix(value.starts_with(kPrefix) ? kPrefix.size() : 0);
      value.remove_suffix(value.ends_with(kSuffix) ? kSuffix.size() : 0);
      heads.type = value;
    }
  }
  return heads;
}

}  // namespace

ModelFeed::ModelFeed(stream::TopicNames topics, readmodel::ReadModel* model)
    : topics_(std::move(topics)), model_(model) {}

std::vector<std::string> ModelFeed::Topics() const {
  return {topics_.account_status,       topics_.user_status,         topics_.activation_changed,
          topics_.dropoff_risk_changed, topics_.interventions_email, topics_.interventions_in_app,
          topics_.interventions_cs,     topics_.interventions_log};
}

Status ModelFeed::Take(std::span<const log::RecordView> records) {
  const std::vector<std::string> topics = Topics();
  std::map<std::pair<std::string_view, std::int32_t>, std::int64_t> next;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> last;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const log::RecordView& record = records[i];
    if (std::ranges::find(topics, record.topic) == topics.end()) {
      continue;
    }
    next[{record.topic, record.partition.value}] = record.offset + 1;
    if (record.topic == topics_.user_status || record.topic == topics_.account_status) {
      last[{record.topic, record.key.value_or("")}] = i;
    }
  }
  std::vector<std::string> texts;
  texts.reserve(records.size());  // So that they stay where they are.
  std::vector<readmodel::Record> taken;
  for (std::size_t i = 0; i < records.size(); ++i) {
    const log::RecordView& record = records[i];
    const std::string_view key = record.key.value_or("");
    const auto newest = last.find({record.topic, key});
    if (!next.contains({record.topic, record.partition.value}) ||
        (newest != last.end() && newest->second != i)) {
      continue;
    }
    const Heads heads = HeadsOf(record);
    readmodel::Record& out = taken.emplace_back();
    out.record = heads.type;
    out.id = heads.id;
    out.rule = heads.rule;
    out.key = key;
    if (!record.value.has_value()) {
      out.record = record.topic == topics_.user_status ? "onboarding.user-status"
                                                       : "onboarding.account-status";
      continue;
    }
    // What cannot be read is empty: the model counts it.
    texts.push_back(
        reader_.ToJson(heads.type, heads.content_type, *record.value).value_or(std::string()));
    out.json = texts.back();
  }
  std::vector<readmodel::Place> places;
  for (const auto& [source, offset] : next) {
    places.push_back(
        {.topic = std::string(source.first), .partition = source.second, .next = offset});
  }
  return taken.empty() && places.empty() ? Status() : model_->Take(taken, places);
}

}  // namespace foothold::app
