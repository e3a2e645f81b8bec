#include "src/intake/json_tree.h"

#include <algorithm>
#include <utility>

#include "src/intake/json_reader.h"
#include "src/intake/json_value.h"

namespace foothold::intake {
namespace {

namespace dom = simdjson::dom;

JsonTree::Kind KindOf(dom::element value) {
  switch (value.type()) {
    case dom::element_type::NULL_VALUE:
      return JsonTree::Kind::kNull;
    case dom::element_type::BOOL:
      return JsonTree::Kind::kBool;
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE:
      return JsonTree::Kind::kNumber;
    case dom::element_type::STRING:
      return JsonTree::Kind::kString;
    case dom::element_type::ARRAY:
      return JsonTree::Kind::kArray;
    case dom::element_type::OBJECT:
      return JsonTree::Kind::kObject;
  }
  return JsonTree::Kind::kNull;
}

struct Waiting {
  dom::element value;
  JsonTree* node = nullptr;
};

// Copies one value; what it holds waits. A node's items never grow again, so pointers hold.
void Copy(const Waiting& next, std::vector<Waiting>* waiting) {
  JsonTree& node = *next.node;
  node.kind = KindOf(next.value);
  node.text = node.kind == JsonTree::Kind::kString
                  ? std::string(next.value.get_string().value_unsafe())
                  : simdjson::minify(next.value);
  std::vector<dom::element> held;
  if (node.kind == JsonTree::Kind::kArray) {
    const dom::array array = next.value.get_array().value_unsafe();
    for (const dom::element item : array) {
      held.push_back(item);
    }
  } else if (node.kind == JsonTree::Kind::kObject) {
    const dom::object object = next.value.get_object().value_unsafe();
    for (const dom::key_value_pair member : object) {
      node.names.emplace_back(member.key);
      held.push_back(member.value);
    }
  }
  node.items.resize(held.size());
  for (std::size_t i = 0; i < held.size(); ++i) {
    waiting->push_back({held[i], &node.items[i]});
  }
}

const JsonTree& Nothing() {
  static const JsonTree kNothing{.kind = JsonTree::Kind::kNull, .text = "null"};
  return kNothing;
}

}  // namespace

const JsonTree& JsonTree::operator[](std::string_view name) const {
  const auto found = std::ranges::find(names, name);
  return found == names.end() ? Nothing() : items[static_cast<std::size_t>(found - names.begin())];
}

const JsonTree& JsonTree::At(std::string_view path) const {
  const JsonTree* node = this;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    node = &(*node)[path.substr(0, end)];
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return *node;
}

bool JsonTree::Has(std::string_view name) const {
  return std::ranges::find(names, name) != names.end();
}

Result<JsonTree> JsonTree::Read(std::string_view json) {
  JsonParser parser;
  dom::element root;
  if (const std::optional<std::string> wrong = parser.Parse(json, &root); wrong.has_value()) {
    return Error(Code::kInvalid, *wrong);
  }
  JsonTree tree;
  std::vector<Waiting> waiting{{root, &tree}};
  while (!waiting.empty()) {
    const Waiting next = waiting.back();
    waiting.pop_back();
    Copy(next, &waiting);
  }
  return tree;
}

}  // namespace foothold::intake
