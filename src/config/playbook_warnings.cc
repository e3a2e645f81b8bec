// Rules that are allowed and look like a slip: they can never fire, they fire together with another
// one always, or the gate lets fewer rungs through than their ladder has.

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/config/playbook_compiler.h"

namespace foothold::config {
namespace {

using journey::Channel;
using journey::Condition;
using journey::ConditionKind;
using journey::ConditionNode;
using journey::Rule;
using journey::RuleMode;
using journey::Rung;
using Nodes = std::vector<ConditionNode>;

// Where each operand of the list that ends at `last` begins, in order.
std::vector<std::size_t> OperandsOf(const Nodes& nodes) {
  std::vector<std::size_t> begins;  // Of the results so far, as in the evaluation.
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) {
    const ConditionNode& node = nodes[i];
    const bool is_list = node.kind == ConditionKind::kAll || node.kind == ConditionKind::kAny;
    const std::size_t taken =
        is_list ? static_cast<std::size_t>(node.arity) : (node.kind == ConditionKind::kNot ? 1 : 0);
    if (taken == 0) {
      begins.push_back(i);
    } else {
      begins.resize(begins.size() - taken + 1);  // The first operand's begin is the whole's.
    }
  }
  return begins;
}

// The parts that must all hold, lists of such parts taken apart.
std::vector<Nodes> Conjuncts(const Condition& condition) {
  std::vector<Nodes> parts;
  std::vector<Nodes> waiting = {condition.nodes};
  while (!waiting.empty()) {
    Nodes nodes = std::move(waiting.back());
    waiting.pop_back();
    if (nodes.empty() || nodes.back().kind != ConditionKind::kAll) {
      parts.push_back(std::move(nodes));
      continue;
    }
    std::vector<std::size_t> begins = OperandsOf(nodes);
    begins.push_back(nodes.size() - 1);
    for (std::size_t i = 0; i + 1 < begins.size(); ++i) {
      waiting.emplace_back(nodes.begin() + static_cast<std::ptrdiff_t>(begins[i]),
                           nodes.begin() + static_cast<std::ptrdiff_t>(begins[i + 1]));
    }
  }
  return parts;
}

bool IsNegationOf(const Nodes& a, const Nodes& b) {
  return a.size() == b.size() + 1 && a.back().kind == ConditionKind::kNot &&
         std::equal(b.begin(), b.end(), a.begin());
}

// One word at a time holds: two sets of words without a common one exclude each other.
bool AreApart(const Nodes& a, const Nodes& b) {
  constexpr auto kOneWord = std::to_array<ConditionKind>(
      {ConditionKind::kRole, ConditionKind::kState, ConditionKind::kRisk, ConditionKind::kStage});
  if (a.size() != 1 || b.size() != 1 || a[0].kind != b[0].kind ||
      std::ranges::find(kOneWord, a[0].kind) == kOneWord.end()) {
    return false;
  }
  return std::ranges::none_of(a[0].texts, [&](const std::string& text) {
    return std::ranges::find(b[0].texts, text) != b[0].texts.end();
  });
}

bool AreContradictory(const std::vector<Nodes>& parts) {
  for (const Nodes& a : parts) {
    for (const Nodes& b : parts) {
      if (IsNegationOf(a, b) || AreApart(a, b)) {
        return true;
      }
    }
  }
  return false;
}

// The rule's condition begins when the rung is over, or is over when it begins.
bool IsNeverInTime(const Rung& rung, const std::vector<Nodes>& parts) {
  return std::ranges::any_of(parts, [&](const Nodes& part) {
    if (part.front().kind != ConditionKind::kReached) {
      return false;
    }
    const journey::Moment& moment = *part.front().moment;
    const bool begins = part.size() == 1;
    const bool ends = part.size() == 2 && part.back().kind == ConditionKind::kNot;
    return (begins && moment.anchor == rung.until->anchor && moment.offset >= rung.until->offset) ||
           (ends && moment.anchor == rung.at.anchor && moment.offset <= rung.at.offset);
  });
}

bool Contains(const std::vector<Nodes>& all, const std::vector<Nodes>& some) {
  return std::ranges::all_of(
      some, [&](const Nodes& part) { return std::ranges::find(all, part) != all.end(); });
}

bool AskAlike(const Rule& a, const Rule& b) {
  return std::ranges::any_of(a.rungs, [&](const Rung& rung) {
    return std::ranges::any_of(b.rungs, [&](const Rung& other) {
      return rung.at == other.at && rung.ask.channel == other.ask.channel &&
             rung.ask.to == other.ask.to && rung.where == other.where;
    });
  });
}

bool IsForPeople(const Rung& rung) { return rung.ask.channel != Channel::kCs; }
bool IsForCs(const Rung& rung) { return rung.ask.channel == Channel::kCs; }
bool IsAny(const Rung& /*rung*/) { return true; }

// The most rungs of that kind that come due within `span`, of one anchor.
int DueWithin(const Rule& rule, milliseconds span, bool (*counts)(const Rung&)) {
  int most = 0;
  for (const Rung& first : rule.rungs) {
    const auto count = std::ranges::count_if(rule.rungs, [&](const Rung& rung) {
      const milliseconds after = rung.at.offset - first.at.offset;
      return counts(rung) && rung.at.anchor == first.at.anchor && after >= milliseconds(0) &&
             after < span;
    });
    most = std::max(most, static_cast<int>(count));
  }
  return most;
}

class RuleWarnings {
 public:
  RuleWarnings(const YamlNode& rules, Draft* draft) : rules_(rules), draft_(draft) {}

