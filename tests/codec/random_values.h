#pragma once

#include <cstdint>
#include <random>
#include <string>

#include "src/codec/journal.h"
#include "src/codec/state.h"

namespace foothold::codec {

// The seed of a random test: --gtest_random_seed if given, else the same one every time.
std::uint32_t TestSeed();

// Makes arbitrary objects, boundary values often among them. The same seed, the same objects.
class RandomValues {
 public:
  explicit RandomValues(std::uint32_t seed) : engine_(seed) {}

  // In [0, end).
  std::size_t Below(std::size_t end);
  bool Coin() { return Below(2) == 0; }
  std::int64_t Integer();
  std::uint64_t Hash() { return engine_(); }
  Instant Time();
  std::optional<Instant> MaybeTime();
  // UTF-8, often empty, seldom long.
  std::string Text();
  std::string Name();
  std::string EventId();

  journey::User User();
  journey::Account Account();
  journey::Progress Progress();
  journey::Roster Roster();
  journey::Clock::Parts Clock();
  journey::Person Person();
  Meta MetaValue();
  // One that journey::Validate() accepts.
  journey::Playbook Playbook();

 private:
  journey::Occurrence Occurrence();
  std::vector<journey::TrackerState> Trackers();
  std::vector<journey::TraitState> Traits();
  std::optional<journey::Stamp> MaybeStamp();
  journey::PartitionProgress PartitionState();
  journey::GroupCount Group();
  journey::StepFlow Flow();
  journey::RungState Rung();
  journey::RiskState Risk();
  journey::CareState Care();
  journey::Criterion Criterion(const journey::Playbook& playbook);
  journey::Milestone Milestone(const journey::Playbook& playbook);
  // Of playbooks; see random_playbook.cc.
  journey::MemberCondition Members(const journey::Playbook& playbook);
  journey::Moment Moment(const journey::Playbook& playbook);
  journey::ConditionNode Leaf(const journey::Playbook& playbook);
  journey::Condition Condition(const journey::Playbook& playbook);
  journey::Ask Ask();
  journey::Rung Rung(const journey::Playbook& playbook);
  journey::ZoneTable Zones();
  void Rules(journey::Playbook* playbook);
  std::optional<journey::Window> MaybeWindow(const journey::Playbook& playbook);

  std::mt19937_64 engine_;
};

}  // namespace foothold::codec
