#include "src/codec/gate_facts.h"

#include <utility>
#include <vector>

#include "src/codec/flat.h"

namespace foothold::codec {
namespace {

struct ControlRow {
  std::string rule;
  journey::RuleControl control;
};

struct CountRow {
  std::uint64_t rule = 0;
  std::vector<journey::ReleaseCounts::Bucket> buckets;
};

template <class Wire, class Rows>
void ControlFields(Wire& wire, Rows& rows) {
  wire.Each(rows, [&](auto& row) {
    wire.Text(row.rule);
    wire.Flags(row.control.is_paused, row.control.is_killed);
    wire.Maybe(row.control.mode, [&](auto& mode) { wire.OneOf(mode, journey::RuleMode::kOff); });
  });
}

template <class Wire, class Rows>
void CountFields(Wire& wire, Rows& rows) {
  wire.Each(rows, [&](auto& row) {
    wire.Hash(row.rule);
    wire.Each(row.buckets, [&](auto& bucket) {
      wire.Number(bucket.number);
      wire.Number(bucket.count);
    });
  });
}

}  // namespace

std::string EncodeRuleControls(const journey::RuleControls& controls) {
  std::vector<ControlRow> rows;
  for (const auto& [rule, control] : controls) {
    rows.push_back({.rule = rule, .control = control});
  }
  FlatWriter writer('G');
  ControlFields(writer, rows);
  return writer.Take();
}

Result<journey::RuleControls> DecodeRuleControls(std::string_view bytes) {
  std::vector<ControlRow> rows;
  FlatReader reader(bytes, 'G', "what was said of rules");
  ControlFields(reader, rows);
  FOOTHOLD_TRY(reader.Finish());
  journey::RuleControls controls;
  for (ControlRow& row : rows) {
    controls.emplace(std::move(row.rule), row.control);
  }
  return controls;
}

std::string EncodeReleaseCounts(const journey::ReleaseCounts& counts) {
  std::vector<CountRow> rows;
  for (const auto& [rule, buckets] : counts.parts()) {
    rows.push_back({.rule = rule, .buckets = buckets});
  }
  FlatWriter writer('R');
  CountFields(writer, rows);
  return writer.Take();
}

Result<journey::ReleaseCounts> DecodeReleaseCounts(std::string_view bytes) {
  std::vector<CountRow> rows;
  FlatReader reader(bytes, 'R', "how often rules asked");
  CountFields(reader, rows);
  FOOTHOLD_TRY(reader.Finish());
  journey::ReleaseCounts::Parts parts;
  for (CountRow& row : rows) {
    parts.emplace(row.rule, std::move(row.buckets));
  }
  return journey::ReleaseCounts::FromParts(std::move(parts));
}

}  // namespace foothold::codec