  void Run() {
    const std::vector<Rule>& all = draft_->playbook.rules;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].mode == RuleMode::kOff) {
        continue;
      }
      const std::vector<Nodes> parts = Conjuncts(all[i].when);
      WarnOfNever(all[i], parts);
      WarnOfCaps(all[i]);
      for (std::size_t j = 0; j < i; ++j) {
        WarnOfCollision(all[j], all[i], parts);
      }
    }
  }

 private:
  void Warn(const Rule& rule, std::string_view what) {
    const YamlNode* const node = rules_.Find(rule.name);
    draft_->problems->Warn(node == nullptr ? rules_.place : node->key_place,
                           fmt::format("rules.{}: {}", rule.name, what));
  }

  void WarnOfNever(const Rule& rule, const std::vector<Nodes>& parts) {
    if (AreContradictory(parts)) {
      Warn(rule, "can never fire: its condition contradicts itself");
      return;
    }
    for (std::size_t i = 0; i < rule.rungs.size(); ++i) {
      if (IsNeverInTime(rule.rungs[i], parts)) {
        Warn(rule, fmt::format("rungs[{}] can never go out: when it is due and not over, the "
                               "rule's condition does not hold",
                               i));
      }
    }
  }

  void WarnOfCaps(const Rule& rule) {
    struct Cap {
      std::string_view name;
      std::int32_t limit;
      milliseconds span;
      bool (*counts)(const Rung&);
    };
    const journey::GatePolicy& gate = draft_->playbook.gate;
    const std::array<Cap, 5> caps{
        {{"gate.user.per_day", gate.user_per_day, kDay, IsForPeople},
         {"gate.user.per_week", gate.user_per_week, 7 * kDay, IsForPeople},
         {"gate.account.per_day", gate.account_per_day, kDay, IsAny},
         {"gate.account.per_week", gate.account_per_week, 7 * kDay, IsAny},
         {"gate.account.cs_per_week", gate.cs_per_week, 7 * kDay, IsForCs}}};
    for (const Cap& cap : caps) {
      const int due = DueWithin(rule, cap.span, cap.counts);
      if (cap.limit > 0 && due > cap.limit) {
        Warn(rule, fmt::format("{} rungs are due within {}, and {} lets {} through", due,
                               FormatDuration(cap.span), cap.name, cap.limit));
      }
    }
  }

  void WarnOfCollision(const Rule& earlier, const Rule& rule, const std::vector<Nodes>& parts) {
    if (earlier.mode != RuleMode::kLive || rule.mode != RuleMode::kLive ||
        earlier.subject != rule.subject || !AskAlike(earlier, rule)) {
      return;
    }
    const std::vector<Nodes> others = Conjuncts(earlier.when);
    if (Contains(parts, others) || Contains(others, parts)) {
      Warn(rule, fmt::format("always collides with rules.{}: the same condition, time and channel",
                             earlier.name));
    }
  }

  const YamlNode& rules_;
  Draft* const draft_;
};

}  // namespace

void WarnOfRules(const YamlNode& rules, Draft* draft) { RuleWarnings(rules, draft).Run(); }

}  // namespace foothold::config
