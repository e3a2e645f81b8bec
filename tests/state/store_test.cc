#include "state/store.h"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/schema.h"
#include "state/timer_index.h"
#include "tests/state/seed.h"

namespace foothold::state {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kMemoryBytes = std::size_t{16} << 20;
constexpr std::size_t kMany = 1000;

Instant At(std::int64_t ms) { return InstantFromMs(ms); }
std::string Value(std::string_view payload) { return MakeValue(payload, std::nullopt); }

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Reopen(); }

  void Reopen() {
    store_.reset();
    Result<std::unique_ptr<Store>> opened = Store::Open(options_);
    ASSERT_TRUE(opened.has_value()) << opened.error().ToString();
    store_ = std::move(*opened);
  }

  void Put(const std::string& key, std::optional<Instant> due, std::optional<Instant> due_before) {
    WriteBatch batch;
    batch.Put(key, MakeValue("", due), due_before);
    Write(batch);
  }

  void Write(const WriteBatch& batch) {
    const Status written = store_->Write(batch);
    ASSERT_TRUE(written.ok()) << written.ToString();
  }

  std::vector<DueTimer> Timers(std::int64_t until_ms, std::size_t count_max = kMany,
                               const std::optional<DueTimer>& after = std::nullopt) {
    Result<std::vector<DueTimer>> timers = store_->TimersUntil(At(until_ms), after, count_max);
    EXPECT_TRUE(timers.has_value());
    return timers.value_or(std::vector<DueTimer>());
  }

  std::vector<std::string> Keys(std::string_view prefix, std::string_view after = {}) {
    std::vector<std::string> keys;
    const Status scanned =
        store_->Scan(prefix, after, [&keys](std::string_view key, std::string_view) {
          keys.emplace_back(key);
          return true;
        });
    EXPECT_TRUE(scanned.ok()) << scanned.ToString();
    return keys;
  }

  StoreOptions options_{.path = "/shop/3",
                        .identity = "shop/3",
                        .memory = SharedMemory::Create(kMemoryBytes),
                        .in_memory = true};
  std::unique_ptr<Store> store_;
};

TEST_F(StoreTest, WhatWasPutIsReadAndWhatWasDeletedIsNot) {
  WriteBatch batch;
  batch.Put("ua", Value("1"), std::nullopt);
  batch.Put("ub", Value("2"), std::nullopt);
  Write(batch);
  batch.Clear();
  batch.Delete("ua", std::nullopt);
  Write(batch);

  EXPECT_EQ(*store_->Get("ua"), std::nullopt);
  EXPECT_EQ(*store_->Get("ub"), Value("2"));
}

TEST_F(StoreTest, SeveralKeysAreReadInTheOrderAsked) {
  WriteBatch batch;
  batch.Put("ua", Value("1"), std::nullopt);
  batch.Put("ub", Value("2"), std::nullopt);
  Write(batch);

  const auto found = store_->MultiGet({"ub", "none", "ua", "ub"});

  ASSERT_TRUE(found.has_value());
  EXPECT_THAT(*found, ElementsAre(Value("2"), std::nullopt, Value("1"), Value("2")));
}

TEST_F(StoreTest, NoKeysAreReadAsNone) { EXPECT_THAT(*store_->MultiGet({}), IsEmpty()); }

TEST_F(StoreTest, TheLastWordOfABatchOnAKeyWins) {
  WriteBatch batch;
  batch.Put("ua", MakeValue("1", At(5)), std::nullopt);
  batch.Put("ua", MakeValue("2", At(9)), std::nullopt);
  batch.Put("ub", MakeValue("3", At(7)), std::nullopt);
  batch.Delete("ub", std::nullopt);
  Write(batch);

  EXPECT_EQ(*store_->Get("ua"), MakeValue("2", At(9)));
  EXPECT_EQ(*store_->Get("ub"), std::nullopt);
  EXPECT_THAT(Timers(100), ElementsAre(DueTimer{At(9), "ua"}));
}

TEST_F(StoreTest, AClearedBatchWritesNothing) {
  WriteBatch batch;
  batch.Put("ua", MakeValue("1", At(5)), std::nullopt);
  EXPECT_GT(batch.bytes(), 0U);
  batch.Clear();
  Write(batch);

  EXPECT_THAT(Keys(""), IsEmpty());
  EXPECT_THAT(Timers(100), IsEmpty());
}

