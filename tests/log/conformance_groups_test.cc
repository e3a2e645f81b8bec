// What consumer groups and the admin promise: who reads what, and who may still commit.

#include <algorithm>
#include <array>

#include "tests/log/conformance.h"

namespace foothold::log {

namespace {

constexpr milliseconds kSession{6'000};  // The least a broker takes.

ConsumerOptions MemberOf(const std::string& group) {
  return {.group = group, .session_timeout = kSession};
}

ConsumerOptions StaticMemberOf(const std::string& group, const std::string& instance_id) {
  return {.group = group, .instance_id = instance_id, .session_timeout = kSession};
}

// True if together they own all of `partitions`, and no partition has two owners.
bool Share(const std::set<TopicPartition>& partitions, const std::vector<const Member*>& members) {
  std::set<TopicPartition> owned;
  std::size_t count = 0;
  for (const Member* const member : members) {
    owned.insert(member->owned().begin(), member->owned().end());
    count += member->owned().size();
  }
  return owned == partitions && count == partitions.size();
}

}  // namespace

TEST_P(LogConformance, TheOnlyMemberGetsAllPartitionsOfItsTopics) {
  const std::string one = NewTopic(3);
  const std::string two = NewTopic(2);
  std::set<TopicPartition> all = PartitionsOf(one, 3);
  all.merge(PartitionsOf(two, 2));

  Member member(log(), MemberOf(UniqueName("group")), {one, two});

  EXPECT_TRUE(StepUntil({&member}, [&] { return member.owned() == all; }));
  EXPECT_TRUE(member.failure().ok()) << member.failure().ToString();
}

TEST_P(LogConformance, TwoMembersShareAndNoPartitionHasTwoOwners) {
  const std::string topic = NewTopic(4);
  const std::string group = UniqueName("group");
  Member one(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one}, [&] { return one.owned().size() == 4; }));

  Member two(log(), MemberOf(group), {topic});
  bool was_disjoint = true;

  EXPECT_TRUE(StepUntil({&one, &two}, [&] {
    for (const TopicPartition& source : one.owned()) {
      was_disjoint = was_disjoint && !two.owned().contains(source);
    }
    return one.owned().size() == 2 && Share(PartitionsOf(topic, 4), {&one, &two});
  }));
  EXPECT_TRUE(was_disjoint);
}

TEST_P(LogConformance, ThreeMembersShareEvenly) {
  const std::string topic = NewTopic(6);
  const std::string group = UniqueName("group");
  Member one(log(), MemberOf(group), {topic});
  Member two(log(), MemberOf(group), {topic});
  Member three(log(), MemberOf(group), {topic});

  EXPECT_TRUE(StepUntil({&one, &two, &three}, [&] {
    return one.owned().size() == 2 && two.owned().size() == 2 &&
           Share(PartitionsOf(topic, 6), {&one, &two, &three});
  }));
}

TEST_P(LogConformance, WhatALeavingMemberHadGoesToTheOthers) {
  const std::string topic = NewTopic(4);
  const std::string group = UniqueName("group");
  Member one(log(), MemberOf(group), {topic});
  Member two(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one, &two}, [&] {
    return one.owned().size() == 2 && Share(PartitionsOf(topic, 4), {&one, &two});
  }));

  two.Close();

  EXPECT_TRUE(StepUntil({&one}, [&] { return one.owned() == PartitionsOf(topic, 4); }));
}

TEST_P(LogConformance, AMemberThatFindsNoPartitionGetsOneWhenOneIsFree) {
  const std::string topic = NewTopic(1);
  const std::string group = UniqueName("group");
  Member one(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one}, [&] { return one.owned().size() == 1; }));
  Member two(log(), MemberOf(group), {topic});
  StepUntil({&one, &two}, [steps = 0]() mutable { return ++steps == 10; });
  ASSERT_EQ(one.owned().size() + two.owned().size(), 1U);

  Member& owner = one.owned().empty() ? two : one;
  Member& other = one.owned().empty() ? one : two;
  owner.Close();

  EXPECT_TRUE(StepUntil({&other}, [&] { return other.owned().size() == 1; }));
}

