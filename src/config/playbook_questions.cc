#include "src/config/playbook_questions.h"

#include <algorithm>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/base/names.h"

namespace foothold::config {
namespace {

using journey::Comparison;
using journey::ConditionKind;
using journey::ConditionNode;

// The account's known facts, as they are written.
constexpr auto kAccountFacts = std::to_array<std::string_view>(
    {"name", "plan", "segment", "productModel", "mrr", "contractValue", "seats", "createdAt",
     "trialEndsAt", "contractAt", "owner", "ownerEmail", "decisionMaker", "channel", "timezone",
     "companySize", "industry", "useCase"});
constexpr auto kUserFacts = std::to_array<std::string_view>(
    {"email", "name", "title", "role", "timezone", "locale", "createdAt"});

constexpr auto kLevels = std::to_array<std::string_view>({"low", "medium", "high"});
constexpr auto kStates = std::to_array<std::string_view>(
    {"not_started", "in_progress", "activated", "window_expired", "activated_late"});

enum class Completeness { kIncomplete };
constexpr auto kCompleteness = std::to_array<std::pair<std::string_view, Completeness>>(
    {{"incomplete", Completeness::kIncomplete}});
template <std::size_t kSize>
std::vector<std::string> Words(const std::array<std::string_view, kSize>& words) {
  return {words.begin(), words.end()};
}

// The name under which a fact of the product is kept; "" if it is none.
template <std::size_t kSize>
std::string FactNamed(const std::array<std::string_view, kSize>& facts, std::string_view written) {
  const std::string canonical = CanonicalPropertyName(written);
  const bool is_known = std::ranges::any_of(
      facts, [&](std::string_view fact) { return CanonicalPropertyName(fact) == canonical; });
  return is_known ? canonical : "";
}

}  // namespace

std::optional<Question> QuestionReader::Read() {
  const std::vector<YamlNode>& children = reader_.node().children;
  std::vector<const YamlNode*> asked;
  for (const YamlNode& child : children) {
    if (VerbOf(child.key) != nullptr || !FactNamed(kAccountFacts, child.key).empty()) {
      asked.push_back(&child);
    }
  }
  if (asked.empty()) {
    AddNoQuestion();
    return std::nullopt;
  }
  // `sessions` beside it is a key of `repeated`.
  const auto repeated = std::ranges::find(asked, "repeated", &YamlNode::key);
  const YamlNode& value = repeated == asked.end() ? *asked.front() : **repeated;
  for (const YamlNode* other : asked) {
    const bool is_own = repeated != asked.end() && other->key == "sessions";
    if (other != &value && !is_own) {
      draft_->problems->Add(other->key_place,
                            fmt::format("{}: '{}' beside '{}': {{all: [...]}} holds several "
                                        "conditions",
                                        reader_.path(), other->key, value.key));
      return std::nullopt;
    }
  }
  if (reader_.Take(value.key) == nullptr) {
    Wrong(value, "expected a value");
    return std::nullopt;
  }
  const Verb* const verb = VerbOf(value.key);
  if (verb != nullptr && verb->is_of_user && scope_.subject == journey::SubjectKind::kAccount) {
    draft_->problems->Add(value.key_place,
                          fmt::format("{}: '{}' asks about a user; this is about an account",
                                      reader_.path(), value.key),
                          verb->of_account);
  }
  const bool is_read = verb == nullptr ? ReadFact(value) : (this->*verb->read)(value);
  return is_read ? std::optional(std::move(question_)) : std::nullopt;
}

std::span<const QuestionReader::Verb> QuestionReader::Verbs() {
  static constexpr auto kVerbs = std::to_array<Verb>({
      {"did", true, &QuestionReader::ReadDid, "account_did"},
      {"account_did", false, &QuestionReader::ReadAccountDid, ""},
      {"members", false, &QuestionReader::ReadMembers, ""},
      {"role", true, &QuestionReader::ReadRole, ""},
      {"state", true, &QuestionReader::ReadState, ""},
      {"attribute", false, &QuestionReader::ReadAttribute, ""},
      {"user_attribute", true, &QuestionReader::ReadUserAttribute, "attribute"},
      {"trait", false, &QuestionReader::ReadTrait, ""},
      {"user_trait", true, &QuestionReader::ReadUserTrait, "trait"},
      {"mrr_per_seat", false, &QuestionReader::ReadMrrPerSeat, ""},
      {"since", false, &QuestionReader::ReadSince, ""},
      {"idle", true, &QuestionReader::ReadIdle, ""},
      {"step_not_met_for", true, &QuestionReader::ReadStepNotMet, ""},
      {"sessions", true, &QuestionReader::ReadSessions, ""},
      {"active_days", true, &QuestionReader::ReadActiveDays, ""},
      {"core_time", true, &QuestionReader::ReadCoreTime, ""},
      {"repeated", true, &QuestionReader::ReadRepeated, ""},
      {"risk", false, &QuestionReader::ReadRisk, ""},
      {"stage", false, &QuestionReader::ReadStage, ""},
      {"stage_late", false, &QuestionReader::ReadStageLate, ""},
      {"measurement", false, &QuestionReader::ReadMeasurement, ""},
  });
  return kVerbs;
}

const QuestionReader::Verb* QuestionReader::VerbOf(std::string_view word) {
  const std::span<const Verb> verbs = Verbs();
  const auto found = std::ranges::find(verbs, word, &Verb::word);
  return found == verbs.end() ? nullptr : &*found;
}

void QuestionReader::AddNoQuestion() {
  const std::vector<YamlNode>& children = reader_.node().children;
  if (children.empty()) {
    draft_->problems->Add(reader_.node().place,
                          reader_.path() + ": expected a condition, such as {did: access}");
    return;
  }
  std::vector<std::string> words = {"all", "any", "not"};
  for (const Verb& verb : Verbs()) {
    words.emplace_back(verb.word);
  }
  words.insert(words.end(), kAccountFacts.begin(), kAccountFacts.end());
  draft_->problems->AddUnknown(children.front().key_place, reader_.path(), "condition",
                               children.front().key, words);
}

bool QuestionReader::Wrong(const YamlNode& node, std::string_view what) {
  draft_->problems->Add(node.place, fmt::format("{}: {}", reader_.PathOf(node.key), what));
  return false;
}

bool QuestionReader::Take(ConditionNode node, std::string label) {
  question_.nodes.push_back(std::move(node));
  question_.label = std::move(label);
  return true;
}

ConditionNode QuestionReader::NodeOf(ConditionKind kind) {
  ConditionNode node;
  node.kind = kind;
  return node;
}

bool QuestionReader::ReadMembers(const YamlNode& /*value*/) {
  const std::optional<journey::MemberCondition> members = CompileMembers(&reader_, draft_);
  const YamlNode* const within = reader_.Take("within");
  if (!members.has_value()) {
    return false;
  }
  ConditionNode node = NodeOf(ConditionKind::kMembers);
  node.members = *members;
  std::string label = LabelOf(*members, draft_->playbook);
  if (within == nullptr) {
    return Take(std::move(node), std::move(label));
  }
  // Members are counted as they are now: it holds while there still is time.
  const std::optional<journey::Moment> end = MomentAt("within", *within);
  if (!end.has_value()) {
    return false;
  }
  ConditionNode reached = NodeOf(ConditionKind::kReached);
  reached.moment = end;
  ConditionNode all = NodeOf(ConditionKind::kAll);
  all.arity = 2;
  question_.nodes = {std::move(node), std::move(reached), NodeOf(ConditionKind::kNot),
                     std::move(all)};
  question_.label = fmt::format("{} within {}", label, within->text);
  return true;
}

bool QuestionReader::ReadWords(const YamlNode& value, ConditionKind kind, std::string_view noun,
                               std::vector<std::string> known) {
  ConditionNode node = NodeOf(kind);
  const std::string path = reader_.PathOf(value.key);
  bool is_known = true;
  for (PlacedText& word : ReadTextList(value, path, draft_->problems)) {
    std::string name = kind == ConditionKind::kRole ? CanonicalRoleName(word.text) : word.text;
    if (std::ranges::find(known, name) == known.end()) {
      draft_->problems->AddUnknown(word.place, path, noun, word.text, known);
      is_known = false;
    }
    node.texts.push_back(std::move(name));
  }
  if (node.texts.empty()) {
    return is_known && Wrong(value, "expected at least one word");
  }
  std::string label = fmt::format("{} {}", noun, fmt::join(node.texts, " or "));
  return Take(std::move(node), std::move(label)) && is_known;
}

bool QuestionReader::ReadRole(const YamlNode& value) {
  return ReadWords(value, ConditionKind::kRole, "role", draft_->RoleNames());
}

bool QuestionReader::ReadState(const YamlNode& value) {
  return ReadWords(value, ConditionKind::kState, "state", Words(kStates));
}

bool QuestionReader::ReadRisk(const YamlNode& value) {
  if (!scope_.may_ask_risk) {
    return Wrong(value, "risk is made of this, it cannot rest on itself");
  }
  return ReadWords(value, ConditionKind::kRisk, "risk", Words(kLevels));
}

bool QuestionReader::ReadStage(const YamlNode& value) {
  if (!scope_.may_ask_stage) {
    return Wrong(value, "stages are made of this, they cannot rest on themselves");
  }
  std::vector<std::string> names;
  for (const journey::Stage& stage : draft_->playbook.stages) {
    names.push_back(stage.name);
  }
  return ReadWords(value, ConditionKind::kStage, "stage", names);
}

bool QuestionReader::ReadStageLate(const YamlNode& value) {
  if (!scope_.may_ask_stage) {
    return Wrong(value, "stages are made of this, they cannot rest on themselves");
  }
  if (!ReadBooleanValue(value, reader_.PathOf(value.key), draft_->problems).value_or(true)) {
    return Wrong(value, "say {not: {stage_late: true}}");
  }
  return Take(NodeOf(ConditionKind::kStageLate), "late in its stage");
}

bool QuestionReader::ReadTraitOf(std::string name, std::string_view written, bool is_of_account,
                                 const YamlNode* value) {
  ConditionNode node = NodeOf(ConditionKind::kTrait);
  node.name = std::move(name);
  node.is_of_account = is_of_account;
  if (value == nullptr) {
    return Take(std::move(node), fmt::format("{} is known", written));
  }
  if (value->is_list()) {
    for (PlacedText& each : ReadTextList(*value, reader_.path(), draft_->problems)) {
      node.texts.push_back(std::move(each.text));
    }
  } else if (value->is_scalar()) {
    auto [comparison, text] = SplitComparison(value->text);
    node.comparison = comparison;
    node.texts.push_back(std::move(text));
  }
  if (node.texts.empty() || node.texts.front().empty()) {
    return Wrong(*value, "expected a value, a list of values or a comparison such as \">= 10\"");
  }
  const bool is_equal = node.comparison == Comparison::kEqual;
  std::string label = is_equal ? fmt::format("{} is {}", written, fmt::join(node.texts, " or "))
                               : fmt::format("{} {}", written, value->text);
  return Take(std::move(node), std::move(label));
}

bool QuestionReader::ReadFact(const YamlNode& value) {
  return ReadTraitOf(CanonicalPropertyName(value.key), value.key, true, &value);
}

template <std::size_t kSize>
bool QuestionReader::ReadAttributeOf(const YamlNode& value, bool is_of_account,
                                     const std::array<std::string_view, kSize>& facts) {
  const bool is_pair = value.is_map() && value.children.size() == 1;
  if (!value.is_scalar() && !is_pair) {
    return Wrong(value, "expected the name of an attribute, or one name and its value");
  }
  const YamlNode* const wanted = is_pair ? &value.children.front() : nullptr;
  const std::string& written = is_pair ? wanted->key : value.text;
  const std::string name = FactNamed(facts, written);
  if (name.empty()) {
    draft_->problems->AddUnknown(value.place,
                                 fmt::format("{} (of others say {})", reader_.PathOf(value.key),
                                             is_of_account ? "trait" : "user_trait"),
                                 "attribute", written, Words(facts));
    return false;
  }
  return ReadTraitOf(name, written, is_of_account, wanted);
}

bool QuestionReader::ReadAttribute(const YamlNode& value) {
  return ReadAttributeOf(value, true, kAccountFacts);
}

bool QuestionReader::ReadUserAttribute(const YamlNode& value) {
  return ReadAttributeOf(value, false, kUserFacts);
}

bool QuestionReader::ReadAnyTrait(const YamlNode& value, bool is_of_account) {
  if (value.is_scalar()) {
    return ReadTraitOf(CanonicalPropertyName(value.text), value.text, is_of_account, nullptr);
  }
  MapReader trait(value, reader_.PathOf(value.key), draft_->problems);
  std::string name;
  if (trait.Require("name") != nullptr) {
    trait.ReadText("name", &name);
  }
  const YamlNode* const is = trait.Take("is");
  trait.Finish();
  return !name.empty() && ReadTraitOf(CanonicalPropertyName(name), name, is_of_account, is);
}

bool QuestionReader::ReadTrait(const YamlNode& value) { return ReadAnyTrait(value, true); }

bool QuestionReader::ReadUserTrait(const YamlNode& value) { return ReadAnyTrait(value, false); }

bool QuestionReader::ReadMrrPerSeat(const YamlNode& value) {
  ConditionNode node = NodeOf(ConditionKind::kMrrPerSeat);
  auto [comparison, text] = SplitComparison(value.text);
  YamlNode number = value;
  number.text = text;
  const std::optional<double> read =
      ReadNumberValue(number, reader_.PathOf(value.key), Range<double>{0, 1e12}, draft_->problems);
  node.comparison = comparison;
  node.number = read.value_or(0);
  return Take(std::move(node), "mrr per seat " + value.text) && read.has_value();
}

bool QuestionReader::ReadMeasurement(const YamlNode& /*value*/) {
  ConditionNode node = NodeOf(ConditionKind::kMeasurement);
  Completeness completeness = Completeness::kIncomplete;
  reader_.ReadChoice("measurement", kCompleteness, &completeness);
  std::string label = "measurement incomplete";
  const YamlNode* const span = reader_.node().Find("for");
  if (span != nullptr && span->is_scalar() && ParseDuration(span->text).has_value()) {
    node.span = Span(*span, reader_.PathOf("for")).value_or(kDay);
    label += " for " + span->text;
  }
  return Take(std::move(node), std::move(label));
}

std::optional<Question> CompileQuestion(MapReader* reader, const ConditionScope& scope,
                                        Draft* draft) {
  return QuestionReader(reader, scope, draft).Read();
}

}  // namespace foothold::config
