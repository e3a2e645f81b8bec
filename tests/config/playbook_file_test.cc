#include "src/config/playbook_file.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/base/time.h"
#include "src/config/text_file.h"
#include "src/journey/definition.h"

namespace foothold::config {
namespace {

using journey::AnchorEntry;
using journey::Comparison;
using journey::Criterion;
using journey::MemberCondition;
using journey::Milestone;
using journey::Playbook;
using journey::Role;
using journey::StepClass;
using journey::Tracker;
using journey::TrackerKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The least a playbook can say.
constexpr std::string_view kSmall = R"(playbook: small
roles:
  member:
    milestone: {did: report.exported, within: 7d of first_access}
    steps:
      - {name: in, class: setup, did: access}
      - {name: look, class: value, did: dashboard.viewed}
      - {name: done, class: value, milestone: true}
)";

Playbook Compile(std::string_view text) {
  Checked<CompiledPlaybook> compiled = ReadPlaybook(text, "test.yaml");
  EXPECT_TRUE(compiled.has_value()) << ToString(compiled.error());
  return compiled.has_value() ? compiled->playbook : DefaultPlaybook();
}

std::string ErrorsOf(std::string_view text) {
  const Checked<CompiledPlaybook> compiled = ReadPlaybook(text, "test.yaml");
  return compiled.has_value() ? "" : ToString(compiled.error());
}

std::string WarningsOf(std::string_view text) {
  const Checked<CompiledPlaybook> compiled = ReadPlaybook(text, "test.yaml");
  return compiled.has_value() ? ToString(compiled->warnings) : ToString(compiled.error());
}

const Role& RoleOf(const Playbook& playbook, std::string_view name) {
  const auto found = std::ranges::find(playbook.roles, name, &Role::name);
  EXPECT_NE(found, playbook.roles.end()) << name;
  return *found;
}

const Tracker& TrackerOf(const Playbook& playbook, const Criterion& criterion) {
  return playbook.trackers.at(static_cast<std::size_t>(criterion.tracker));
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text += (text.empty() ? "" : "+") + word;
  }
  return text;
}

std::string WindowText(const Playbook& playbook, const std::optional<journey::Window>& window) {
  return window.has_value()
             ? fmt::format(" within {} of {}", FormatDuration(window->length),
                           playbook.anchors.at(static_cast<std::size_t>(window->anchor)).name)
             : "";
}

// A milestone in one line, from what was compiled.
std::string MilestoneText(const Playbook& playbook, const Milestone& milestone) {
  std::string text;
  for (const Criterion& criterion : milestone.all) {
    const Tracker& tracker = TrackerOf(playbook, criterion);
    text += fmt::format("{}[{} x{}{}{}]", text.empty() ? "" : " ", Joined(tracker.events),
                        criterion.at_least,
                        tracker.distinct.empty() ? "" : " distinct " + tracker.distinct,
                        WindowText(playbook, criterion.within));
  }
  return text + WindowText(playbook, milestone.within);
}

std::string MilestoneText(const Playbook& playbook, std::string_view role) {
  return MilestoneText(playbook, RoleOf(playbook, role).milestone.value());
}

// An anchor's entries: "[a+b][trait c]".
std::string AnchorText(const Playbook& playbook, std::string_view name) {
  const auto anchor = std::ranges::find(playbook.anchors, name, &journey::Anchor::name);
  if (anchor == playbook.anchors.end()) {
    return "none";
  }
  std::string text;
  for (const std::vector<AnchorEntry>& group : anchor->entries) {
    std::vector<std::string> words;
    for (const AnchorEntry& entry : group) {
      if (entry.kind != AnchorEntry::Kind::kTracker) {
        words.push_back(
            (entry.kind == AnchorEntry::Kind::kUserTrait ? "user trait " : "account trait ") +
            entry.trait);
        continue;
      }
      const Tracker& tracker = playbook.trackers.at(static_cast<std::size_t>(entry.tracker));
      words.push_back(fmt::format("{}:{}", static_cast<int>(tracker.kind), Joined(tracker.events)));
    }
    text += "[" + Joined(words) + "]";
  }
  return text;
}

