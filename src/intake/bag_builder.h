#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/bag.h"

namespace foothold::intake {

// The hash of a value for fingerprints: numbers by value (1 and 1.0 agree), all else by type and
// text. Nested values are hashed by their reader, independent of the order of keys.
std::uint64_t HashScalar(const Scalar& value);

// Collects the properties or traits of one record and writes them as a bag with unique canonical
// names, and a hash of names and values that does not depend on their order. Memory is reused.
//
// Of entries with one canonical name the first of these decides: the one added by AddOverriding(),
// one whose raw name has no `$` in front, the smaller raw name, the rule for equal raw names.
class BagBuilder {
 public:
  enum class EqualNames : std::uint8_t { kFirstCounts, kLastCounts };

  // Whether a `$` in front is part of the canonical name.
  enum class Dollar : std::uint8_t { kKept, kStripped };

  void Begin(EqualNames equal_names, Dollar dollar);
  // Views must live until Finish().
  void Add(std::string_view raw_name, const Scalar& value);
  void AddOverriding(std::string_view raw_name, const Scalar& value);
  // A string whose text is copied.
  void AddCopied(std::string_view raw_name, std::string_view text);
  // A nested value: append its JSON to text(), then say from which size on it stands there.
  void AddNested(std::string_view raw_name, std::size_t text_begin, std::uint64_t value_hash);
  std::string& text() { return text_; }

  // Replaces `*bag` by the entries in the order they were added, and returns their hash.
  std::uint64_t Finish(std::string* bag);

 private:
  struct Entry {
    std::string_view raw_name;
    std::size_t name_begin = 0;
    std::size_t name_size = 0;
    std::uint64_t name_hash = 0;
    std::uint64_t value_hash = 0;
    Scalar value;  // Of a copied or nested one, only the type: the text is at text_begin.
    std::size_t text_begin = 0;
    std::size_t text_size = 0;
    bool is_overriding = false;
    bool is_dropped = false;
  };

  Entry& Append(std::string_view raw_name, std::uint64_t value_hash);
  std::string_view NameOf(const Entry& entry) const;
  bool HaveOneName(const Entry& one, const Entry& other) const;
  // Drops the lesser of two entries with one name; `one` was added before `other`.
  void DropLesser(Entry* one, Entry* other) const;
  void DropRepeated();

  EqualNames equal_names_ = EqualNames::kFirstCounts;
  Dollar dollar_ = Dollar::kKept;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> order_;
  std::string names_;
  std::string text_;
};

}  // namespace foothold::intake
