#include "src/intake/json_value.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/intake/json_reader.h"

namespace foothold::intake {
namespace {

namespace dom = simdjson::dom;

// The buffer grows in steps of this, so that records of mixed sizes do not make it grow each time.
constexpr std::size_t kBufferStep = 16U * 1024U;

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out->push_back('\\');
      out->push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(*out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

bool IsContainer(dom::element value) { return value.is_object() || value.is_array(); }

// A scalar of the document. An integer above 2^63-1 has no Scalar of its own: nullopt.
std::optional<Scalar> ScalarOf(dom::element value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return Scalar(value.get_string().value_unsafe());
    case dom::element_type::INT64:
      return Scalar(std::int64_t{value.get_int64().value_unsafe()});
    case dom::element_type::DOUBLE:
      return Scalar(value.get_double().value_unsafe());
    case dom::element_type::BOOL:
      return Scalar(value.get_bool().value_unsafe());
    case dom::element_type::NULL_VALUE:
      return Scalar(std::monostate());
    case dom::element_type::UINT64:
    case dom::element_type::OBJECT:
    case dom::element_type::ARRAY:
      break;
  }
  return std::nullopt;
}

std::string DigitsOf(dom::element value) {
  return fmt::format("{}", value.get_uint64().value_unsafe());
}

// Appends a scalar as JSON and returns its hash.
std::uint64_t AppendScalar(dom::element value, std::string* out) {
  const std::optional<Scalar> scalar = ScalarOf(value);
  if (!scalar.has_value()) {
    const std::string digits = DigitsOf(value);
    *out += digits;
    return HashScalar(std::string_view(digits));
  }
  if (const auto* const text = std::get_if<std::string_view>(&*scalar)) {
    AppendQuoted(*text, out);
  } else if (std::holds_alternative<std::monostate>(*scalar)) {
    *out += "null";
  } else {
    *out += ScalarText(*scalar);
  }
  return HashScalar(*scalar);
}

// An object or array that is being walked. Objects hash as a set of pairs, arrays as a sequence.
struct Level {
  struct Members {
    dom::object::iterator at, end;
  };
  struct Items {
    dom::array::iterator at, end;
  };

  explicit Level(dom::element container) : cursor(CursorOf(container)) {}

  static std::variant<Members, Items> CursorOf(dom::element container) {
    if (container.is_object()) {
      const dom::object object = container.get_object().value_unsafe();
      return Members{object.begin(), object.end()};
    }
    const dom::array array = container.get_array().value_unsafe();
    return Items{array.begin(), array.end()};
  }

  bool is_object() const { return std::holds_alternative<Members>(cursor); }
  char bracket() const { return is_object() ? '{' : '['; }

  // The next value, its name appended to `out` in front; nullopt at the end.
  std::optional<dom::element> Next(std::string* out) {
    if (auto* const items = std::get_if<Items>(&cursor)) {
      if (!(items->at != items->end)) {
        return std::nullopt;
      }
      AppendComma(out);
      const dom::element value = *items->at;
      ++items->at;
      return value;
    }
    Members& members = std::get<Members>(cursor);
    if (!(members.at != members.end)) {
      return std::nullopt;
    }
    AppendComma(out);
    const dom::key_value_pair member = *members.at;
    ++members.at;
    AppendQuoted(member.key, out);
    out->push_back(':');
    name_hash = Hash64(member.key);
    return member.value;
  }

  void AppendComma(std::string* out) {
    if (!is_first) {
      out->push_back(',');
    }
    is_first = false;
  }

  void Absorb(std::uint64_t value_hash) {
    hash = is_object() ? hash + MixHash(name_hash, value_hash) : MixHash(hash, value_hash);
  }