TEST(DefaultPlaybookTest, HoldsTheMilestonesAndWindowsOfTheProduct) {
  const Playbook playbook = DefaultPlaybook();

  EXPECT_EQ(MilestoneText(playbook, "admin"),
            "[integration.connected x1] [user.invited x2 distinct invitee] within 7d of signup");
  EXPECT_EQ(MilestoneText(playbook, "analyst"),
            "[dashboard.created x1] [report.exported x1] within 14d of first_access");
  EXPECT_EQ(MilestoneText(playbook, "operator"),
            "[form.completed+record.submitted+transaction.created x5] within 7d of first_access");
  EXPECT_EQ(MilestoneText(playbook, "viewer"),
            "[dashboard.viewed x3 distinct dashboardid] within 30d of invite");
  for (const char* contact : {"buyer", "sponsor", "decision_maker"}) {
    EXPECT_TRUE(RoleOf(playbook, contact).is_contact) << contact;
    EXPECT_FALSE(RoleOf(playbook, contact).milestone.has_value()) << contact;
  }
  EXPECT_THAT(playbook.roles, SizeIs(7));
}

TEST(DefaultPlaybookTest, HoldsTheAnchorsOfTheProduct) {
  const Playbook playbook = DefaultPlaybook();

  EXPECT_EQ(AnchorText(playbook, "signup"), "[1:account.created+user.signed.up][2:]");
  EXPECT_EQ(AnchorText(playbook, "invite"), "[3:][2:]");
  EXPECT_EQ(AnchorText(playbook, "invite_or_signup"), "[3:][1:account.created+user.signed.up]");
  EXPECT_EQ(AnchorText(playbook, "first_access"), "[2:]");
  EXPECT_EQ(AnchorText(playbook, "created"), "[4:account.created][account trait createdat][5:]");
  EXPECT_EQ(AnchorText(playbook, "contract"), "[4:contract.signed][account trait contractat]");
  EXPECT_EQ(AnchorText(playbook, "first_invite"), "[4:user.invited]");
}

TEST(DefaultPlaybookTest, HoldsTheProductModels) {
  const Playbook playbook = DefaultPlaybook();
  std::vector<std::string> models;
  for (const journey::Model& model : playbook.models) {
    for (const journey::Model::Override& change : model.overrides) {
      models.push_back(fmt::format("{} {}: {}", model.name,
                                   playbook.roles.at(static_cast<std::size_t>(change.role)).name,
                                   MilestoneText(playbook, change.milestone)));
    }
  }

  const std::string criteria = "[integration.connected x1] [user.invited x2 distinct invitee]";
  EXPECT_THAT(models, ElementsAre("plg admin: " + criteria + " within 7d of signup",
                                  "sales_led admin: " + criteria + " within 30d of contract",
                                  "api_first admin: [api.first.call x1 within 1d of signup] "
                                  "[integration.production x1 within 21d of signup]",
                                  "enterprise admin: " + criteria + " within 60d of contract"));
}

TEST(DefaultPlaybookTest, ActivatesAnAccountAsTheProductSays) {
  const Playbook playbook = DefaultPlaybook();
  using Selector = MemberCondition::Selector;
  using Quantifier = MemberCondition::Quantifier;

  ASSERT_THAT(playbook.account_activated, SizeIs(3));
  const MemberCondition& admin = playbook.account_activated[0];
  EXPECT_EQ(admin.selector, Selector::kRole);
  EXPECT_EQ(playbook.roles.at(static_cast<std::size_t>(admin.role)).name, "admin");
  EXPECT_EQ(admin.quantifier, Quantifier::kAny);
  EXPECT_EQ(admin.property, MemberCondition::Property::kReached);
  EXPECT_FALSE(admin.or_empty);
  const MemberCondition& half = playbook.account_activated[1];
  EXPECT_EQ(half.selector, Selector::kEligible);
  EXPECT_EQ(half.quantifier, Quantifier::kShare);
  EXPECT_EQ(half.comparison, Comparison::kGreaterEqual);
  EXPECT_EQ(half.value, 0.5);
  const MemberCondition& analyst = playbook.account_activated[2];
  EXPECT_EQ(playbook.roles.at(static_cast<std::size_t>(analyst.role)).name, "analyst");
  EXPECT_TRUE(analyst.or_empty);
}

