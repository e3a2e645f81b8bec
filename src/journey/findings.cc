#include "src/journey/findings.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"

namespace foothold::journey {
namespace {

// What is found of a part of the condition: of the two lists that which fits `holds` counts.
struct Part {
  bool holds = false;
  std::vector<Finding> for_it;
  std::vector<Finding> against_it;
};

void Append(const std::vector<Finding>& from, std::vector<Finding>* to) {
  for (const Finding& finding : from) {
    if (std::ranges::find(*to, finding) == to->end()) {
      to->push_back(finding);
    }
  }
}

Part JoinAll(std::vector<Part> parts) {
  Part joined{.holds = true, .for_it = {}, .against_it = {}};
  for (const Part& part : parts) {
    joined.holds = joined.holds && part.holds;
    Append(part.for_it, &joined.for_it);
    if (!part.holds) {
      Append(part.against_it, &joined.against_it);
    }
  }
  return joined;
}

Part JoinAny(std::vector<Part> parts) {
  Part joined;
  for (Part& part : parts) {
    joined.holds = joined.holds || part.holds;
    if (part.holds) {
      Append(part.for_it, &joined.for_it);
    }
    for (Finding& finding : part.against_it) {
      finding.is_choice = finding.is_choice || parts.size() > 1;
    }
    Append(part.against_it, &joined.against_it);
  }
  return joined;
}

}  // namespace

Findings FindingsOf(const Condition& condition, const Facts& facts) {
  std::vector<Part> stack;
  for (const ConditionNode& node : condition.nodes) {
    if (node.kind == ConditionKind::kNot) {
      Part& part = stack.back();
      part.holds = !part.holds;
      std::swap(part.for_it, part.against_it);
    } else if (node.kind == ConditionKind::kAll || node.kind == ConditionKind::kAny) {
      const auto begin = stack.end() - node.arity;
      std::vector<Part> operands(std::make_move_iterator(begin),
                                 std::make_move_iterator(stack.end()));
      stack.erase(begin, stack.end());
      stack.push_back(node.kind == ConditionKind::kAll ? JoinAll(std::move(operands))
                                                       : JoinAny(std::move(operands)));
    } else {
      Finding finding = FindingOf(node, facts);
      if (Judge({.label = {}, .nodes = {node}}, facts).is_open) {
        finding.said += ", which proves nothing while its events are quiet";
      }
      Part part{.holds = finding.holds, .for_it = {}, .against_it = {}};
      // Of a question that holds nothing stands against it, but it may be what a `not` rests on.
      (finding.holds ? part.for_it : part.against_it).push_back(std::move(finding));
      stack.push_back(std::move(part));
    }
  }
  FOOTHOLD_CHECK(stack.size() == 1, "a condition leaves one result");
  Part& whole = stack.front();
  return {.holds = whole.holds && !Judge(condition, facts).is_open,
          .reasons = std::move(whole.holds ? whole.for_it : whole.against_it)};
}

}  // namespace foothold::journey
