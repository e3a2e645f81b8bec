#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foothold {

// Appends `text` as a JSON string with its quotes. Control characters are escaped, other UTF-8
// stays as it is; bytes that are not UTF-8 become U+FFFD, one for each maximal broken part, so the
// result is always JSON.
void AppendJsonString(std::string_view text, std::string* out);

// How many of the first bytes are ASCII that stands in a JSON string as it is.
std::size_t PlainJsonLength(std::string_view text);

// The length of the UTF-8 character at the front of `text`, or 0 if there is none: an empty text, a
// stray or missing continuation byte, an overlong form, a surrogate, a value above U+10FFFF.
std::size_t Utf8CharacterLength(std::string_view text);

// Writes objects member by member, without white space. The caller says each name once.
//
//   JsonWriter json(&text);
//   json.BeginObject();
//   json.Member("name", "Ada");
//   json.BeginObject("address");
//   json.EndObject();
//   json.EndObject();
class JsonWriter {
 public:
  // Appends to `*out`, which must outlive the writer.
  explicit JsonWriter(std::string* out) : out_(out) {}

  void BeginObject();
  void BeginObject(std::string_view name);
  void EndObject();
  // An array; its elements are objects (BeginItem() to EndObject()) or texts.
  void BeginArray(std::string_view name);
  void EndArray();
  void BeginItem();
  void Item(std::string_view text);
  void Member(std::string_view name, std::string_view value);
  void Member(std::string_view name, const char* value) { Member(name, std::string_view(value)); }
  void Member(std::string_view name, std::int64_t value);
  void Member(std::string_view name, bool value);
  void Null(std::string_view name);
  // `json` is JSON already.
  void Raw(std::string_view name, std::string_view json);

 private:
  void Separate();
  void Name(std::string_view name);

  std::string* out_;
  bool is_first_ = true;  // Of the object or array that is open.
};

}  // namespace foothold