TEST(DefaultPlaybookTest, KnowsTheOtherNamesOfTheProductsTable) {
  const journey::Definition definition(DefaultPlaybook());

  for (const auto& [written, canonical] : std::vector<std::pair<std::string, std::string>>{
           {"Signed Up", "user.signed.up"},
           {"User Signed Up", "user.signed.up"},
           {"invite_sent", "user.invited"},
           {"Team Member Invited", "user.invited"},
           {"Invite Accepted", "user.joined"},
           {"Account Added User", "user.joined"},
           {"Account Removed User", "user.removed"},
           {"role changed", "user.role.changed"},
           {"Signed In", "user.logged.in"},
           {"login", "user.logged.in"},
           {"User Signed In", "user.logged.in"},
           {"integration_connect", "integration.connected"},
           {"dashboard_first_view", "dashboard.viewed"},
           {"report_first_export", "report.exported"},
           {"export_failed", "report.export.failed"},
           {"filter_first_applied", "filter.applied"},
           {"insight_first_shared", "insight.shared"},
           {"Something Else", "something.else"}}) {
    EXPECT_EQ(definition.Canonical(written), canonical) << written;
  }
}

TEST(DefaultPlaybookTest, HasNothingToWarnOf) {
  const Checked<CompiledPlaybook> compiled = ReadPlaybook(DefaultPlaybookText(), "default.yaml");

  ASSERT_TRUE(compiled.has_value()) << ToString(compiled.error());
  EXPECT_EQ(ToString(compiled->warnings), "");
  EXPECT_EQ(compiled->playbook.yaml, DefaultPlaybookText());
  EXPECT_EQ(compiled->playbook.lateness, 10 * kMinute);
  EXPECT_EQ(compiled->playbook.attribution, 7 * kDay);
  EXPECT_EQ(compiled->playbook.default_role, std::nullopt);
}

TEST(DefaultPlaybookTest, AsksTheJournalToKeepItsLongestWindowAndAMonth) {
  EXPECT_EQ(RetentionNeeded(DefaultPlaybook()), 120 * kDay);
}

TEST(PlaybookTest, EqualTrackersAreOneAndKeepTheLargerNumber) {
  const Playbook playbook = DefaultPlaybook();
  const Role& viewer = RoleOf(playbook, "viewer");
  const Role& op = RoleOf(playbook, "operator");

  // The operator's step asks for one occurrence of what the milestone needs five of.
  EXPECT_EQ(op.milestone->all[0].tracker, op.steps[1].criterion->tracker);
  EXPECT_EQ(TrackerOf(playbook, op.milestone->all[0]).keep, 5);
  EXPECT_EQ(op.steps[1].criterion->at_least, 1);
  // Plain and distinct counts of one event are different trackers.
  EXPECT_NE(viewer.milestone->all[0].tracker, viewer.steps[1].criterion->tracker);
  std::set<std::uint64_t> keys;
  for (const Tracker& tracker : playbook.trackers) {
    EXPECT_TRUE(keys.insert(tracker.key).second);
  }
}

TEST(PlaybookTest, TracksWhatTheStatusesShowWhateverTheRoles) {
  const Playbook playbook = Compile(kSmall);
  const auto has = [&](TrackerKind kind, std::vector<std::string> events) {
    return std::ranges::any_of(playbook.trackers, [&](const Tracker& tracker) {
      return tracker.kind == kind && tracker.events == events && tracker.distinct.empty() &&
             tracker.where.empty();
    });
  };

  EXPECT_TRUE(has(TrackerKind::kAccess, {}));
  EXPECT_TRUE(has(TrackerKind::kInvited, {}));
  EXPECT_TRUE(has(TrackerKind::kAnyEvent, {}));
  EXPECT_TRUE(has(TrackerKind::kDid, {"account.created", "user.signed.up"}));
  for (const char* event :
       {"profile.completed", "integration.connected", "dashboard.viewed", "report.exported"}) {
    EXPECT_TRUE(has(TrackerKind::kDid, {event})) << event;
  }
  EXPECT_TRUE(has(TrackerKind::kAccountDid, {"account.created"}));
  EXPECT_TRUE(has(TrackerKind::kAccountDid, {"contract.signed"}));
}

TEST(PlaybookTest, StandsAloneWithItsOwnRolesAndTheDefaultAnchors) {
  const Playbook playbook = Compile(kSmall);

  ASSERT_THAT(playbook.roles, SizeIs(1));
  EXPECT_EQ(playbook.version, 1);
  EXPECT_EQ(AnchorText(playbook, "signup"), AnchorText(DefaultPlaybook(), "signup"));
  EXPECT_THAT(playbook.models, IsEmpty());
  ASSERT_THAT(playbook.account_activated, SizeIs(1));
  EXPECT_EQ(playbook.account_activated[0].selector, MemberCondition::Selector::kEligible);
  EXPECT_EQ(playbook.account_activated[0].value, 0.5);
}