TEST_P(LogConformance, ARevokedPartitionStaysOursUntilWeLetGo) {
  const std::string topic = NewTopic(2);
  const std::string group = UniqueName("group");
  Member one(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one}, [&] { return one.owned().size() == 2; }));
  Member two(log(), MemberOf(group), {topic});
  ASSERT_TRUE(Eventually([&] {
    one.StepWithoutLettingGo();
    two.Step();
    return one.unanswered().has_value();
  }));
  ASSERT_EQ(one.unanswered()->kind, AssignmentChange::Kind::kRevoked);
  ASSERT_EQ(one.unanswered()->partitions.size(), 1U);
  const TopicPartition moving = one.unanswered()->partitions.front();

  const auto producer = NewProducer(UniqueName("producer"), {topic});
  ASSERT_TRUE(producer->Begin().ok());
  const std::array last{Position{.source = moving, .next = NextOffset{11}}};
  const Status offsets =
      Insist([&] { return producer->SendOffsets(last, one.consumer().group(), kCallTimeout); });
  const Status committed = Insist([&] { return producer->Commit(kCallTimeout); });
  two.Step();
  EXPECT_FALSE(two.owned().contains(moving));
  EXPECT_FALSE(one.consumer().IsAssignmentLost());
  one.LetGo();

  EXPECT_TRUE(offsets.ok()) << offsets.ToString();
  EXPECT_TRUE(committed.ok()) << committed.ToString();
  EXPECT_EQ(CommittedOf(group, moving), NextOffset{11});
  EXPECT_EQ(one.owned().size(), 1U);
}

TEST_P(LogConformance, ANewOwnerGoesOnWhereTheGroupCommitted) {
  const std::string topic = NewTopic(1);
  const TopicPartition source = PartitionOf(topic, 0);
  const std::string group = UniqueName("group");
  WriteCommitted(source, {"a", "b", "c"});
  Member one(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one}, [&] { return one.records().size() == 3; }));
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  ASSERT_TRUE(producer->Begin().ok());
  const std::array done{Position{.source = source, .next = NextOffset{2}}};
  ASSERT_TRUE(Insist([&] {
                return producer->SendOffsets(done, one.consumer().group(), kCallTimeout);
              }).ok());
  ASSERT_TRUE(Insist([&] { return producer->Commit(kCallTimeout); }).ok());
  one.Close();

  Member two(log(), MemberOf(group), {topic});

  EXPECT_TRUE(StepUntil({&two}, [&] { return !two.records().empty(); }));
  EXPECT_EQ(ValuesOf(two.records()), std::vector<std::string>{"c"});
}

TEST_P(LogConformance, GroupsReadIndependently) {
  const std::string topic = NewTopic(1);
  WriteCommitted(PartitionOf(topic, 0), {"a", "b"});

  Member one(log(), MemberOf(UniqueName("group")), {topic});
  Member two(log(), MemberOf(UniqueName("group")), {topic});

  EXPECT_TRUE(StepUntil({&one, &two},
                        [&] { return one.records().size() == 2 && two.records().size() == 2; }));
}

