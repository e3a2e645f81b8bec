#include "src/http/query.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace foothold::http {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(QueryTest, NamesAndValuesAreDecoded) {
  EXPECT_THAT(ParseQuery("a=1&b=x%20y%2F%C3%BC&c=p+q&d=&e").value(),
              ElementsAre(Pair("a", "1"), Pair("b", "x y/\xC3\xBC"), Pair("c", "p q"),
                          Pair("d", ""), Pair("e", "")));
  EXPECT_TRUE(ParseQuery("").value().empty());
}

TEST(QueryTest, WhatIsNotWellFormedIsRefused) {
  for (const std::string query : {"a=%", "a=%2", "a=%zz", "%=1", "a=1&a=2"}) {
    EXPECT_FALSE(ParseQuery(query).has_value()) << query;
  }
  std::string many;
  for (int i = 0; i < 33; ++i) {
    many += "n" + std::to_string(i) + "=1&";
  }
  EXPECT_FALSE(ParseQuery(many).has_value());
}

}  // namespace
}  // namespace foothold::http
