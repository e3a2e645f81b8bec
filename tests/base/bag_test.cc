#include "src/base/bag.h"

#include <gtest/gtest.h>

namespace foothold {
namespace {

std::string SampleBag() {
  std::string bytes;
  BagWriter writer(&bytes);
  writer.Add("text", std::string_view("x"));
  writer.Add("empty", std::string_view(""));
  writer.Add("count", std::int64_t{-7});
  writer.Add("share", 0.5);
  writer.Add("yes", true);
  writer.Add("nothing", std::monostate());
  writer.Add("nested", JsonText{"{\"a\":1}"});
  writer.Add("text", std::string_view("second"));
  return bytes;
}

TEST(BagTest, GivesBackWhatWasAddedAndTheFirstOfEqualNames) {
  const std::string bytes = SampleBag();
  const BagView bag(bytes);

  EXPECT_TRUE(bag.IsWellFormed());
  EXPECT_EQ(bag.Find("text"), Scalar(std::string_view("x")));
  EXPECT_EQ(bag.Find("count"), Scalar(std::int64_t{-7}));
  EXPECT_EQ(bag.Find("share"), Scalar(0.5));
  EXPECT_EQ(bag.Find("nested"), Scalar(JsonText{"{\"a\":1}"}));
  EXPECT_EQ(bag.Find("absent"), std::nullopt);
}

TEST(BagTest, IdsAreTextOrDigits) {
  const std::string bytes = SampleBag();
  const BagView bag(bytes);

  EXPECT_EQ(bag.FindId("text"), "x");
  EXPECT_EQ(bag.FindId("count"), "-7");
  EXPECT_EQ(bag.FindId("empty"), std::nullopt);
  EXPECT_EQ(bag.FindId("share"), std::nullopt);
}

TEST(BagTest, EveryTruncationIsToldAndNoneCrashes) {
  const std::string bytes = SampleBag();
  int entries_before = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    std::string_view rest = std::string_view(bytes).substr(0, size);
    int entries = 0;
    while (BagView::Next(&rest).has_value()) {
      ++entries;
    }
    EXPECT_GE(entries, entries_before);
    entries_before = entries;
  }
  EXPECT_FALSE(BagView(std::string_view(bytes).substr(0, bytes.size() - 1)).IsWellFormed());
}

TEST(BagTest, TextOfNumbersIsShort) {
  EXPECT_EQ(ScalarText(1.0), "1");
  EXPECT_EQ(ScalarText(0.1), "0.1");
  EXPECT_EQ(ScalarText(std::int64_t{42}), "42");
  EXPECT_EQ(ScalarText(true), "true");
  EXPECT_EQ(ScalarNumber(Scalar(std::string_view("2.5"))), 2.5);
  EXPECT_EQ(ScalarNumber(Scalar(std::string_view("2.5x"))), std::nullopt);
}

}  // namespace
}  // namespace foothold