TEST_P(LogConformance, OffsetsOfAStaleGenerationVoidTheTransactionAndTheProducerGoesOn) {
  const std::string topic = NewTopic(2);
  const std::string out = NewTopic(1);
  const std::string group = UniqueName("group");
  Member one(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one}, [&] { return one.owned().size() == 2; }));
  const auto producer = NewProducer(UniqueName("producer"), {out});
  const GroupToken stale = one.consumer().group();
  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(PartitionOf(out, 0), "void")).ok());

  Member two(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one, &two}, [&] {
    return one.owned().size() == 1 && Share(PartitionsOf(topic, 2), {&one, &two});
  }));
  const TopicPartition kept = *one.owned().begin();
  const std::array position{Position{.source = kept, .next = NextOffset{4}}};
  const auto send_offsets = [&](const GroupToken& token) {
    return Insist([&] { return producer->SendOffsets(position, token, kCallTimeout); });
  };

  EXPECT_EQ(send_offsets(stale).code(), Code::kAborted);
  EXPECT_EQ(Insist([&] { return producer->Commit(kCallTimeout); }).code(), Code::kAborted);
  ASSERT_TRUE(Insist([&] { return producer->Abort(kCallTimeout); }).ok());
  EXPECT_EQ(CommittedOf(group, kept), std::nullopt);

  ASSERT_TRUE(producer->Begin().ok());
  ASSERT_TRUE(producer->Send(RecordOf(PartitionOf(out, 0), "kept")).ok());
  // The second round of a rebalance may still be under way: a fresh token is good once it is over.
  Status fresh = send_offsets(one.consumer().group());
  ASSERT_TRUE(Eventually([&] {
    if (fresh.ok() || fresh.code() != Code::kAborted) {
      return true;
    }
    EXPECT_TRUE(Insist([&] { return producer->Abort(kCallTimeout); }).ok());
    one.Step();
    two.Step();
    EXPECT_TRUE(producer->Begin().ok());
    EXPECT_TRUE(producer->Send(RecordOf(PartitionOf(out, 0), "kept")).ok());
    fresh = send_offsets(one.consumer().group());
    return false;
  }));
  ASSERT_TRUE(fresh.ok()) << fresh.ToString();
  ASSERT_TRUE(Insist([&] { return producer->Commit(kCallTimeout); }).ok());
  EXPECT_EQ(CommittedOf(group, kept), NextOffset{4});
  const auto reader = NewReader(PartitionOf(out, 0));
  EXPECT_EQ(ValuesOf(ReadRecords(*reader, 1)), std::vector<std::string>{"kept"});
}

TEST_P(LogConformance, OffsetsOfAMemberThatLeftVoidTheTransaction) {
  const std::string topic = NewTopic(1);
  const std::string group = UniqueName("group");
  Member one(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&one}, [&] { return one.owned().size() == 1; }));
  const GroupToken left = one.consumer().group();
  const auto producer = NewProducer(UniqueName("producer"), {topic});
  ASSERT_TRUE(producer->Begin().ok());

  one.Close();
  Member two(log(), MemberOf(group), {topic});
  ASSERT_TRUE(StepUntil({&two}, [&] { return two.owned().size() == 1; }));
  const std::array position{Position{.source = PartitionOf(topic, 0), .next = NextOffset{4}}};

  EXPECT_EQ(Insist([&] { return producer->SendOffsets(position, left, kCallTimeout); }).code(),
            Code::kAborted);
  EXPECT_TRUE(Insist([&] { return producer->Abort(kCallTimeout); }).ok());
  EXPECT_EQ(CommittedOf(group, PartitionOf(topic, 0)), std::nullopt);
}

TEST_P(LogConformance, AStaticMemberThatComesBackGetsItsPartitionsAndNobodyElseNotices) {
  const std::string topic = NewTopic(4);
  const std::string group = UniqueName("group");
  Member one(log(), StaticMemberOf(group, "one"), {topic});
  auto two = std::make_unique<Member>(log(), StaticMemberOf(group, "two"),
                                      std::vector<std::string>{topic});
  ASSERT_TRUE(StepUntil({&one, two.get()}, [&] {
    return one.owned().size() == 2 && Share(PartitionsOf(topic, 4), {&one, two.get()});
  }));
  const std::set<TopicPartition> before = two->owned();
  const int changes_before = one.change_count();

  two->Close();
  two = std::make_unique<Member>(log(), StaticMemberOf(group, "two"),
                                 std::vector<std::string>{topic});

  EXPECT_TRUE(StepUntil({&one, two.get()}, [&] { return two->owned() == before; }));
  EXPECT_EQ(one.change_count(), changes_before);
  EXPECT_EQ(one.owned().size(), 2U);
}

