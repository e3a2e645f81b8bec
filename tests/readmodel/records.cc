#include "tests/readmodel/records.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include "src/codec/outputs.h"

namespace foothold::readmodel {

Instant Day(int day) { return ParseRfc3339("2026-03-01")->instant + (day - 1) * kDay; }

journey::AccountStatus AccountOf(const std::string& tenant) {
  journey::AccountStatus status;
  status.tenant = tenant;
  status.account.name = "Account " + tenant;
  status.created_at = Day(1);
  status.stage_entered_at = Day(2);
  status.account.stage = "setup";
  status.playbook_version = "default@1";
  status.as_of = Day(10);
  return status;
}

journey::UserStatus PersonOf(const std::string& tenant, const std::string& user) {
  journey::UserStatus status;
  status.tenant = tenant;
  status.user = user;
  status.role = "analyst";
  status.activation_state = journey::UserState::kInProgress;
  status.playbook_version = "default@1";
  status.as_of = Day(10);
  return status;
}

journey::InterventionRequested RequestOf(const std::string& tenant, const std::string& id) {
  journey::InterventionRequested request;
  request.common.tenant = tenant;
  request.common.ce_id = id;
  request.common.rule = "stalled@1";
  request.common.reason = "It has stalled.";
  request.common.occurred_at = request.common.decided_at = request.ask.due_at = Day(9);
  request.ask.ladder = "stalled";
  return request;
}

std::unique_ptr<ReadModel> OpenModel(ReadModelOptions options) {
  Result<std::unique_ptr<ReadModel>> model = ReadModel::Open(std::move(options));
  EXPECT_TRUE(model.has_value()) << model.error().message();
  return std::move(model.value());
}

void Take(ReadModel* model, const std::vector<journey::OutputRecord>& records,
          const std::vector<Place>& places) {
  codec::OutputEncoder encoder({.app = "foothold", .encodings = {}});
  std::vector<codec::EncodedOutput> encoded;
  for (const journey::OutputRecord& record : records) {
    encoded.push_back(encoder.Encode(record));
  }
  std::vector<Record> taken;
  for (const codec::EncodedOutput& output : encoded) {
    Record& record = taken.emplace_back();
    record.record = output.record;
    record.key = output.key;
    record.json = output.value;
    if (!output.value.has_value()) {
      record.record = DefaultName(output.topic);
    }
    for (const codec::OutputHeader& header : output.headers) {
      if (header.name == "ce_id") {
        record.id = header.value;
      } else if (header.name == "ce_fhrule") {
        record.rule = header.value;
      }
    }
  }
  const Status status = model->Take(taken, places);
  EXPECT_TRUE(status.ok()) << status.message();
}

std::string At(const Result<std::string>& answer, const std::string& pointer) {
  EXPECT_TRUE(answer.has_value()) << answer.error().message();
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  EXPECT_EQ(parser.parse(answer.value()).get(root), simdjson::SUCCESS) << answer.value();
  simdjson::dom::element found;
  if (root.at_pointer(pointer).get(found) != simdjson::SUCCESS) {
    return "-";
  }
  std::string_view text;
  return found.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(found);
}

std::string Each(const Result<std::string>& answer, const std::string& list,
                 const std::string& name) {
  std::string all;
  for (int i = 0; At(answer, "/" + list + "/" + std::to_string(i)) != "-"; ++i) {
    all += (i == 0 ? "" : " ") + At(answer, "/" + list + "/" + std::to_string(i) + "/" + name);
  }
  return all;
}

}  // namespace foothold::readmodel
