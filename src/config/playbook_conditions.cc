#include "src/config/playbook_conditions.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/journey/rules_check.h"

namespace foothold::config {
namespace {

using journey::Condition;
using journey::ConditionKind;
using journey::ConditionNode;
using journey::Moment;
using journey::SubjectKind;

ConditionNode NodeOf(ConditionKind kind) {
  ConditionNode node;
  node.kind = kind;
  return node;
}

// Words that are whole conditions.
struct Word {
  std::string_view text;
  ConditionKind kind;
  bool is_of_user;
};
constexpr auto kWords =
    std::to_array<Word>({{"always", ConditionKind::kAlways, false},
                         {"activated", ConditionKind::kReachedMilestone, true},
                         {"account_activated", ConditionKind::kAccountActivated, false}});

// How a part of a condition reads, and what it is made of, for what is built around it.
struct Label {
  std::string text;
  ConditionKind kind = ConditionKind::kAlways;

  std::string Inside(ConditionKind outer) const {
    const bool is_list = kind == ConditionKind::kAll || kind == ConditionKind::kAny;
    return is_list && kind != outer ? fmt::format("({})", text) : text;
  }
};

// A condition on its way to postfix form. What is read waits on a stack of its own: the tree is as
// deep as its author likes.
class ConditionWalk {
 public:
  ConditionWalk(const ConditionScope& scope, Draft* draft) : scope_(scope), draft_(draft) {}

  std::optional<Condition> Run(const YamlNode& root, const std::string& path) {
    waiting_.push_back({.node = &root, .path = path, .operation = std::nullopt, .arity = 0});
    while (!waiting_.empty()) {
      const Part part = std::move(waiting_.back());
      waiting_.pop_back();
      if (part.operation.has_value()) {
        Close(part);
      } else {
        Open(part);
      }
    }
    if (nodes_.size() > journey::kConditionNodesMax) {
      draft_->problems->Add(root.place,
                            fmt::format("{}: a condition has up to {} parts, not {}", path,
                                        journey::kConditionNodesMax, nodes_.size()));
      return std::nullopt;
    }
    if (!is_sound_) {
      return std::nullopt;
    }
    return Condition{.label = labels_.back().text, .nodes = std::move(nodes_)};
  }

 private:
  // Something still to be read; with an operation, something read whose operands are done.
  struct Part {
    const YamlNode* node = nullptr;
    std::string path;
    std::optional<ConditionKind> operation;
    std::int32_t arity = 0;
  };

  void Open(const Part& part) {
    const YamlNode& node = *part.node;
    if (node.is_scalar()) {
      OpenWord(part);
    } else if (!node.is_map()) {
      Fail(node.place, part.path + ": expected a condition, such as {did: report.exported}");
    } else if (node.Find("members") != nullptr) {  // Its any and all are quantifiers.
      OpenQuestion(part);
    } else if (const YamlNode* all = node.Find("all")) {
      OpenList(part, *all, ConditionKind::kAll);
    } else if (const YamlNode* any = node.Find("any")) {
      OpenList(part, *any, ConditionKind::kAny);
    } else if (const YamlNode* negated = node.Find("not")) {
      waiting_.push_back(
          {.node = &node, .path = part.path, .operation = ConditionKind::kNot, .arity = 1});
      waiting_.push_back(
          {.node = negated, .path = part.path + ".not", .operation = std::nullopt, .arity = 0});
    } else {
      OpenQuestion(part);
    }
  }

  void OpenWord(const Part& part) {
    const YamlNode& node = *part.node;
    const auto* const word = std::ranges::find(kWords, node.text, &Word::text);
    if (word == kWords.end()) {
      std::vector<std::string> known;
      for (const Word& each : kWords) {
        known.emplace_back(each.text);
      }
      draft_->problems->AddUnknown(node.place, part.path, "condition", node.text, known);
      Fail();
      return;
    }
    if (word->is_of_user && scope_.subject == SubjectKind::kAccount) {
      draft_->problems->Add(
          node.place,
          fmt::format("{}: '{}' asks about a user; this is about an account", part.path, node.text),
          "account_activated");
    }
    std::string text(word->text);
    std::ranges::replace(text, '_', ' ');
    Push(NodeOf(word->kind), std::move(text));
  }

  void OpenList(const Part& part, const YamlNode& list, ConditionKind operation) {
    if (!list.is_list() || list.children.empty()) {
      Fail(list.place, fmt::format("{}.{}: expected a list of conditions", part.path, list.key));
      return;
    }
    waiting_.push_back({.node = part.node,
                        .path = part.path,
                        .operation = operation,
                        .arity = static_cast<std::int32_t>(list.children.size())});
    for (std::size_t i = list.children.size(); i > 0; --i) {
      waiting_.push_back({.node = &list.children[i - 1],
                          .path = fmt::format("{}.{}[{}]", part.path, list.key, i - 1),
                          .operation = std::nullopt,
                          .arity = 0});
    }
  }

  void OpenQuestion(const Part& part) {
    MapReader reader(*part.node, part.path, draft_->problems);
    std::optional<Question> question = CompileQuestion(&reader, scope_, draft_);
    if (!question.has_value()) {
      reader.Take("for");
      reader.Take("until");
      Fail();
      return;
    }
    nodes_.insert(nodes_.end(), question->nodes.begin(), question->nodes.end());
    labels_.push_back({.text = std::move(question->label), .kind = question->nodes.back().kind});
    Narrow(&reader);
    reader.Finish();
  }