TEST_F(StoreTest, ATimerMovesWithTheDueOfItsSubject) {
  Put("ua", At(50), std::nullopt);
  EXPECT_THAT(Timers(100), ElementsAre(DueTimer{At(50), "ua"}));

  Put("ua", At(20), At(50));
  EXPECT_THAT(Timers(100), ElementsAre(DueTimer{At(20), "ua"}));

  Put("ua", std::nullopt, At(20));
  EXPECT_THAT(Timers(100), IsEmpty());

  Put("ua", At(70), std::nullopt);
  WriteBatch batch;
  batch.Delete("ua", At(70));
  Write(batch);
  EXPECT_THAT(Timers(100), IsEmpty());
}

TEST_F(StoreTest, TimersComeEarliestFirstUpToTheInstantAsked) {
  Put("uc", At(20), std::nullopt);
  Put("ua", At(20), std::nullopt);
  Put("ub", At(10), std::nullopt);
  Put("ud", At(21), std::nullopt);

  EXPECT_THAT(Timers(20),
              ElementsAre(DueTimer{At(10), "ub"}, DueTimer{At(20), "ua"}, DueTimer{At(20), "uc"}));
  EXPECT_THAT(Timers(20, 1), ElementsAre(DueTimer{At(10), "ub"}));
  EXPECT_THAT(Timers(20, kMany, DueTimer{At(20), "ua"}), ElementsAre(DueTimer{At(20), "uc"}));
  EXPECT_THAT(Timers(9), IsEmpty());
  EXPECT_THAT(Timers(-1), IsEmpty());
  EXPECT_THAT(Timers(20, 0), IsEmpty());
}

TEST_F(StoreTest, AStaleTimerGoesWhenItsSubjectIsWrittenWithItsDue) {
  Put("ua", At(5), std::nullopt);  // The next write does not know of it: 5 stays behind.
  Put("ua", At(9), std::nullopt);
  ASSERT_THAT(Timers(100), ElementsAre(DueTimer{At(5), "ua"}, DueTimer{At(9), "ua"}));

  Put("ua", At(9), At(5));

  EXPECT_THAT(Timers(100), ElementsAre(DueTimer{At(9), "ua"}));
}

TEST_F(StoreTest, ATimerEarlierThanThoseTakenBeforeIsFound) {
  Put("ua", At(50), std::nullopt);
  EXPECT_THAT(Timers(40), IsEmpty());
  EXPECT_THAT(Timers(100), ElementsAre(DueTimer{At(50), "ua"}));

  Put("ub", At(30), std::nullopt);

  EXPECT_THAT(Timers(40), ElementsAre(DueTimer{At(30), "ub"}));
}

