#include "src/intake/bag_builder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

#include "src/base/hash.h"
#include "src/base/names.h"

namespace foothold::intake {
namespace {

// Up to here comparing all pairs is cheaper than sorting.
constexpr std::size_t kPairwiseMax = 32;
// Integral doubles below this are exact, and hash as integers.
constexpr double kExactMax = 9007199254740992.0;  // 2^53

struct ScalarHasher {
  std::uint64_t operator()(std::monostate) const { return MixHash('z', 0); }
  std::uint64_t operator()(bool value) const { return MixHash('b', value ? 1 : 0); }
  std::uint64_t operator()(std::int64_t value) const {
    return MixHash('n', static_cast<std::uint64_t>(value));
  }
  std::uint64_t operator()(double value) const {
    if (std::abs(value) < kExactMax && value == std::trunc(value)) {
      return (*this)(static_cast<std::int64_t>(value));
    }
    return MixHash('d', std::bit_cast<std::uint64_t>(value));
  }
  std::uint64_t operator()(std::string_view value) const { return MixHash('s', Hash64(value)); }
  std::uint64_t operator()(const JsonText& value) const { return MixHash('j', Hash64(value.text)); }
};

}  // namespace

std::uint64_t HashScalar(const Scalar& value) { return std::visit(ScalarHasher(), value); }

void BagBuilder::Begin(EqualNames equal_names, Dollar dollar) {
  equal_names_ = equal_names;
  dollar_ = dollar;
  entries_.clear();
  names_.clear();
  text_.clear();
}

BagBuilder::Entry& BagBuilder::Append(std::string_view raw_name, std::uint64_t value_hash) {
  Entry& entry = entries_.emplace_back();
  entry.raw_name = raw_name;
  entry.name_begin = names_.size();
  const bool is_stripped = dollar_ == Dollar::kStripped && raw_name.starts_with('$');
  AppendCanonicalPropertyName(raw_name.substr(is_stripped ? 1 : 0), &names_);
  entry.name_size = names_.size() - entry.name_begin;
  entry.name_hash = Hash64(NameOf(entry));
  entry.value_hash = value_hash;
  return entry;
}

void BagBuilder::Add(std::string_view raw_name, const Scalar& value) {
  Append(raw_name, HashScalar(value)).value = value;
}

void BagBuilder::AddOverriding(std::string_view raw_name, const Scalar& value) {
  Entry& entry = Append(raw_name, HashScalar(value));
  entry.value = value;
  entry.is_overriding = true;
}

void BagBuilder::AddCopied(std::string_view raw_name, std::string_view text) {
  Entry& entry = Append(raw_name, HashScalar(text));
  entry.value = std::string_view();
  entry.text_begin = text_.size();
  entry.text_size = text.size();
  text_ += text;
}

void BagBuilder::AddNested(std::string_view raw_name, std::size_t text_begin,
                           std::uint64_t value_hash) {
  Entry& entry = Append(raw_name, value_hash);
  entry.value = JsonText{};
  entry.text_begin = text_begin;
  entry.text_size = text_.size() - text_begin;
}

std::string_view BagBuilder::NameOf(const Entry& entry) const {
  return std::string_view(names_).substr(entry.name_begin, entry.name_size);
}

bool BagBuilder::HaveOneName(const Entry& one, const Entry& other) const {
  return one.name_hash == other.name_hash && NameOf(one) == NameOf(other);
}

void BagBuilder::DropLesser(Entry* one, Entry* other) const {
  const auto rank = [](const Entry& entry) {
    return std::tuple(!entry.is_overriding, entry.raw_name.starts_with('$'), entry.raw_name);
  };
  const auto order = rank(*one) <=> rank(*other);
  const bool one_counts = order == 0 ? equal_names_ == EqualNames::kFirstCounts : order < 0;
  (one_counts ? other : one)->is_dropped = true;
}

void BagBuilder::DropRepeated() {
  if (entries_.size() <= kPairwiseMax) {
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      for (std::size_t j = 0; j < i && !entries_[i].is_dropped; ++j) {
        if (!entries_[j].is_dropped && HaveOneName(entries_[j], entries_[i])) {
          DropLesser(&entries_[j], &entries_[i]);
        }
      }
    }
    return;
  }
  // A record may hold 100,000 keys: sorted, so that no choice of names makes this slow.
  order_.resize(entries_.size());
  for (std::uint32_t i = 0; i < order_.size(); ++i) {
    order_[i] = i;
  }
  std::ranges::sort(order_, {}, [this](std::uint32_t i) {
    return std::tuple(entries_[i].name_hash, NameOf(entries_[i]), i);
  });
  std::uint32_t best = order_.front();
  for (std::size_t i = 1; i < order_.size(); ++i) {
    const std::uint32_t next = order_[i];
    if (HaveOneName(entries_[best], entries_[next])) {
      DropLesser(&entries_[best], &entries_[next]);
    }
    if (entries_[best].is_dropped || !HaveOneName(entries_[best], entries_[next])) {
      best = next;
    }
  }
}

std::uint64_t BagBuilder::Finish(std::string* bag) {
  DropRepeated();
  bag->clear();
  BagWriter writer(bag);
  std::uint64_t hash = 0;
  for (Entry& entry : entries_) {
    if (entry.is_dropped) {
      continue;
    }
    const std::string_view text = std::string_view(text_).substr(entry.text_begin, entry.text_size);
    if (std::holds_alternative<JsonText>(entry.value)) {
      entry.value = JsonText{text};
    } else if (entry.text_size > 0) {
      entry.value = text;
    }
    writer.Add(NameOf(entry), entry.value);
    hash += MixHash(entry.name_hash, entry.value_hash);
  }
  return hash;
}

}  // namespace foothold::intake
