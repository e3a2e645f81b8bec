#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/intake/bag_builder.h"
#include "src/intake/draft.h"
#include "src/intake/mapping.h"

namespace foothold::intake {

// Nesting beyond this many objects and arrays is unparseable.
inline constexpr int kNestingMax = 256;

bool IsUtf8(std::string_view bytes);

// Reads records that are one JSON object each, as a mapping says. Holds the record last read.
//
// Not thread-safe. `mapping` must outlive the reader.
class JsonReader {
 public:
  explicit JsonReader(const Mapping& mapping);
  ~JsonReader();
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // Parses the whole of `text` and fills `*draft`, which is clear; its views live until the next
  // Parse(). What is wrong if it is not valid JSON; nullopt if it is, also when a field has an
  // unusable type: then draft->bad_type says so and the draft is incomplete.
  std::optional<std::string> Parse(std::string_view text, Draft* draft);

  // Adds what the last record has of each. REQUIRES: it was parsed without a bad type.
  void AddProperties(BagBuilder* builder) const;
  void AddTraits(BagBuilder* builder) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads single JSON values that stand inside records of another form.
//
// Not thread-safe.
class JsonValueReader {
 public:
  JsonValueReader();
  ~JsonValueReader();
  JsonValueReader(const JsonValueReader&) = delete;
  JsonValueReader& operator=(const JsonValueReader&) = delete;

  // Adds the object or array in `text` under `raw_name`. False if it is not valid, or neither.
  bool Add(std::string_view raw_name, std::string_view text, BagBuilder* builder);
  bool IsValid(std::string_view text);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace foothold::intake
