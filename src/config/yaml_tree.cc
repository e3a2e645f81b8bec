#include "src/config/yaml_tree.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "src/base/text.h"

namespace foothold::config {
namespace {

// Deeper than any file of ours nests; it bounds the recursion of destructors and copies.
constexpr std::size_t kDepthMax = 32;
constexpr std::size_t kBytesMax = std::size_t{4} << 20U;

// Builds the tree from the parser's events. The open lists and maps are a stack of values; each is
// moved into its parent when it ends.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(int file, Problems* problems) : file_(file), problems_(problems) {}

  bool has_failed() const { return has_failed_; }
  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    Fail(mark, fmt::format("the YAML anchor '&{}' is not supported: write the value out", name));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Fail(mark, "a YAML alias ('*name') is not supported: write the value out");
    Value({}, mark);
  }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { Value({}, mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::kScalar;
    node.text = value;
    Value(std::move(node), mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
    Open(YamlNode::Kind::kList, mark);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(YamlNode::Kind::kMap, mark);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Level {
    YamlNode node;
    bool has_key = false;  // Of a map: the next value belongs to `key`.
    std::string key;
    Place key_place;
  };

  Place PlaceOf(const YAML::Mark& mark) const { return {.file = file_, .line = mark.line + 1}; }

  void Fail(const YAML::Mark& mark, std::string what) {
    problems_->Add(PlaceOf(mark), std::move(what));
    has_failed_ = true;
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (levels_.size() >= kDepthMax) {
      if (!has_failed_) {
        Fail(mark, fmt::format("nested more than {} levels deep", kDepthMax));
      }
    }
    Level level;
    level.node.kind = kind;
    level.node.place = PlaceOf(mark);
    levels_.push_back(std::move(level));
  }

  void Close() {
    YamlNode node = std::move(levels_.back().node);
    levels_.pop_back();
    Attach(std::move(node));
  }

  void Value(YamlNode node, const YAML::Mark& mark) {
    node.place = PlaceOf(mark);
    Attach(std::move(node));
  }

  // Gives a finished value to the list or map it stands in.
  void Attach(YamlNode node) {
    if (levels_.empty()) {
      root_ = std::move(node);
      return;
    }
    Level& parent = levels_.back();
    if (parent.node.is_map() && !parent.has_key) {
      TakeKey(std::move(node), &parent);
      return;
    }
    if (parent.node.is_map()) {
      node.key = std::move(parent.key);
      node.key_place = parent.key_place;
      parent.has_key = false;
      if (parent.node.Find(node.key) != nullptr) {
        problems_->Add(node.key_place, fmt::format("the key '{}' is given twice", node.key));
        has_failed_ = true;
        return;
      }
    }
    // What lies too deep is dropped, so that no tree is deeper than the bound.
    if (levels_.size() <= kDepthMax) {
      parent.node.children.push_back(std::move(node));
    }
  }

  void TakeKey(YamlNode node, Level* parent) {
    if (!node.is_scalar()) {
      problems_->Add(node.place, "a key is a plain word");
      has_failed_ = true;
    }
    parent->has_key = true;
    parent->key = std::move(node.text);
    parent->key_place = node.place;
  }

  const int file_;
  Problems* const problems_;
  std::vector<Level> levels_;
  YamlNode root_;
  bool has_failed_ = false;
};

}  // namespace

const YamlNode* YamlNode::Find(std::string_view child_key) const {
  const auto found = std::ranges::find(children, child_key, &YamlNode::key);
  return found == children.end() ? nullptr : &*found;
}

YamlNode* YamlNode::Find(std::string_view child_key) {
  const auto found = std::ranges::find(children, child_key, &YamlNode::key);
  return found == children.end() ? nullptr : &*found;
}

std::optional<YamlNode> ParseYaml(std::string_view text, int file, Problems* problems) {
  if (text.size() > kBytesMax) {
    problems->Add({file, 0}, fmt::format("larger than {} bytes", kBytesMax));
    return std::nullopt;
  }
  if (const std::optional<std::size_t> at = FirstNotUtf8(text)) {
    const auto line = static_cast<int>(std::ranges::count(text.substr(0, *at), '\n')) + 1;
    problems->Add({file, line}, fmt::format("not UTF-8, by byte {:#04x}: save the file as UTF-8",
                                            static_cast<unsigned char>(text[*at])));
    return std::nullopt;
  }
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(file, problems);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      YamlNode empty;
      empty.place = {file, 1};
      return empty;
    }
    YamlNode root = builder.TakeRoot();
    TreeBuilder rest(file, problems);
    if (parser.HandleNextDocument(rest)) {
      problems->Add(rest.TakeRoot().place, "one document a file: this is a second one");
      return std::nullopt;
    }
    if (builder.has_failed()) {
      return std::nullopt;
    }
    return root;
  } catch (const YAML::Exception& error) {
    problems->Add({file, error.mark.line + 1}, fmt::format("not YAML: {}", error.msg));
    return std::nullopt;
  }
}

}  // namespace foothold::config
