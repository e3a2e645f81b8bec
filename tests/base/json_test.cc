#include "src/base/json.h"

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace foothold {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

TEST(JsonStringTest, Utf8StaysAndControlCharactersAreEscaped) {
  EXPECT_EQ(Quoted("Zürich \xf0\x9f\x98\x80"), "\"Zürich \xf0\x9f\x98\x80\"");
  EXPECT_EQ(Quoted(std::string_view("a\"\\\n\r\t\x01\0b", 9)), R"("a\"\\\n\r\t\u0001\u0000b")");
  EXPECT_EQ(Quoted(""), "\"\"");
}

TEST(JsonStringTest, EachBrokenPartBecomesOneReplacement) {
  const std::string replacement = "\xef\xbf\xbd";

  EXPECT_EQ(Quoted("a\xff"), "\"a" + replacement + "\"");
  EXPECT_EQ(Quoted("\xe2\x82"), "\"" + replacement + "\"");
  EXPECT_EQ(Quoted("\xe2\x28\xa1"), "\"" + replacement + "(" + replacement + "\"");
}

TEST(JsonStringTest, WhatIsPlainEndsAtTheFirstCharacterThatIsNotWhereverItStands) {
  for (std::size_t size = 0; size < 20; ++size) {
    const std::string plain(size, 'x');
    EXPECT_EQ(PlainJsonLength(plain), size);
    for (std::size_t place = 0; place < size; ++place) {
      for (const char other : {'"', '\\', '\n', '\x80', '\xff', '\0'}) {
        std::string text = plain;
        text[place] = other;
        EXPECT_EQ(PlainJsonLength(text), place) << size;
      }
    }
  }
}

TEST(JsonWriterTest, MembersAreSeparatedAcrossNestedObjects) {
  std::string text;
  JsonWriter json(&text);

  json.BeginObject();
  json.Member("name", "Ada \"L\"");
  json.BeginObject("empty");
  json.EndObject();
  json.BeginObject("inner");
  json.Member("count", std::int64_t{-3});
  json.EndObject();
  json.Member("is_new", true);
  json.EndObject();

  EXPECT_EQ(text, R"({"name":"Ada \"L\"","empty":{},"inner":{"count":-3},"is_new":true})");
}

TEST(JsonWriterTest, ArraysHoldObjectsAndTexts) {
  std::string text;
  JsonWriter json(&text);

  json.BeginObject();
  json.BeginArray("people");
  json.BeginItem();
  json.Member("name", "Ada");
  json.Null("age");
  json.EndObject();
  json.BeginItem();
  json.EndObject();
  json.EndArray();
  json.BeginArray("words");
  json.Item("a");
  json.Item("b");
  json.EndArray();
  json.Raw("share", "0.5");
  json.EndObject();

  EXPECT_EQ(text, R"({"people":[{"name":"Ada","age":null},{}],"words":["a","b"],"share":0.5})");
}

TEST(Utf8Test, OnlyShortestFormsOfScalarValuesAreCharacters) {
  EXPECT_EQ(Utf8CharacterLength("a"), 1U);
  EXPECT_EQ(Utf8CharacterLength("\xc3\xbc"), 2U);
  EXPECT_EQ(Utf8CharacterLength("\xe2\x82\xac!"), 3U);
  EXPECT_EQ(Utf8CharacterLength("\xf4\x8f\xbf\xbf"), 4U);

  EXPECT_EQ(Utf8CharacterLength(""), 0U);
  EXPECT_EQ(Utf8CharacterLength("\x80"), 0U);
  EXPECT_EQ(Utf8CharacterLength("\xc0\xaf"), 0U);
  EXPECT_EQ(Utf8CharacterLength("\xe0\x80\xaf"), 0U);
  EXPECT_EQ(Utf8CharacterLength("\xed\xa0\x80"), 0U);
  EXPECT_EQ(Utf8CharacterLength("\xf4\x90\x80\x80"), 0U);
}

}  // namespace
}  // namespace foothold
