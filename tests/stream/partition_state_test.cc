#include "src/stream/partition_state.h"

#include <map>
#include <optional>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/random.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PartitionStateTest : public ::testing::Test {
 protected:
  explicit PartitionStateTest(std::size_t cache_bytes_max = 1U << 20U)
      : memory_(state::SharedMemory::Create(16U << 20U)),
        state_(
            state::Store::Open(
                {.path = "/partition", .identity = "shop/0", .memory = memory_, .in_memory = true})
                .value(),
            cache_bytes_max) {}

  void Touch(const std::string& user, std::optional<Instant> due) {
    Subject* subject = state_.subjects().TouchUser("acme", user).value();
    ++subject->user().progress_sequence;
    state_.subjects().SetDue(subject, due);
  }
  void Remove(const std::string& user) {
    state_.subjects().Remove(state_.subjects().TouchUser("acme", user).value());
  }
  // A record of the changelog with its own bytes.
  struct Record {
    std::string key;
    std::optional<std::string> value;
  };
  std::vector<Record> Commit() {
    std::vector<StagedChange> changelog;
    state_.Collect(PartitionId{0}, &changelog);
    std::vector<Record> records;
    for (const StagedChange& change : changelog) {
      records.push_back({std::string(change.key), std::nullopt});
      if (change.value.has_value()) {
        records.back().value = *change.value;
      }
    }
    state_.Apply();
    return records;
  }
  std::vector<std::string> Walk() {
    std::vector<std::string> users;
    std::string cursor;
    while (true) {
      const auto key = state_.NextKey(state::UserKeyPrefix("acme"), cursor).value();
      if (!key.has_value()) {
        return users;
      }
      users.push_back(state::ParseKey(*key).value().id);
      cursor = *key;
    }
  }

  std::shared_ptr<state::SharedMemory> memory_;
  PartitionState state_;
};

TEST_F(PartitionStateTest, OneChangelogRecordForEachKeyHoweverOftenTouched) {
  Touch("ada", kEpoch + kDay);
  Touch("ada", kEpoch + 2 * kDay);
  Touch("bea", std::nullopt);
  state_.Write(state::FactKey("clock"), "1");
  state_.Write(state::FactKey("clock"), "2");

  const std::vector<Record> changelog = Commit();

  ASSERT_THAT(changelog, SizeIs(3));
  EXPECT_EQ(changelog[0].key, state::UserKey("acme", "ada"));
  EXPECT_EQ(state::ParseValue(*changelog[0].value)->due, kEpoch + 2 * kDay);
  EXPECT_EQ(changelog[1].key, state::UserKey("acme", "bea"));
  EXPECT_EQ(changelog[2].key, state::FactKey("clock"));
}

TEST_F(PartitionStateTest, WhatWasLookedAtAndDidNotChangeIsNotWritten) {
  Touch("ada", std::nullopt);
  Commit();

  EXPECT_TRUE(state_.subjects().TouchUser("acme", "ada").has_value());

  EXPECT_THAT(Commit(), IsEmpty());
}

TEST_F(PartitionStateTest, WhatCameAndWentBetweenCommitsIsNotWritten) {
  Touch("ada", kEpoch + kDay);
  Remove("ada");

  EXPECT_THAT(Commit(), IsEmpty());
  EXPECT_FALSE(state_.subjects().Has(state::UserKey("acme", "ada")).value());
}

TEST_F(PartitionStateTest, ADeletedSubjectLeavesATombstoneAndNoTimer) {
  Touch("ada", kEpoch + kDay);
  Commit();
  Remove("ada");

  const std::vector<Record> changelog = Commit();

  ASSERT_THAT(changelog, SizeIs(1));
  EXPECT_EQ(changelog[0].value, std::nullopt);
  EXPECT_EQ(state_.NextTimer(kEpoch + 9 * kDay).value(), std::nullopt);
  EXPECT_THAT(Walk(), IsEmpty());
}

TEST_F(PartitionStateTest, ADropTakesEverythingBack) {
  Touch("ada", kEpoch + kDay);
  state_.Write(state::FactKey("clock"), "1");
  Commit();
  Touch("ada", kEpoch + 5 * kDay);
  Touch("bea", kEpoch + kDay);
  state_.Write(state::FactKey("clock"), "2");

  state_.Drop();

  EXPECT_EQ(state_.Read(state::FactKey("clock")).value(), "1");
  EXPECT_EQ(state_.NextTimer(kEpoch + 9 * kDay)->value().due, kEpoch + kDay);
  EXPECT_THAT(Walk(), ElementsAre("ada"));
  EXPECT_EQ(state_.subjects().TouchUser("acme", "ada").value()->user().progress_sequence, 1);
}

TEST_F(PartitionStateTest, WhatIsLocalStaysOutOfTheChangelog) {
  state_.WriteLocal(state::FactKey("changelog"), "7 0");

  EXPECT_THAT(Commit(), IsEmpty());
  EXPECT_EQ(state_.Read(state::FactKey("changelog")).value(), "7 0");
}

