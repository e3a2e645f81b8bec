// Why conditions hold or not, in words; and that the words never contradict the judge.

#include "src/journey/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/journey/activation.h"
#include "tests/journey/author.h"
#include "tests/journey/world.h"

namespace foothold::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A user of a world with all that its conditions are judged by.
struct Stand {
  Stand(World* world, const std::string& name, Instant clock)
      : user(world->user(name)),
        truth(TruthOf(world->definition(), user, world->account(), true)),
        ladder(LadderOf(world->definition(), user, world->account(), truth)),
        facts{.definition = world->definition(),
              .account = world->account(),
              .user = &user,
              .truth = &truth,
              .ladder = &ladder,
              .is_history_known = true,
              .incomplete_since = {},
              .trigger = {},
              .evidence_until = Instant::max(),
              .clock = clock} {}

  std::vector<std::string> Said(const Condition& condition) const {
    std::vector<std::string> said;
    for (const Finding& finding : FindingsOf(condition, facts).reasons) {
      said.push_back(finding.said);
    }
    return said;
  }

  const User& user;
  Truth truth;
  Ladder ladder;
  Facts facts;
};

EventSpec Did(std::string name, double day) {
  EventSpec spec;
  spec.user = "ada";
  spec.name = std::move(name);
  spec.at = Day(day);
  return spec;
}

TEST(FindingsTest, OfAListTheMissingPartsAreSaid) {
  Author author;
  const Condition condition{.label = "",
                            .nodes = {author.Did("a.done"), author.Did("b.done"), Author::All(2)}};
  World world(author.playbook());
  world.Do(Did("a.done", 1));
  const Stand stand(&world, "ada", Day(2));

  EXPECT_THAT(stand.Said(condition), ElementsAre("no b.done yet"));
}

TEST(FindingsTest, WhatANotRestsOnIsSaidWhereItStandsInTheWay) {
  Author author;
  const Condition condition{.label = "", .nodes = {author.Did("a.done"), Author::Not()}};
  World world(author.playbook());
  world.Do(Did("b.done", 0));
  EXPECT_THAT(Stand(&world, "ada", Day(1)).Said(condition), ElementsAre("no a.done yet"));

  world.Do(Did("a.done", 1));

  const Stand stand(&world, "ada", Day(2));
  EXPECT_FALSE(FindingsOf(condition, stand.facts).holds);
  EXPECT_THAT(stand.Said(condition), ElementsAre("a.done on 2026-03-02 00:00 UTC"));
}

TEST(FindingsTest, AlternativesAreMarkedAsSuch) {
  Author author;
  const Condition condition{
      .label = "",
      .nodes = {
          author.Did("a.done"), author.Did("b.done"), {.kind = ConditionKind::kAny, .arity = 2}}};
  World world(author.playbook());
  world.Do(Did("c.done", 1));
  const Stand stand(&world, "ada", Day(2));

  const Findings found = FindingsOf(condition, stand.facts);

  ASSERT_EQ(found.reasons.size(), 2U);
  EXPECT_TRUE(found.reasons[0].is_choice && found.reasons[1].is_choice);
}

TEST(FindingsTest, TimeThatIsMissingSaysWhenItComes) {
  Author author;
  const Condition condition{.label = "",
                            .nodes = {Author::Reached(author.After(3, "first_access"))}};
  World world(author.playbook());
  world.Do(Did("a.done", 1));
  const Stand stand(&world, "ada", Day(2));

  const Findings found = FindingsOf(condition, stand.facts);

  ASSERT_EQ(found.reasons.size(), 1U);
  EXPECT_EQ(found.reasons[0].said, "2026-03-05 00:00 UTC (3d after first access) has not come yet");
  EXPECT_EQ(found.reasons[0].changes_at, Day(4));
}

TEST(FindingsTest, CountsAndDeadlinesAreSaid) {
  Author author;
  ConditionNode twice = author.Did("a.done");
  twice.at_least = 2;
  author.playbook().trackers[static_cast<std::size_t>(twice.tracker)].keep = 2;
  ConditionNode in_time = author.Did("b.done");
  in_time.moment = author.After(1, "first_access");
  World world(author.playbook());
  world.Do(Did("a.done", 1));
  world.Do(Did("b.done", 5));
  const Stand stand(&world, "ada", Day(6));

  EXPECT_THAT(stand.Said({.label = "", .nodes = {twice}}), ElementsAre("a.done: 1 of 2 so far"));
  EXPECT_THAT(stand.Said({.label = "", .nodes = {in_time}}),
              ElementsAre("b.done came on 2026-03-06 00:00 UTC only, after 2026-03-03 00:00 UTC "
                          "(1d after first access)"));
}

TEST(FindingsTest, TheWordsNeverContradictTheJudge) {
  const Playbook playbook = config::DefaultPlaybook();
  World world(playbook);
  EventSpec signup = Did("Signed Up", 0);
  signup.role = "admin";
  world.Do(signup);
  world.Do(Did("Profile Completed", 0.5));
  world.Do(Did("Dashboard Viewed", 1));
  world.Do(Did("Guide Skipped", 2));
  std::vector<const Condition*> conditions;
  for (const Signal& signal : playbook.signals) {
    conditions.push_back(&signal.when);
  }
  for (const Rule& rule : playbook.rules) {
    conditions.push_back(&rule.when);
  }
  for (const Stage& stage : playbook.stages) {
    conditions.push_back(&stage.when);
  }
  for (const BlockerKind& blocker : playbook.blockers) {
    conditions.push_back(&blocker.when);
  }
  int held = 0;
  for (const double day : {2.0, 5.0, 8.0, 15.0, 40.0}) {
    world.AdvanceTo(Day(day));
    const Stand stand(&world, "ada", Day(day));
    for (const Condition* const condition : conditions) {
      const Findings found = FindingsOf(*condition, stand.facts);

      EXPECT_EQ(found.holds, Judge(*condition, stand.facts).holds) << condition->label;
      EXPECT_THAT(found.reasons, testing::Not(IsEmpty())) << condition->label;
      held += found.holds ? 1 : 0;
    }
  }
  EXPECT_GT(held, 50);
}

}  // namespace
}  // namespace foothold::journey
