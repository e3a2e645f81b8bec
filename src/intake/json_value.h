#pragma once

// Inside of src/intake only: what json_reader.cc and json_value.cc share of simdjson.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "src/intake/bag_builder.h"

namespace foothold::intake {

// A simdjson parser with a padded buffer; both are kept between records.
class JsonParser {
 public:
  JsonParser();

  // The root of `text`; it and its strings live until the next call. What is wrong otherwise.
  std::optional<std::string> Parse(std::string_view text, simdjson::dom::element* root);

 private:
  simdjson::dom::parser parser_;
  std::vector<char> padded_;
};

// Adds one member of an object to a bag.
void AddToBag(std::string_view raw_name, simdjson::dom::element value, BagBuilder* builder);

// "a string", "an object", ...
std::string_view TypeName(simdjson::dom::element value);

}  // namespace foothold::intake