  std::variant<Members, Items> cursor;
  bool is_first = true;
  std::uint64_t name_hash = 0;
  std::uint64_t hash = 0;
};

// Appends a container as JSON without white space and returns its hash.
std::uint64_t AppendContainer(dom::element container, std::string* out) {
  std::vector<Level> levels;
  levels.emplace_back(container);
  out->push_back(levels.back().bracket());
  while (true) {
    Level& level = levels.back();
    const std::optional<dom::element> value = level.Next(out);
    if (value.has_value() && IsContainer(*value)) {
      levels.emplace_back(*value);
      out->push_back(levels.back().bracket());
    } else if (value.has_value()) {
      level.Absorb(AppendScalar(*value, out));
    } else {
      out->push_back(level.is_object() ? '}' : ']');
      const std::uint64_t hash = MixHash(level.is_object() ? 'o' : 'a', level.hash);
      levels.pop_back();
      if (levels.empty()) {
        return hash;
      }
      levels.back().Absorb(hash);
    }
  }
}

// Of simdjson's other thirty codes none tells a reader more than that it is not valid.
constexpr std::pair<simdjson::error_code, std::string_view> kErrorTexts[] = {
    {simdjson::UTF8_ERROR, "not valid UTF-8"},
    {simdjson::DEPTH_ERROR, "nested deeper than 256"},
    {simdjson::NUMBER_ERROR, "not valid JSON: a number that is malformed or beyond 64 bits"},
    {simdjson::EMPTY, "empty"},
    {simdjson::UNCLOSED_STRING, "not valid JSON: a string is not closed"},
    {simdjson::UNESCAPED_CHARS, "not valid JSON: a control character in a string"},
    {simdjson::STRING_ERROR, "not valid JSON: a string with a bad escape"},
};

std::string_view ErrorText(simdjson::error_code code) {
  const auto found = std::ranges::find(kErrorTexts, code,
                                       &std::pair<simdjson::error_code, std::string_view>::first);
  return found == std::end(kErrorTexts) ? "not valid JSON" : found->second;
}

}  // namespace

bool IsUtf8(std::string_view bytes) { return simdjson::validate_utf8(bytes); }

JsonParser::JsonParser() {
  // One more: simdjson refuses the level that reaches its limit.
  const simdjson::error_code error = parser_.allocate(kBufferStep, kNestingMax + 1);
  FOOTHOLD_CHECK(error == simdjson::SUCCESS, "no memory for a JSON parser");
}

std::optional<std::string> JsonParser::Parse(std::string_view text, dom::element* root) {
  const std::size_t needed = text.size() + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < needed) {
    padded_.resize((needed / kBufferStep + 1) * kBufferStep);
  }
  std::copy(text.begin(), text.end(), padded_.begin());
  std::memset(padded_.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
  const simdjson::error_code error =
      parser_.parse(padded_.data(), text.size(), /*realloc_if_needed=*/false).get(*root);
  if (error != simdjson::SUCCESS) {
    return std::string(ErrorText(error));
  }
  return std::nullopt;
}

void AddToBag(std::string_view raw_name, dom::element value, BagBuilder* builder) {
  if (const std::optional<Scalar> scalar = ScalarOf(value)) {
    builder->Add(raw_name, *scalar);
  } else if (IsContainer(value)) {
    const std::size_t text_begin = builder->text().size();
    const std::uint64_t hash = AppendContainer(value, &builder->text());
    builder->AddNested(raw_name, text_begin, hash);
  } else {
    builder->AddCopied(raw_name, DigitsOf(value));
  }
}

std::string_view TypeName(dom::element value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return "a string";
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
      return "an integer";
    case dom::element_type::DOUBLE:
      return "a fraction";
    case dom::element_type::BOOL:
      return "a boolean";
    case dom::element_type::NULL_VALUE:
      return "null";
    case dom::element_type::OBJECT:
      return "an object";
    case dom::element_type::ARRAY:
      return "an array";
  }
  return "unknown";
}

class JsonValueReader::Impl {
 public:
  JsonParser parser;
};

JsonValueReader::JsonValueReader() : impl_(std::make_unique<Impl>()) {}
JsonValueReader::~JsonValueReader() = default;

bool JsonValueReader::Add(std::string_view raw_name, std::string_view text, BagBuilder* builder) {
  dom::element root;
  if (impl_->parser.Parse(text, &root).has_value() || !IsContainer(root)) {
    return false;
  }
  AddToBag(raw_name, root, builder);
  return true;
}

bool JsonValueReader::IsValid(std::string_view text) {
  dom::element root;
  return !impl_->parser.Parse(text, &root).has_value() && IsContainer(root);
}

}  // namespace foothold::intake