TEST_P(LogConformance, ASecondMemberOfAnInstanceFencesTheFirst) {
  const std::string topic = NewTopic(2);
  const std::string group = UniqueName("group");
  Member older(log(), StaticMemberOf(group, "same"), {topic});
  ASSERT_TRUE(StepUntil({&older}, [&] { return older.owned().size() == 2; }));

  Member newer(log(), StaticMemberOf(group, "same"), {topic});

  EXPECT_TRUE(StepUntil({&newer, &older},
                        [&] { return newer.owned().size() == 2 && !older.failure().ok(); }));
  EXPECT_EQ(older.failure().code(), Code::kFenced) << older.failure().ToString();
  EXPECT_TRUE(newer.failure().ok()) << newer.failure().ToString();
}

TEST_P(LogConformance, ATopicThatDoesNotExistIsDescribedAsNothing) {
  auto admin = log().NewAdmin();
  ASSERT_TRUE(admin.has_value());

  const auto info = Insist([&] { return (*admin)->DescribeTopic(UniqueName("missing")); });

  ASSERT_TRUE(info.has_value()) << StatusOf(info).ToString();
  EXPECT_EQ(*info, std::nullopt);
}

TEST_P(LogConformance, ATopicIsCreatedWithItsPartitionsAndSettings) {
  auto admin = log().NewAdmin();
  ASSERT_TRUE(admin.has_value());
  TopicSpec spec{.name = UniqueName("topic"), .partitions = 3};
  spec.configs = {{"cleanup.policy", "compact"}, {"delete.retention.ms", "604800000"}};

  const Status created = Insist([&] { return (*admin)->CreateTopics(std::array{spec}); });

  ASSERT_TRUE(created.ok()) << created.ToString();
  const auto info = Insist([&] { return (*admin)->DescribeTopic(spec.name); });
  ASSERT_TRUE(info.has_value() && info->has_value()) << StatusOf(info).ToString();
  EXPECT_EQ((*info)->partitions, 3);
  EXPECT_EQ((*info)->configs.at("cleanup.policy"), "compact");
  EXPECT_EQ((*info)->configs.at("delete.retention.ms"), "604800000");
  EXPECT_EQ((*info)->configs.at("retention.ms"), "604800000") << "defaults are described, too";
}

TEST_P(LogConformance, ATopicThatExistsIsLeftAsItIs) {
  auto admin = log().NewAdmin();
  ASSERT_TRUE(admin.has_value());
  const std::string topic = NewTopic(2);
  WriteCommitted(PartitionOf(topic, 1), {"a"});
  TopicSpec again{.name = topic, .partitions = 5};
  TopicSpec fresh{.name = UniqueName("topic"), .partitions = 1};

  const Status created = Insist([&] { return (*admin)->CreateTopics(std::array{again, fresh}); });

  ASSERT_TRUE(created.ok()) << created.ToString();
  const auto info = Insist([&] { return (*admin)->DescribeTopic(topic); });
  ASSERT_TRUE(info.has_value() && info->has_value());
  EXPECT_EQ((*info)->partitions, 2);
  const auto reader = NewReader(PartitionOf(topic, 1));
  EXPECT_EQ(ReadRecords(*reader, 1).size(), 1U);
  const auto other = Insist([&] { return (*admin)->DescribeTopic(fresh.name); });
  EXPECT_TRUE(other.has_value() && other->has_value());
}

TEST_P(LogConformance, ATopicThatCannotBeCreatedIsFatalAndNamed) {
  auto admin = log().NewAdmin();
  ASSERT_TRUE(admin.has_value());
  const TopicSpec bad_name{.name = UniqueName("bad name!"), .partitions = 1};
  TopicSpec bad_setting{.name = UniqueName("topic"), .partitions = 1};
  bad_setting.configs = {{"no.such.setting", "1"}};

  for (const TopicSpec& spec : {bad_name, bad_setting}) {
    const Status refused = Insist([&] { return (*admin)->CreateTopics(std::array{spec}); });
    ASSERT_FALSE(refused.ok()) << spec.name;
    EXPECT_EQ(refused.code(), Code::kFatal);
    EXPECT_NE(refused.message().find(spec.name), std::string::npos) << refused.message();
  }
}

}  // namespace foothold::log