TEST_F(StoreTest, AStoreFilledWithoutAnIndexGetsItAtTheEnd) {
  // More than are written at once.
  constexpr int kSubjects = 45'000;
  std::vector<DueTimer> expected;
  WriteBatch batch;
  for (int i = 0; i < kSubjects; ++i) {
    const std::string key = "u" + std::to_string(i);
    const Instant due = At(1 + (i * 7'919) % 1'000);
    batch.PutUnindexed(key, MakeValue("", At(5)));
    batch.PutUnindexed(key, MakeValue("", due));
    expected.push_back({due, key});
  }
  batch.PutUnindexed("a", Value(""));
  batch.PutUnindexed("ugone", MakeValue("", At(9)));
  batch.DeleteUnindexed("ugone");
  Write(batch);
  ASSERT_THAT(Timers(2'000), IsEmpty());

  ASSERT_TRUE(BuildTimerIndex(store_.get()).ok());

  std::ranges::sort(expected);
  EXPECT_EQ(Timers(2'000, kSubjects + 1), expected);
  Put(expected.front().key, std::nullopt, expected.front().due);
  EXPECT_THAT(Timers(2'000, 1), ElementsAre(expected[1]));
}

TEST_F(StoreTest, TheIndexFollowsAnyRunOfWrites) {
  const std::uint64_t seed = TestSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::map<std::string, Instant> due_by_key;

  for (int round = 0; round < 400; ++round) {
    const std::map<std::string, Instant> before = due_by_key;
    WriteBatch batch;
    for (std::uint64_t change = random() % 6; change > 0; --change) {
      const std::string key = "u" + std::to_string(random() % 12);
      const auto stored = before.find(key);
      const std::optional<Instant> due_before =
          stored == before.end() ? std::nullopt : std::optional(stored->second);
      due_by_key.erase(key);
      const std::uint64_t kind = random() % 4;
      if (kind == 0) {
        batch.Delete(key, due_before);
      } else if (kind == 1) {
        batch.Put(key, Value(""), due_before);
      } else {
        const Instant due = At(static_cast<std::int64_t>(random() % 50));
        batch.Put(key, MakeValue("", due), due_before);
        due_by_key[key] = due;
      }
    }
    Write(batch);
    if (random() % 20 == 0) {
      ASSERT_TRUE(store_->Flush().ok());
      Reopen();
    }

    const std::int64_t until_ms = static_cast<std::int64_t>(random() % 60);
    std::vector<DueTimer> expected;
    for (const auto& [key, due] : due_by_key) {
      if (due <= At(until_ms)) expected.push_back({due, key});
    }
    std::ranges::sort(expected);
    ASSERT_EQ(Timers(until_ms), expected) << "round " << round;
  }
}

TEST_F(StoreTest, AScanShowsAPrefixInOrderWithoutTimers) {
  WriteBatch batch;
  batch.Put(UserKey("a", "2"), MakeValue("", At(5)), std::nullopt);
  batch.Put(UserKey("a", "1"), Value(""), std::nullopt);
  batch.Put(UserKey("ab", "1"), Value(""), std::nullopt);
  batch.Put(AccountKey("a"), MakeValue("", At(6)), std::nullopt);
  batch.Put(MetaKey(), Value(""), std::nullopt);
  Write(batch);

  EXPECT_THAT(Keys(UserKeyPrefix("a")), ElementsAre(UserKey("a", "1"), UserKey("a", "2")));
  EXPECT_THAT(Keys(UserKeyPrefix("a"), UserKey("a", "1")), ElementsAre(UserKey("a", "2")));
  EXPECT_THAT(Keys(""), ElementsAre(AccountKey("a"), MetaKey(), UserKey("a", "1"),
                                    UserKey("a", "2"), UserKey("ab", "1")));
  EXPECT_THAT(Keys("t"), IsEmpty());
}

TEST_F(StoreTest, AScanStopsWhenToldTo) {
  WriteBatch batch;
  batch.Put("ua", Value(""), std::nullopt);
  batch.Put("ub", Value(""), std::nullopt);
  Write(batch);

  int count = 0;
  const Status scanned = store_->Scan("u", "", [&count](std::string_view, std::string_view) {
    ++count;
    return false;
  });

  EXPECT_TRUE(scanned.ok());
  EXPECT_EQ(count, 1);
}

TEST_F(StoreTest, ACloseKeepsWhatWasFlushedAndNothingElse) {
  Put("ua", std::nullopt, std::nullopt);
  ASSERT_TRUE(store_->Flush().ok());
  Put("ub", std::nullopt, std::nullopt);

  Reopen();

  EXPECT_THAT(Keys(""), ElementsAre("ua"));
}

TEST_F(StoreTest, TwoStoresInMemoryDoNotSeeEachOther) {
  StoreOptions other = options_;
  other.path = "/shop/4";
  other.identity = "shop/4";
  Result<std::unique_ptr<Store>> second = Store::Open(other);
  ASSERT_TRUE(second.has_value());

  Put("ua", std::nullopt, std::nullopt);

  EXPECT_EQ(*(*second)->Get("ua"), std::nullopt);
}

TEST_F(StoreTest, ADestroyedStoreIsEmptyAndMayBelongToAnother) {
  Put("ua", At(5), std::nullopt);
  ASSERT_TRUE(store_->Flush().ok());
  store_.reset();

  ASSERT_TRUE(Store::Destroy(options_).ok());
  ASSERT_TRUE(Store::Destroy(options_).ok()) << "nothing to destroy is a success";
  options_.identity = "mart/1";
  Reopen();

  EXPECT_THAT(Keys(""), IsEmpty());
  EXPECT_THAT(Timers(100), IsEmpty());
}

TEST_F(StoreTest, MemoryStaysWithinItsBoundWhileMuchIsWrittenAndRead) {
  const std::string payload(4000, 'x');
  for (int i = 0; i < 10'000; ++i) {  // 40 MB through 16 MiB.
    WriteBatch batch;
    batch.Put(UserKey("tenant", std::to_string(i)), Value(payload + std::to_string(i)),
              std::nullopt);
    Write(batch);
    ASSERT_LE(options_.memory->bytes_used(), kMemoryBytes + (std::size_t{2} << 20));
  }
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = UserKey("tenant", std::to_string(i));
    ASSERT_EQ(*store_->Get(key), Value(payload + std::to_string(i)));
    ASSERT_LE(options_.memory->bytes_used(), kMemoryBytes + (std::size_t{2} << 20));
  }
  EXPECT_GT(store_->bytes_on_disk(), 0U);
  EXPECT_GT(store_->keys_estimate(), 5'000U);
}

}  // namespace
}  // namespace foothold::state
