#include "src/journey/rules_check.h"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/playbook_file.h"

namespace foothold::journey {
namespace {

using ::testing::HasSubstr;

// What Validate() says of the default playbook after a change; "" if it holds.
std::string Said(const std::function<void(Playbook*)>& change) {
  static const Playbook kStandard = config::DefaultPlaybook();
  Playbook playbook = kStandard;
  change(&playbook);
  const Status status = Validate(playbook);
  return status.ok() ? "" : status.message();
}

// Of a condition made of these nodes, of an account's signal or a user's.
std::string SaidOf(std::vector<ConditionNode> nodes, SubjectKind subject = SubjectKind::kUser) {
  return Said([&](Playbook* playbook) {
    playbook->signals.front().subject = subject;
    playbook->signals.front().when = {.label = "x", .nodes = nodes};
  });
}

ConditionNode Node(ConditionKind kind, std::int32_t arity = 0) {
  ConditionNode node;
  node.kind = kind;
  node.arity = arity;
  return node;
}

std::int32_t TrackerOf(const Playbook& playbook, TrackerKind kind, bool is_latest) {
  for (std::size_t i = 0; i < playbook.trackers.size(); ++i) {
    if (playbook.trackers[i].kind == kind && playbook.trackers[i].is_latest == is_latest) {
      return static_cast<std::int32_t>(i);
    }
  }
  return -1;
}

std::int32_t AnchorOf(const Playbook& playbook, std::string_view name) {
  for (std::size_t i = 0; i < playbook.anchors.size(); ++i) {
    if (playbook.anchors[i].name == name) {
      return static_cast<std::int32_t>(i);
    }
  }
  return -1;
}

TEST(RulesCheckTest, TheDefaultPlaybookHolds) {
  EXPECT_EQ(Said([](Playbook*) {}), "");
}

TEST(RulesCheckTest, ConditionsAreWellFormedPostfix) {
  using enum ConditionKind;
  EXPECT_EQ(SaidOf({Node(kAlways), Node(kNot), Node(kAlways), Node(kAll, 2)}), "");
  EXPECT_THAT(SaidOf({}), HasSubstr("1 to 64 parts"));
  EXPECT_THAT(SaidOf(std::vector<ConditionNode>(65, Node(kAlways))), HasSubstr("1 to 64 parts"));
  EXPECT_THAT(SaidOf({Node(kNot)}), HasSubstr("before its operands"));
  EXPECT_THAT(SaidOf({Node(kAlways), Node(kAll, 2)}), HasSubstr("before its operands"));
  EXPECT_THAT(SaidOf({Node(kAlways), Node(kAlways)}), HasSubstr("exactly one result"));
  EXPECT_THAT(SaidOf({Node(kAlways), Node(kAny, 0)}), HasSubstr("all and any have operands"));
  EXPECT_THAT(SaidOf({Node(kAlways, 1)}), HasSubstr("all and any have operands"));
}

TEST(RulesCheckTest, AnAccountIsAskedNothingThatOnlyAUserHas) {
  using enum ConditionKind;
  ConditionNode role = Node(kRole);
  role.texts = {"admin"};
  for (const ConditionKind kind : {kReachedMilestone, kAnyStep}) {
    EXPECT_EQ(SaidOf({Node(kind)}), "");
    EXPECT_THAT(SaidOf({Node(kind)}, SubjectKind::kAccount), HasSubstr("condition on a user"));
  }
  EXPECT_EQ(SaidOf({role}), "");
  EXPECT_THAT(SaidOf({role}, SubjectKind::kAccount), HasSubstr("condition on a user"));
  EXPECT_THAT(Said([](Playbook* playbook) {
                ConditionNode did = Node(kDid);
                did.tracker = TrackerOf(*playbook, TrackerKind::kAccess, false);
                playbook->blockers.front().when.nodes = {did};
              }),
              HasSubstr("blocker 'integration_not_connected': a condition on a user"));
  EXPECT_THAT(Said([](Playbook* playbook) {
                ConditionNode reached = Node(kReached);
                reached.moment = Moment{.anchor = AnchorOf(*playbook, "signup"), .offset = kDay};
                playbook->stages.back().when.nodes = {reached};
              }),
              HasSubstr("stage 'expansion': an account has no 'signup'"));
}

TEST(RulesCheckTest, EventsAreCountedOnTheTrackerThatKeepsThem) {
  const auto said = [](bool is_latest, const std::function<void(ConditionNode*)>& change) {
    return Said([&](Playbook* playbook) {
      ConditionNode did = Node(ConditionKind::kDid);
      did.tracker = TrackerOf(*playbook, TrackerKind::kDid, is_latest);
      change(&did);
      playbook->signals.front().subject = SubjectKind::kUser;
      playbook->signals.front().when.nodes = {did};
    });
  };

  EXPECT_EQ(said(false, [](ConditionNode*) {}), "");
  EXPECT_EQ(said(true, [](ConditionNode* did) { did->span = kDay; }), "");
  EXPECT_THAT(said(true, [](ConditionNode*) {}), HasSubstr("the latest occurrences"));
  EXPECT_THAT(said(false, [](ConditionNode* did) { did->span = kDay; }),
              HasSubstr("the latest occurrences"));
  EXPECT_THAT(said(true, [](ConditionNode* did) { did->is_after_trigger = true; }),
              HasSubstr("no trigger here"));
  EXPECT_THAT(said(false, [](ConditionNode* did) { did->at_least = 2000; }),
              HasSubstr("more occurrences than its tracker keeps"));
  EXPECT_THAT(said(false, [](ConditionNode* did) { did->tracker = 9999; }),
              HasSubstr("no tracker"));
}

TEST(RulesCheckTest, WordsAndNumbersAreInBounds) {
  using enum ConditionKind;
  ConditionNode node = Node(kRisk);
  EXPECT_THAT(SaidOf({node}), HasSubstr("names one"));
  node.texts = {"severe"};
  EXPECT_THAT(SaidOf({node}), HasSubstr("'severe' is none of its words"));
  node = Node(kStage);
  node.texts = {"nowhere"};
  EXPECT_THAT(SaidOf({node}), HasSubstr("'nowhere' is none of its words"));
  node = Node(kSessions);
  node.at_least = 49;
  EXPECT_THAT(SaidOf({node}), HasSubstr("no so many sessions"));
  node = Node(kUseFalls);
  EXPECT_THAT(SaidOf({node}), HasSubstr("a share lies between 0 and 1"));
  node = Node(kIdle);
  EXPECT_THAT(SaidOf({node}), HasSubstr("longer than nothing"));
  node = Node(kReached);
  EXPECT_THAT(SaidOf({node}), HasSubstr("a moment is missing"));
  node = Node(kMembers);
  node.members.quantifier = MemberCondition::Quantifier::kShare;
  node.members.value = 1.5;
  EXPECT_THAT(SaidOf({node}), HasSubstr("a share lies between 0 and 1"));
}

TEST(RulesCheckTest, NoWindowOpensAtWhatMovesOn) {
  EXPECT_THAT(Said([](Playbook* playbook) {
                playbook->roles.front().milestone->within =
                    Window{.length = kDay, .anchor = AnchorOf(*playbook, "step")};
              }),
              HasSubstr("no window opens at what moves on"));
}

TEST(RulesCheckTest, RungsAreDueBeforeTheyEndAndAskOnOneChannel) {
  const auto said = [](const std::function<void(Rung*)>& change) {
    return Said([&](Playbook* playbook) { change(&playbook->rules.front().rungs.front()); });
  };

  EXPECT_THAT(said([](Rung* rung) { rung->until = rung->at; }), HasSubstr("ends after it is due"));
  EXPECT_THAT(said([](Rung* rung) { rung->until.reset(); }), HasSubstr("a rung has an end"));
  EXPECT_THAT(said([](Rung* rung) { rung->at = {.anchor = Moment::kTrigger, .offset = -kDay}; }),
              HasSubstr("nothing is due before its trigger"));
  EXPECT_THAT(said([](Rung* rung) { rung->ask.channel = Channel::kCs; }),
              HasSubstr("cs has a task"));
  EXPECT_THAT(said([](Rung* rung) { rung->otherwise = rung->ask; }),
              HasSubstr("no other ask without a condition"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->rules.front().rungs.clear(); }),
              HasSubstr("1 to 8 rungs"));
  EXPECT_THAT(Said([](Playbook* playbook) {
                playbook->rules.front().rungs.resize(9, playbook->rules.front().rungs.front());
              }),
              HasSubstr("1 to 8 rungs"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->rules[1].name = playbook->rules[0].name; }),
              HasSubstr("one twice"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->rules.front().holdout = 1.5; }),
              HasSubstr("the holdout is a share"));
}

TEST(RulesCheckTest, RiskStagesGateAndZonesAreInBounds) {
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->risk_levels.high = 40; }),
              HasSubstr("risk.levels"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->signals.front().weight = 101; }),
              HasSubstr("a weight lies between"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->stages.erase(playbook->stages.begin()); }),
              HasSubstr("the first stage's condition is always"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->gate.cs_per_week = -1; }),
              HasSubstr("a cap is not negative"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->gate.quiet_to = 1440; }),
              HasSubstr("times of the day"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->gate.breaker_floor = 0; }),
              HasSubstr("the breaker has"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->zones.zones.front().offsets.clear(); }),
              HasSubstr("has no offsets by time"));
  EXPECT_THAT(Said([](Playbook* playbook) { playbook->zones.links.front().second = "Nowhere"; }),
              HasSubstr("stands for none"));
  EXPECT_THAT(Said([](Playbook* playbook) {
                std::swap(playbook->zones.zones.front(), playbook->zones.zones.back());
              }),
              HasSubstr("sorted"));
}

}  // namespace
}  // namespace foothold::journey
