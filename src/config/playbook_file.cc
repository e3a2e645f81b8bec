#include "src/config/playbook_file.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/zones.h"
#include "src/config/playbook_compiler.h"
#include "src/config/text_file.h"

namespace foothold::config {
namespace {

using journey::Tracker;
using journey::TrackerKind;

constexpr std::string_view kDefaultFile = "the default playbook";
constexpr milliseconds kRetentionBeyondWindow = 30 * kDay;
constexpr std::size_t kNameBytesMax = 64;
// It travels in one journal entry, with its compiled form.
constexpr std::size_t kPlaybookBytesMax = 256 * 1024;

// What the statuses show of every user and account, whatever the playbook asks for.
void AddStandardTrackers(Draft* draft) {
  draft->AddTrackerOf(TrackerKind::kAccess, {});
  draft->AddTrackerOf(TrackerKind::kInvited, {});
  draft->AddTrackerOf(TrackerKind::kDid, {"account.created", "user.signed.up"});
  for (const char* event :
       {"profile.completed", "integration.connected", "dashboard.viewed", "report.exported"}) {
    draft->AddTrackerOf(TrackerKind::kDid, {event});
  }
  draft->AddTrackerOf(TrackerKind::kAccountDid, {"account.created"});
  draft->AddTrackerOf(TrackerKind::kAccountDid, {"contract.signed"});
  draft->AddTrackerOf(TrackerKind::kAnyEvent, {});
}

void CompileName(MapReader* reader, Draft* draft) {
  const YamlNode* name = reader->Require("playbook");
  if (name == nullptr) {
    return;
  }
  draft->playbook.name = ReadTextValue(*name, "playbook", draft->problems).value_or("");
  const bool is_plain = std::ranges::all_of(draft->playbook.name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!is_plain || draft->playbook.name.size() > kNameBytesMax) {
    draft->problems->Add(name->place,
                         fmt::format("playbook: a name is up to {} of a-z, 0-9, '_', '-', not '{}'",
                                     kNameBytesMax, draft->playbook.name));
  }
}

void CompileCoreFeatures(const YamlNode& node, Draft* draft) {
  std::vector<std::string>* core = &draft->playbook.core_features;
  for (const PlacedText& name : ReadTextList(node, "core_features", draft->problems)) {
    core->push_back(draft->events.Resolve(name.text, name.place, draft->problems));
  }
  std::ranges::sort(*core);
  core->erase(std::unique(core->begin(), core->end()), core->end());
}

void CompileDefaultRole(const YamlNode& node, Draft* draft) {
  const std::optional<std::string> written = ReadTextValue(node, "default_role", draft->problems);
  if (!written.has_value()) {
    return;
  }
  draft->playbook.default_role = CanonicalRoleName(*written);
  if (draft->RoleIndex(*draft->playbook.default_role) < 0) {
    draft->problems->AddUnknown(node.place, "default_role", "role", *written, draft->RoleNames());
  }
}

// What holds if the playbook does not say when an account is activated.
journey::MemberCondition HalfOfTheEligible() {
  return {.selector = journey::MemberCondition::Selector::kEligible,
          .role = -1,
          .quantifier = journey::MemberCondition::Quantifier::kShare,
          .property = journey::MemberCondition::Property::kReached,
          .comparison = journey::Comparison::kGreaterEqual,
          .value = 0.5,
          .or_empty = false};
}

// Sections in the order in which they need each other.
void CompileSections(const YamlNode& root, Draft* draft) {
  MapReader reader(root, "", draft->problems);
  CompileName(&reader, draft);
  reader.ReadInteger("version", Range<std::int32_t>{1, std::numeric_limits<std::int32_t>::max()},
                     &draft->playbook.version);
  reader.Take("extends");
  reader.ReadDuration("lateness", {milliseconds(0), kDay}, &draft->playbook.lateness);
  reader.ReadDuration("attribution", {kHour, 90 * kDay}, &draft->playbook.attribution);
  if (const YamlNode* events = reader.Take("events")) {
    draft->events.Add(*events, draft->problems);
  }
  if (const YamlNode* core_features = reader.Take("core_features")) {
    CompileCoreFeatures(*core_features, draft);
  }
  if (const YamlNode* anchors = reader.Take("anchors")) {
    CompileAnchors(*anchors, draft);
  }
  if (const YamlNode* roles = reader.Require("roles")) {
    CompileRoles(*roles, draft);
  }
  if (const YamlNode* default_role = reader.Take("default_role")) {
    CompileDefaultRole(*default_role, draft);
  }
  if (const YamlNode* accounts = reader.Take("accounts")) {
    CompileAccounts(*accounts, draft);
  }
  if (draft->playbook.account_activated.empty()) {
    draft->playbook.account_activated.push_back(HalfOfTheEligible());
  }
  if (const YamlNode* blockers = reader.Take("blockers")) {
    CompileBlockers(*blockers, draft);
  }
  if (const YamlNode* risk = reader.Take("risk")) {
    CompileRisk(*risk, draft);
  }
  if (const YamlNode* gate = reader.Take("gate")) {
    CompileGate(*gate, draft);
  }
  if (const YamlNode* rules = reader.Take("rules")) {
    CompileRules(*rules, draft);
  }
  reader.Finish();
}

journey::ZoneTable ZoneTableOf(const ZoneData& data) {
  journey::ZoneTable table{.version = data.version, .zones = {}, .links = data.links};
  for (const Zone& zone : data.zones) {
    journey::ZoneRules& rules = table.zones.emplace_back();
    rules.name = zone.name;
    for (const ZoneOffset& offset : zone.offsets) {
      rules.offsets.push_back({.from = offset.from, .minutes = offset.minutes});
    }
  }
  return table;
}

// Hundreds of files are read for it: once in a process, by who first compiles a playbook.
const journey::ZoneTable& SystemZones() {
  using std::chrono::sys_days;
  using std::chrono::year;
  static const journey::ZoneTable kTable =
      ZoneTableOf(ReadZones(sys_days(year(2015) / 1 / 1), sys_days(year(2038) / 1 / 1)));
  return kTable;
}

// The longest time after an anchor that anything in a condition looks for.
milliseconds Farthest(const journey::Condition& condition) {
  milliseconds farthest{0};
  for (const journey::ConditionNode& node : condition.nodes) {
    farthest = std::max({farthest, node.span, node.moment.value_or(journey::Moment()).offset});
  }
  return farthest;
}

milliseconds Farthest(const journey::Rung& rung) {
  return std::max({rung.at.offset, rung.until.value_or(rung.at).offset,
                   Farthest(rung.where.value_or(journey::Condition()))});
}

// Of everything that is judged beside milestones.
milliseconds FarthestOfRules(const journey::Playbook& playbook) {
  milliseconds farthest{0};
  for (const journey::Signal& signal : playbook.signals) {
    farthest = std::max(farthest, Farthest(signal.when));
  }
  for (const journey::Stage& stage : playbook.stages) {
    farthest = std::max(
        {farthest, Farthest(stage.when), stage.late_after.value_or(journey::Moment()).offset});
  }
  for (const journey::BlockerKind& blocker : playbook.blockers) {
    farthest = std::max(farthest, Farthest(blocker.when));
  }
  for (const journey::Rule& rule : playbook.rules) {
    farthest = std::max(farthest, Farthest(rule.when));
    for (const journey::Rung& rung : rule.rungs) {
      farthest = std::max(farthest, Farthest(rung));
    }
  }
  return farthest;
}

// The tree to compile: the author's, completed from the default playbook.
YamlNode Completed(const YamlNode& author, const YamlNode& standard, Problems* problems) {
  const YamlNode* extends = author.Find("extends");
  if (extends != nullptr && !extends->is_null()) {
    const std::vector<std::string> known = {"default"};
    if (!extends->is_scalar() || extends->text != known.front()) {
      problems->AddUnknown(extends->place, "extends", "playbook", extends->text, known);
    }
    return MergePlaybooks(standard, author);
  }
  YamlNode anchors_only;
  anchors_only.kind = YamlNode::Kind::kMap;
  anchors_only.children.push_back(*standard.Find("anchors"));
  return MergePlaybooks(anchors_only, author);
}

}  // namespace

std::int32_t Draft::AddTracker(Tracker tracker) {
  std::ranges::sort(tracker.events);
  tracker.events.erase(std::unique(tracker.events.begin(), tracker.events.end()),
                       tracker.events.end());
  tracker.key = journey::TrackerKey(tracker);
  std::vector<Tracker>& trackers = playbook.trackers;
  const auto same = std::ranges::find(trackers, tracker.key, &Tracker::key);
  if (same != trackers.end()) {
    same->keep = std::max(same->keep, tracker.keep);
    return static_cast<std::int32_t>(same - trackers.begin());
  }
  trackers.push_back(std::move(tracker));
  return static_cast<std::int32_t>(trackers.size()) - 1;
}

std::int32_t Draft::AddTrackerOf(TrackerKind kind, std::vector<std::string> event_names) {
  Tracker tracker;
  tracker.kind = kind;
  tracker.events = std::move(event_names);
  return AddTracker(std::move(tracker));
}

std::int32_t Draft::RoleIndex(std::string_view name) const {
  const auto found = std::ranges::find(playbook.roles, name, &journey::Role::name);
  return found == playbook.roles.end() ? -1
                                       : static_cast<std::int32_t>(found - playbook.roles.begin());
}

std::int32_t Draft::AnchorIndex(std::string_view name) const {
  const auto found = std::ranges::find(playbook.anchors, name, &journey::Anchor::name);
  return found == playbook.anchors.end()
             ? -1
             : static_cast<std::int32_t>(found - playbook.anchors.begin());
}

std::vector<std::string> Draft::RoleNames() const {
  std::vector<std::string> names;
  for (const journey::Role& role : playbook.roles) {
    names.push_back(role.name);
  }
  return names;
}

std::string CanonicalRoleName(std::string_view written) {
  std::string name(written);
  for (char& c : name) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

Checked<CompiledPlaybook> ReadPlaybook(std::string_view text, std::string_view file) {
  Problems problems;
  const int author_file = problems.AddFile(file);
  const int standard_file = problems.AddFile(kDefaultFile);
  if (text.size() > kPlaybookBytesMax) {
    problems.Add({author_file, 0}, fmt::format("larger than {} bytes", kPlaybookBytesMax));
    return tl::unexpected(problems.Errors());
  }
  const std::optional<YamlNode> author = ParseYaml(text, author_file, &problems);
  const std::optional<YamlNode> standard =
      ParseYaml(DefaultPlaybookText(), standard_file, &problems);
  FOOTHOLD_CHECK(standard.has_value() && standard->Find("anchors") != nullptr,
                 "the embedded playbook is YAML and has anchors");
  if (author.has_value() && !author->is_map()) {
    problems.Add(author->place, "expected a playbook (playbook: name, roles: ...)");
  }
  if (!problems.is_empty()) {
    return tl::unexpected(problems.Errors());
  }

  Draft draft;
  draft.problems = &problems;
  AddStandardTrackers(&draft);
  const YamlNode whole = Completed(*author, *standard, &problems);
  CompileSections(whole, &draft);
  draft.playbook.aliases = draft.events.Aliases();
  draft.playbook.zones = SystemZones();
  draft.playbook.yaml = std::string(text);
  if (problems.is_empty()) {
    const Status status = journey::Validate(draft.playbook);
    if (!status.ok()) {
      problems.Add({author_file, 0}, status.message());
    }
    if (const YamlNode* rules = whole.Find("rules")) {
      WarnOfRules(*rules, &draft);
    }
  }
  if (!problems.is_empty()) {
    return tl::unexpected(problems.Errors());
  }
  CompiledPlaybook compiled{
      .playbook = std::move(draft.playbook), .warnings = problems.Warnings(), .mentions = {}};
  for (const EventNames::Mention& mention : draft.events.mentions()) {
    compiled.mentions.push_back({.event = mention.canonical,
                                 .written = mention.written,
                                 .file = problems.FileOf(mention.place),
                                 .line = mention.place.line});
  }
  return compiled;
}

Checked<CompiledPlaybook> LoadPlaybook(const std::string& path) {
  const Result<std::string> text = ReadTextFile(path);
  if (!text.has_value()) {
    return tl::unexpected(std::vector<Problem>{
        {.file = path, .line = 0, .what = text.error().message(), .suggestion = {}}});
  }
  return ReadPlaybook(*text, path);
}

journey::Playbook DefaultPlaybook() {
  Checked<CompiledPlaybook> compiled = ReadPlaybook(DefaultPlaybookText(), kDefaultFile);
  FOOTHOLD_CHECK(compiled.has_value(), ToString(compiled.error()));
  return std::move(compiled->playbook);
}

milliseconds RetentionNeeded(const journey::Playbook& playbook) {
  milliseconds longest = FarthestOfRules(playbook);
  const auto consider = [&](const journey::Milestone& milestone) {
    longest = std::max(longest, milestone.within.value_or(journey::Window{}).length);
    for (const journey::Criterion& criterion : milestone.all) {
      longest = std::max(longest, criterion.within.value_or(journey::Window{}).length);
    }
  };
  for (const journey::Role& role : playbook.roles) {
    if (role.milestone.has_value()) {
      consider(*role.milestone);
    }
  }
  for (const journey::Model& model : playbook.models) {
    for (const journey::Model::Override& change : model.overrides) {
      consider(change.milestone);
    }
  }
  return longest + kRetentionBeyondWindow;
}

}  // namespace foothold::config
