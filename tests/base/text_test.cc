#include "src/base/text.h"

#include <gtest/gtest.h>

namespace foothold {
namespace {

TEST(FirstNotUtf8Test, TakesWhatIsUtf8) {
  for (const std::string_view text :
       {"", "plain", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "na\xC3\xAFve"}) {
    EXPECT_EQ(FirstNotUtf8(text), std::nullopt) << text;
  }
  EXPECT_EQ(FirstNotUtf8(std::string_view("\0", 1)), std::nullopt);
}

TEST(FirstNotUtf8Test, NamesTheFirstByteThatIsNot) {
  // A lone tail, overlong forms, a surrogate, beyond U+10FFFF, bytes that never occur, cut off.
  for (const std::string_view bad :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82", "\xF0\x9F\x98",
        "\xE2\x28\xA1", "\xF0\x9F\x28\x80"}) {
    EXPECT_EQ(FirstNotUtf8(bad), 0U);
    EXPECT_EQ(FirstNotUtf8("na\xC3\xAFve " + std::string(bad)), 7U);
  }
}

}  // namespace
}  // namespace foothold