TEST_F(PartitionStateTest, WhatIsCommittedIsSeenBeforeTheStoreHasIt) {
  Touch("ada", kEpoch + kDay);
  Touch("bea", kEpoch + 2 * kDay);
  state_.Write(state::FactKey("clock"), "1");
  Commit();

  EXPECT_GT(state_.unwritten_bytes(), 0U);
  EXPECT_EQ(state_.store().Get(state::UserKey("acme", "ada")).value(), std::nullopt);
  EXPECT_EQ(state_.Read(state::FactKey("clock")).value(), "1");
  EXPECT_EQ(state_.NextTimer(kEpoch + 9 * kDay)->value().due, kEpoch + kDay);
  EXPECT_THAT(Walk(), ElementsAre("ada", "bea"));
}

TEST_F(PartitionStateTest, OneWriteForSeveralCommitsLeavesTheLastOfEachKey) {
  Touch("ada", kEpoch + kDay);
  Touch("bea", kEpoch + kDay);
  Commit();
  Touch("ada", kEpoch + 3 * kDay);
  Remove("bea");
  Commit();

  ASSERT_TRUE(state_.WriteOut().ok());

  EXPECT_EQ(state_.unwritten_bytes(), 0U);
  const auto timers = state_.store().TimersUntil(kEpoch + 9 * kDay, std::nullopt, 9).value();
  EXPECT_THAT(timers,
              ElementsAre(state::DueTimer{kEpoch + 3 * kDay, state::UserKey("acme", "ada")}));
  EXPECT_EQ(state_.store().Get(state::UserKey("acme", "bea")).value(), std::nullopt);
}

TEST_F(PartitionStateTest, ADeletionThatWaitsIsSeen) {
  Touch("ada", kEpoch + kDay);
  Commit();
  ASSERT_TRUE(state_.WriteOut().ok());
  Remove("ada");
  Commit();

  EXPECT_FALSE(state_.subjects().Has(state::UserKey("acme", "ada")).value());
  EXPECT_EQ(state_.NextTimer(kEpoch + 9 * kDay).value(), std::nullopt);
  EXPECT_THAT(Walk(), IsEmpty());
  ASSERT_TRUE(state_.WriteOut().ok());
  EXPECT_EQ(state_.NextTimer(kEpoch + 9 * kDay).value(), std::nullopt);
}

TEST_F(PartitionStateTest, ADropLeavesWhatIsCommittedAndUnwritten) {
  Touch("ada", kEpoch + kDay);
  Commit();
  Touch("ada", kEpoch + 5 * kDay);
  // Looking for timers while "ada" is staged must not forget the committed one.
  ASSERT_EQ(state_.NextTimer(kEpoch + 2 * kDay).value(), std::nullopt);

  state_.Drop();

  EXPECT_EQ(state_.NextTimer(kEpoch + 2 * kDay)->value().due, kEpoch + kDay);
  EXPECT_EQ(state_.subjects().TouchUser("acme", "ada").value()->user().progress_sequence, 1);
}

class NoCacheTest : public PartitionStateTest {
 protected:
  NoCacheTest() : PartitionStateTest(0) {}
};

TEST_F(NoCacheTest, WithoutACacheNothingStaysInMemoryAndNothingIsLost) {
  Touch("ada", kEpoch + kDay);
  Commit();

  EXPECT_EQ(state_.subjects().bytes(), 0U);
  EXPECT_EQ(state_.subjects().TouchUser("acme", "ada").value()->user().progress_sequence, 1);
}

// Timers and walks against a map, over commits and aborts at any moment.
class RandomStateTest : public PartitionStateTest {
 protected:
  RandomStateTest() : PartitionStateTest(20'000) {}

  void CheckTimers(Instant until) {
    std::optional<state::DueTimer> expected;
    for (const auto& [user, due] : users_) {
      if (!due.has_value() || *due > until) {
        continue;
      }
      const state::DueTimer timer{*due, state::UserKey("acme", user)};
      if (!expected.has_value() || timer < *expected) {
        expected = timer;
      }
    }
    ASSERT_EQ(state_.NextTimer(until).value(), expected);
  }
  void CheckWalk() {
    std::vector<std::string> expected;
    for (const auto& [user, due] : users_) {
      expected.push_back(user);
    }
    ASSERT_EQ(Walk(), expected);
  }

  std::map<std::string, std::optional<Instant>> users_;
};

TEST_F(RandomStateTest, TimersAndWalksAreThoseOfANaiveModel) {
  const std::uint64_t seed = 20261122;
  SCOPED_TRACE(::testing::Message() << "seed " << seed);
  Random random(seed);
  auto committed = users_;
  for (int step = 0; step < 6'000; ++step) {
    const std::string user = "u" + std::to_string(random.Below(700));
    const std::uint64_t what = random.Below(100);
    if (what < 70) {
      std::optional<Instant> due;
      if (random.Chance(0.8)) {
        due = kEpoch + milliseconds{random.Between(1, 5'000)};
      }
      Touch(user, due);
      users_[user] = due;
    } else if (what < 78) {
      Remove(user);
      users_.erase(user);
    } else if (what < 80) {
      Commit();
      committed = users_;
    } else if (what < 81) {
      state_.Drop();
      users_ = committed;
    } else if (what < 82) {
      ASSERT_TRUE(state_.WriteOut().ok());
    } else if (what < 99) {
      CheckTimers(kEpoch + milliseconds{random.Between(1, 5'000)});
    } else {
      CheckWalk();
    }
    if (HasFatalFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace foothold::stream