TEST(PlaybookTest, ConditionsOnPropertiesAreInOneOrderAndInTheLabel) {
  const Playbook playbook = Compile(R"(playbook: conditions
roles:
  member:
    milestone:
      all:
        - {did: report.exported, where: {Row_Count: ">= 10", format: [pdf, csv]}, or_without_property: true}
        - {did: report.exported, where: {format: [csv, pdf], row_count: ">=10"}, or_without_property: true}
        - {did: record.submitted, where: {kind: "!= test"}, at_least: 2}
    steps:
      - {name: in, class: setup, did: access}
      - {name: look, class: habit, did: dashboard.viewed}
      - {name: done, class: value, milestone: true}
)");
  const Milestone milestone = playbook.roles[0].milestone.value();

  EXPECT_EQ(milestone.all[0].tracker, milestone.all[1].tracker);
  EXPECT_EQ(milestone.all[0].label, "report.exported, where Row_Count >= 10 and format csv/pdf");
  EXPECT_EQ(milestone.all[2].label, "record.submitted, 2 times, where kind != test");
  const Tracker& tracker = TrackerOf(playbook, milestone.all[0]);
  ASSERT_THAT(tracker.where, SizeIs(2));
  EXPECT_EQ(tracker.where[0].property, "format");
  EXPECT_THAT(tracker.where[0].any_of, ElementsAre("csv", "pdf"));
  EXPECT_EQ(tracker.where[1].property, "rowcount");
  EXPECT_EQ(tracker.where[1].comparison, Comparison::kGreaterEqual);
  EXPECT_THAT(tracker.where[1].any_of, ElementsAre("10"));
  EXPECT_TRUE(tracker.where[0].holds_if_absent && tracker.where[1].holds_if_absent);
  EXPECT_EQ(TrackerOf(playbook, milestone.all[2]).where[0].comparison, Comparison::kNotEqual);
  EXPECT_EQ(playbook.roles[0].steps[1].step_class, StepClass::kHabit);
}

TEST(PlaybookTest, OwnEventNamesLeadToTheCanonicalOnes) {
  const Playbook playbook = Compile(std::string(kSmall) + R"(events:
  report.exported: [Report Downloaded, "PDF Made"]
  scan.finished: Scan Done
core_features: [Scan Done, scan.finished, report_downloaded, access.granted]
)");
  const journey::Definition definition(playbook);

  EXPECT_EQ(definition.Canonical("pdf_made"), "report.exported");
  EXPECT_EQ(definition.Canonical("SCAN DONE"), "scan.finished");
  EXPECT_THAT(playbook.core_features,
              ElementsAre("access.granted", "report.exported", "scan.finished"));
}

TEST(PlaybookTest, AnchorsMayNameEachOtherInAnyOrder) {
  const Playbook playbook = Compile(std::string(kSmall) + R"(anchors:
  late: [early, user trait Hired-At]
  early: [kickoff.held, first_access]
  either: first_access or trait createdAt or form.completed
)");

  EXPECT_EQ(AnchorText(playbook, "early"), "[4:kickoff.held][2:]");
  EXPECT_EQ(AnchorText(playbook, "late"), "[4:kickoff.held][2:][user trait hiredat]");
  EXPECT_EQ(AnchorText(playbook, "either"), "[2:+account trait createdat+1:form.completed]");
}

TEST(PlaybookTest, ANameLikeAKnownEventIsAWarningUntilItIsDeclared) {
  const std::string slip = std::string(kSmall) + "core_features: [dashbord.created]\n";

  EXPECT_EQ(WarningsOf(slip),
            "test.yaml:9: 'dashbord.created' is not an event this playbook knows; if it is meant, "
            "name it under events; did you mean 'dashboard.created'?");
  EXPECT_EQ(WarningsOf(slip + "events:\n  dashbord.created: []\n"), "");
}

TEST(PlaybookTest, EveryPlaybookOfDeployCompiles) {
  for (const char* name : {"default", "cloudforge"}) {
    const std::string path = fmt::format("{}/deploy/playbooks/{}.yaml", FOOTHOLD_SOURCE_DIR, name);
    const Checked<CompiledPlaybook> compiled = LoadPlaybook(path);

    ASSERT_TRUE(compiled.has_value()) << ToString(compiled.error());
    EXPECT_EQ(compiled->playbook.name, name);
    EXPECT_EQ(ToString(compiled->warnings), "");
  }
}