  // The operands stand in front; the operator, and what stands beside it, follow.
  void Close(const Part& part) {
    const ConditionKind kind = *part.operation;
    MapReader reader(*part.node, part.path, draft_->problems);
    reader.Take(kind == ConditionKind::kAll ? "all" : kind == ConditionKind::kAny ? "any" : "not");
    const auto count = static_cast<std::size_t>(part.arity);
    std::vector<std::string> words;
    for (std::size_t i = labels_.size() - count; i < labels_.size(); ++i) {
      words.push_back(labels_[i].Inside(kind));
    }
    labels_.resize(labels_.size() - count);
    ConditionNode node = NodeOf(kind);
    if (kind == ConditionKind::kNot) {
      nodes_.push_back(std::move(node));
      labels_.push_back({.text = "not " + words.front(), .kind = kind});
    } else {
      node.arity = part.arity;
      nodes_.push_back(std::move(node));
      const std::string_view joint = kind == ConditionKind::kAll ? " and " : " or ";
      labels_.push_back({.text = fmt::format("{}", fmt::join(words, joint)), .kind = kind});
    }
    Narrow(&reader);
    reader.Finish();
  }

  // `for` and `until` beside a condition: it holds only from or only until then.
  void Narrow(MapReader* reader) {
    ConditionScope plain = scope_;
    plain.has_trigger = false;
    std::int32_t added = 0;
    for (const bool is_from : {true, false}) {
      const std::string_view key = is_from ? "for" : "until";
      const YamlNode* node = reader->Take(key);
      // A plain span is a question's own, which has read it.
      const bool is_own = is_from && node != nullptr && node->is_scalar() &&
                          nodes_.back().kind == ConditionKind::kMeasurement &&
                          ParseDuration(node->text).has_value();
      if (node == nullptr || is_own) {
        continue;
      }
      const std::optional<Moment> moment = CompileMoment(*node, reader->PathOf(key), plain, draft_);
      if (!moment.has_value()) {
        is_sound_ = false;
        continue;
      }
      Label& label = labels_.back();
      const bool is_absence = label.kind == ConditionKind::kNot;
      label.text = fmt::format("{}{}{}", label.Inside(ConditionKind::kAlways),
                               !is_from     ? ", until "
                               : is_absence ? " within "
                                            : ", after ",
                               node->text);
      ConditionNode reached = NodeOf(ConditionKind::kReached);
      reached.moment = moment;
      pending_.push_back(std::move(reached));
      if (!is_from) {
        pending_.push_back(NodeOf(ConditionKind::kNot));
      }
      ++added;
    }
    if (added > 0) {
      Conjoin(added);
    }
  }

  // The condition read last and the `added` ones in `pending_` must all hold.
  void Conjoin(std::int32_t added) {
    ConditionNode all = NodeOf(ConditionKind::kAll);
    all.arity = 1 + added;
    if (nodes_.back().kind == ConditionKind::kAll) {
      all.arity = nodes_.back().arity + added;
      nodes_.pop_back();
    }
    nodes_.insert(nodes_.end(), pending_.begin(), pending_.end());
    pending_.clear();
    nodes_.push_back(std::move(all));
    labels_.back().kind = ConditionKind::kAll;
  }

  void Push(ConditionNode node, std::string label) {
    labels_.push_back({.text = std::move(label), .kind = node.kind});
    nodes_.push_back(std::move(node));
  }

  // Something stands in the place of what cannot be read, so that the rest is read all the same.
  void Fail() {
    is_sound_ = false;
    Push(NodeOf(ConditionKind::kAlways), "");
  }
  void Fail(Place place, std::string what) {
    draft_->problems->Add(place, std::move(what));
    Fail();
  }

  const ConditionScope& scope_;
  Draft* const draft_;
  std::vector<Part> waiting_;
  std::vector<ConditionNode> nodes_;
  std::vector<ConditionNode> pending_;
  std::vector<Label> labels_;
  bool is_sound_ = true;
};

bool AsksOfUser(const journey::Playbook& playbook, const ConditionNode& node) {
  if (node.moment.has_value() && IsOfUser(playbook, *node.moment)) {
    return true;
  }
  switch (node.kind) {
    case ConditionKind::kRole:
    case ConditionKind::kState:
    case ConditionKind::kReachedMilestone:
    case ConditionKind::kAnyStep:
    case ConditionKind::kStepOpenFor:
    case ConditionKind::kIdle:
    case ConditionKind::kSessions:
    case ConditionKind::kActiveDays:
    case ConditionKind::kUseFalls:
    case ConditionKind::kCoreTime:
    case ConditionKind::kRepeated:
      return true;
    case ConditionKind::kDid:
      return !journey::IsOfAccount(playbook.trackers[static_cast<std::size_t>(node.tracker)].kind);
    case ConditionKind::kTrait:
      return !node.is_of_account;
    case ConditionKind::kAll:
    case ConditionKind::kAny:
    case ConditionKind::kNot:
    case ConditionKind::kAlways:
    case ConditionKind::kReached:
    case ConditionKind::kAccountActivated:
    case ConditionKind::kMrrPerSeat:
    case ConditionKind::kMembers:
    case ConditionKind::kRisk:
    case ConditionKind::kMeasurement:
    case ConditionKind::kStage:
    case ConditionKind::kStageLate:
      return false;
  }
  return false;
}

}  // namespace

std::optional<Condition> CompileCondition(const YamlNode& node, const std::string& path,
                                          const ConditionScope& scope, Draft* draft) {
  return ConditionWalk(scope, draft).Run(node, path);
}

SubjectKind SubjectOf(const journey::Playbook& playbook, const Condition& condition) {
  const bool is_of_user = std::ranges::any_of(
      condition.nodes, [&](const ConditionNode& node) { return AsksOfUser(playbook, node); });
  return is_of_user ? SubjectKind::kUser : SubjectKind::kAccount;
}

}  // namespace foothold::config
