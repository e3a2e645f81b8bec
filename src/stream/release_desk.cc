#include "src/stream/release_desk.h"

#include <vector>

#include "src/base/check.h"
#include "src/codec/gate_facts.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

const std::string& ControlsKey() {
  static const std::string kKey = state::FactKey("rule_controls");
  return kKey;
}

const std::string& CountsKey() {
  static const std::string kKey = state::FactKey("release_counts");
  return kKey;
}

std::string PayloadOf(Instant at) { return std::to_string(ToMs(at)); }

}  // namespace

Status ReleaseDesk::Load() {
  by_time_.clear();
  waiting_.clear();
  before_.clear();
  Status damage;
  const std::string prefix(1, static_cast<char>(state::KeyKind::kGate));
  FOOTHOLD_TRY(state_->store().Scan(prefix, "", [&](std::string_view key, std::string_view value) {
    const Result<state::ParsedValue> parsed = state::ParseValue(value);
    if (!parsed.has_value()) {
      damage = parsed.error();
      return false;
    }
    const std::int64_t ms = std::atoll(std::string(parsed->payload).c_str());
    Move(std::string(key.substr(1)), InstantFromMs(ms));
    return true;
  }));
  FOOTHOLD_TRY(damage);
  return LoadFacts();
}

Status ReleaseDesk::LoadFacts() {
  controls_.clear();
  counts_ = journey::ReleaseCounts{};
  FOOTHOLD_ASSIGN(const std::optional<std::string> controls, state_->Read(ControlsKey()));
  if (controls.has_value()) {
    FOOTHOLD_ASSIGN(controls_, codec::DecodeRuleControls(*controls));
  }
  FOOTHOLD_ASSIGN(const std::optional<std::string> counts, state_->Read(CountsKey()));
  if (counts.has_value()) {
    FOOTHOLD_ASSIGN(counts_, codec::DecodeReleaseCounts(*counts));
  }
  are_controls_changed_ = false;
  are_counts_changed_ = false;
  return Status();
}

void ReleaseDesk::Move(const std::string& subject_key, std::optional<Instant> to) {
  auto known = waiting_.find(subject_key);
  if (known != waiting_.end()) {
    by_time_.erase({known->second, &known->first});
    if (!to.has_value()) {
      waiting_.erase(known);
      return;
    }
    known->second = *to;
  } else if (to.has_value()) {
    known = waiting_.emplace(subject_key, *to).first;
  } else {
    return;
  }
  by_time_.emplace(known->second, &known->first);
}

void ReleaseDesk::NoteWaiting(const std::string& subject_key, std::optional<Instant> waits) {
  const auto found = waiting_.find(subject_key);
  const std::optional<Instant> known =
      found == waiting_.end() ? std::nullopt : std::optional(found->second);
  if (known == waits) {
    return;
  }
  before_.try_emplace(subject_key, known);
  Move(subject_key, waits);
  const std::string key = state::GateKey(subject_key);
  if (waits.has_value()) {
    state_->Write(key, PayloadOf(*waits));
  } else {
    state_->Erase(key);
  }
}

std::optional<ReleaseDesk::Waiting> ReleaseDesk::NextWaiting(Instant stamp) const {
  if (by_time_.empty() || by_time_.begin()->first > stamp) {
    return std::nullopt;
  }
  return Waiting{.key = *by_time_.begin()->second, .at = by_time_.begin()->first};
}

void ReleaseDesk::WakeAll() {
  std::vector<std::string> keys;
  for (const auto& [key, at] : waiting_) {
    keys.push_back(key);
  }
  for (const std::string& key : keys) {
    NoteWaiting(key, kEpoch);
  }
}

void ReleaseDesk::Count(std::span<const std::uint64_t> rules, Instant at) {
  for (const std::uint64_t rule : rules) {
    counts_.Count(rule, at);
    are_counts_changed_ = true;
  }
}

void ReleaseDesk::SetControl(const std::string& rule, const journey::RuleControl& control) {
  if (control == journey::RuleControl{}) {
    controls_.erase(rule);
  } else {
    controls_[rule] = control;
  }
  are_controls_changed_ = true;
}

journey::RuleControl ReleaseDesk::ControlOf(const std::string& rule) const {
  const auto found = controls_.find(rule);
  return found == controls_.end() ? journey::RuleControl{} : found->second;
}

void ReleaseDesk::Collect() {
  if (are_controls_changed_) {
    state_->Write(ControlsKey(), codec::EncodeRuleControls(controls_));
  }
  if (are_counts_changed_) {
    state_->Write(CountsKey(), codec::EncodeReleaseCounts(counts_));
  }
}

void ReleaseDesk::Apply() {
  before_.clear();
  are_controls_changed_ = false;
  are_counts_changed_ = false;
}

Status ReleaseDesk::Drop() {
  for (const auto& [key, at] : before_) {
    Move(key, at);
  }
  before_.clear();
  return are_controls_changed_ || are_counts_changed_ ? LoadFacts() : Status();
}

}  // namespace foothold::stream