TEST(PlaybookTest, AFileThatCannotBeReadIsAProblemOfTheFile) {
  const Checked<CompiledPlaybook> missing = LoadPlaybook("/no/such/playbook.yaml");
  const Checked<CompiledPlaybook> folder = LoadPlaybook("/");

  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(ToString(missing.error()),
            "/no/such/playbook.yaml: cannot be opened: No such file or directory");
  ASSERT_FALSE(folder.has_value());
  EXPECT_EQ(ToString(folder.error()), "/: cannot be read: Is a directory");
}

TEST(ExtendsTest, TakesEverythingThatIsNotOverridden) {
  const Playbook standard = DefaultPlaybook();
  const Playbook playbook = Compile("playbook: mine\nversion: 3\nextends: default\n");

  EXPECT_EQ(playbook.name, "mine");
  EXPECT_EQ(playbook.version, 3);
  EXPECT_EQ(playbook.roles, standard.roles);
  EXPECT_EQ(playbook.models, standard.models);
  EXPECT_EQ(playbook.account_activated, standard.account_activated);
  EXPECT_EQ(playbook.core_features, standard.core_features);
  EXPECT_EQ(playbook.yaml, "playbook: mine\nversion: 3\nextends: default\n");
}

TEST(ExtendsTest, OverridesByName) {
  const Playbook playbook = Compile(R"(playbook: mine
extends: default
lateness: 1h
default_role: Analyst
events: {user.invited: [Guest Added], scan.done: [scanned]}
core_features: [scan.done]
anchors: {signup: [user.signed_up]}
roles:
  Admin: {milestone: {within: 10d of signup}}
  analyst: {milestone: {did: scan.done, at_least: 3}}
  viewer: {contact: true}
  operator: null
  buyer:
    milestone: {did: contract.opened, within: 5d of invite}
    steps:
      - {name: in, class: setup, did: access}
      - {name: look, class: value, did: dashboard.viewed}
      - {name: done, class: value, milestone: true}
accounts:
  models: {plg: {analyst: {within: 3d of signup}}, enterprise: null}
  activated: {members: eligible, any: reached}
)");
  const journey::Definition definition(playbook);

  EXPECT_EQ(MilestoneText(playbook, "admin"),
            "[integration.connected x1] [user.invited x2 distinct invitee] within 10d of signup");
  EXPECT_THAT(RoleOf(playbook, "admin").steps, SizeIs(4));
  EXPECT_EQ(MilestoneText(playbook, "analyst"), "[scan.done x3]");
  EXPECT_EQ(RoleOf(playbook, "analyst").steps[0].name, "first dashboard");
  EXPECT_TRUE(RoleOf(playbook, "viewer").is_contact);
  EXPECT_FALSE(RoleOf(playbook, "buyer").is_contact);
  EXPECT_EQ(definition.RoleIndex("operator"), -1);
  EXPECT_EQ(playbook.default_role, "analyst");
  EXPECT_EQ(playbook.lateness, kHour);
  EXPECT_EQ(AnchorText(playbook, "signup"), "[1:user.signed.up]");
  EXPECT_EQ(definition.Canonical("guest added"), "user.invited");
  EXPECT_EQ(definition.Canonical("invite sent"), "user.invited");
  EXPECT_THAT(playbook.core_features, ElementsAre("scan.done"));
  ASSERT_THAT(playbook.models, SizeIs(3));
  EXPECT_EQ(playbook.models[0].name, "plg");
  ASSERT_THAT(playbook.models[0].overrides, SizeIs(2));
  EXPECT_EQ(MilestoneText(playbook, playbook.models[0].overrides[1].milestone),
            "[scan.done x3] within 3d of signup");
  EXPECT_THAT(playbook.account_activated, SizeIs(1));
}

TEST(ExtendsTest, ARemovedRoleLeavesTheInheritedModels) {
  const Playbook playbook = Compile(R"(playbook: mine
extends: default
roles: {admin: null}
accounts: {activated: {members: eligible, share: reached, above: 0.25}}
)");

  EXPECT_THAT(playbook.models, IsEmpty());
  EXPECT_EQ(playbook.account_activated[0].comparison, Comparison::kGreater);
}

TEST(ExtendsTest, AProblemInWhatIsInheritedNamesTheDefaultPlaybook) {
  const std::string errors = ErrorsOf("playbook: mine\nextends: default\nroles: {admin: null}\n");

  EXPECT_THAT(errors, HasSubstr("the default playbook:"));
  EXPECT_THAT(errors, HasSubstr("accounts.activated.all[0].members.role: no role 'admin'"));
}

}  // namespace
}  // namespace foothold::config
