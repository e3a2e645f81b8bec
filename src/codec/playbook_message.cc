#include "src/codec/playbook_message.h"

#include <utility>

#include <fmt/format.h>

#include "proto/playbook.pb.h"
#include "src/codec/rules_message.h"

namespace foothold::codec {
namespace {

void Write(const journey::Window& window, v1::Window* message) {
  message->set_length_ms(window.length.count());
  message->set_anchor(window.anchor);
}

journey::Window Read(const v1::Window& message) {
  return {.length = milliseconds(message.length_ms()), .anchor = message.anchor()};
}

void Write(const journey::Criterion& criterion, v1::Criterion* message) {
  message->set_label(criterion.label);
  message->set_tracker(criterion.tracker);
  message->set_at_least(criterion.at_least);
  if (criterion.within.has_value()) {
    Write(*criterion.within, message->mutable_within());
  }
}

journey::Criterion Read(const v1::Criterion& message) {
  journey::Criterion criterion{.label = message.label(),
                               .tracker = message.tracker(),
                               .at_least = message.at_least(),
                               .within = std::nullopt};
  if (message.has_within()) {
    criterion.within = Read(message.within());
  }
  return criterion;
}

void Write(const journey::Milestone& milestone, v1::Milestone* message) {
  for (const journey::Criterion& criterion : milestone.all) {
    Write(criterion, message->add_all());
  }
  if (milestone.within.has_value()) {
    Write(*milestone.within, message->mutable_within());
  }
}

journey::Milestone Read(const v1::Milestone& message) {
  journey::Milestone milestone;
  for (const v1::Criterion& criterion : message.all()) {
    milestone.all.push_back(Read(criterion));
  }
  if (message.has_within()) {
    milestone.within = Read(message.within());
  }
  return milestone;
}

void Write(const journey::Tracker& tracker, v1::Tracker* message) {
  message->set_kind(static_cast<v1::TrackerKind>(tracker.kind));
  for (const std::string& event : tracker.events) {
    message->add_events(event);
  }
  message->set_distinct(tracker.distinct);
  for (const journey::PropertyCondition& condition : tracker.where) {
    v1::PropertyCondition* const written = message->add_where();
    written->set_property(condition.property);
    written->set_comparison(static_cast<v1::Comparison>(condition.comparison));
    for (const std::string& value : condition.any_of) {
      written->add_any_of(value);
    }
    written->set_holds_if_absent(condition.holds_if_absent);
  }
  message->set_keep(tracker.keep);
  message->set_key(tracker.key);
  message->set_is_latest(tracker.is_latest);
}

void Write(const journey::Anchor& anchor, v1::Anchor* message) {
  message->set_name(anchor.name);
  for (const std::vector<journey::AnchorEntry>& group : anchor.entries) {
    v1::AnchorAlternative* const alternative = message->add_alternatives();
    for (const journey::AnchorEntry& entry : group) {
      v1::AnchorEntry* const written = alternative->add_entries();
      written->set_kind(static_cast<v1::AnchorEntry::Kind>(entry.kind));
      written->set_tracker(entry.tracker);
      written->set_trait(entry.trait);
    }
  }
}

void Write(const journey::Role& role, v1::Role* message) {
  message->set_name(role.name);
  message->set_is_contact(role.is_contact);
  if (role.milestone.has_value()) {
    Write(*role.milestone, message->mutable_milestone());
  }
  for (const journey::Step& step : role.steps) {
    v1::LadderStep* const written = message->add_steps();
    written->set_name(step.name);
    written->set_step_class(static_cast<v1::LadderStepClass>(step.step_class));
    written->set_is_milestone(step.is_milestone);
    if (step.criterion.has_value()) {
      Write(*step.criterion, written->mutable_criterion());
    }
  }
}

journey::Tracker ReadTracker(const v1::Tracker& message, SetReader* sets) {
  journey::Tracker tracker;
  tracker.kind = sets->Read(message.kind(), journey::TrackerKind::kAccountAccess);
  tracker.events.assign(message.events().begin(), message.events().end());
  tracker.distinct = message.distinct();
  for (const v1::PropertyCondition& condition : message.where()) {
    tracker.where.push_back(
        {.property = condition.property(),
         .comparison = sets->Read(condition.comparison(), journey::Comparison::kGreaterEqual),
         .any_of = {condition.any_of().begin(), condition.any_of().end()},
         .holds_if_absent = condition.holds_if_absent()});
  }
  tracker.keep = message.keep();
  tracker.key = message.key();
  tracker.is_latest = message.is_latest();
  return tracker;
}

journey::Anchor ReadAnchor(const v1::Anchor& message, SetReader* sets) {
  journey::Anchor anchor{.name = message.name(), .entries = {}};
  for (const v1::AnchorAlternative& alternative : message.alternatives()) {
    std::vector<journey::AnchorEntry>& group = anchor.entries.emplace_back();
    for (const v1::AnchorEntry& entry : alternative.entries()) {
      group.push_back({.kind = sets->Read(entry.kind(), journey::AnchorEntry::Kind::kStageEntered),
                       .tracker = entry.tracker(),
                       .trait = entry.trait()});
    }
  }
  return anchor;
}

journey::Role ReadRole(const v1::Role& message, SetReader* sets) {
  journey::Role role;
  role.name = message.name();
  role.is_contact = message.is_contact();
  if (message.has_milestone()) {
    role.milestone = Read(message.milestone());
  }
  for (const v1::LadderStep& step : message.steps()) {
    journey::Step& read = role.steps.emplace_back();
    read.name = step.name();
    read.step_class = sets->Read(step.step_class(), journey::StepClass::kHabit);
    read.is_milestone = step.is_milestone();
    if (step.has_criterion()) {
      read.criterion = Read(step.criterion());
    }
  }
  return role;
}

journey::Model ReadModel(const v1::Model& message) {
  journey::Model model{.name = message.name(), .overrides = {}};
  for (const v1::Model::Override& change : message.overrides()) {
    model.overrides.push_back({.role = change.role(), .milestone = Read(change.milestone())});
  }
  return model;
}

}  // namespace

void ToMessage(const journey::Playbook& playbook, v1::Playbook* message) {
  message->Clear();
  message->set_name(playbook.name);
  message->set_version(playbook.version);
  message->set_lateness_ms(playbook.lateness.count());
  message->set_attribution_ms(playbook.attribution.count());
  if (playbook.default_role.has_value()) {
    message->set_default_role(*playbook.default_role);
  }
  for (const auto& [alias, canonical] : playbook.aliases) {
    v1::Playbook::Alias* const written = message->add_aliases();
    written->set_alias(alias);
    written->set_canonical(canonical);
  }
  for (const std::string& feature : playbook.core_features) {
    message->add_core_features(feature);
  }
  for (const journey::Tracker& tracker : playbook.trackers) {
    Write(tracker, message->add_trackers());
  }
  for (const journey::Anchor& anchor : playbook.anchors) {
    Write(anchor, message->add_anchors());
  }
  for (const journey::Role& role : playbook.roles) {
    Write(role, message->add_roles());
  }
  for (const journey::Model& model : playbook.models) {
    v1::Model* const written = message->add_models();
    written->set_name(model.name);
    for (const journey::Model::Override& change : model.overrides) {
      v1::Model::Override* const written_change = written->add_overrides();
      written_change->set_role(change.role);
      Write(change.milestone, written_change->mutable_milestone());
    }
  }
  for (const journey::MemberCondition& condition : playbook.account_activated) {
    WriteMembers(condition, message->add_account_activated());
  }
  WriteRules(playbook, message);
  message->set_yaml(playbook.yaml);
}

Result<journey::Playbook> FromMessage(const v1::Playbook& message) {
  SetReader sets;
  journey::Playbook playbook;
  playbook.name = message.name();
  playbook.version = message.version();
  playbook.lateness = milliseconds(message.lateness_ms());
  playbook.attribution = milliseconds(message.attribution_ms());
  if (message.has_default_role()) {
    playbook.default_role = message.default_role();
  }
  for (const v1::Playbook::Alias& alias : message.aliases()) {
    playbook.aliases.emplace_back(alias.alias(), alias.canonical());
  }
  playbook.core_features.assign(message.core_features().begin(), message.core_features().end());
  for (const v1::Tracker& tracker : message.trackers()) {
    playbook.trackers.push_back(ReadTracker(tracker, &sets));
  }
  for (const v1::Anchor& anchor : message.anchors()) {
    playbook.anchors.push_back(ReadAnchor(anchor, &sets));
  }
  for (const v1::Role& role : message.roles()) {
    playbook.roles.push_back(ReadRole(role, &sets));
  }
  for (const v1::Model& model : message.models()) {
    playbook.models.push_back(ReadModel(model));
  }
  for (const v1::MemberCondition& condition : message.account_activated()) {
    playbook.account_activated.push_back(ReadMembers(condition, &sets));
  }
  ReadRules(message, &sets, &playbook);
  playbook.yaml = message.yaml();
  if (!sets.is_known()) {
    return Error(Code::kFatal,
                 fmt::format("playbook {}@{} uses a word that this Foothold does not know: it was "
                             "published by a newer one",
                             playbook.name, playbook.version));
  }
  if (const Status status = Validate(playbook); !status.ok()) {
    return Error(Code::kCorrupt, fmt::format("stored playbook {}@{}: {}", playbook.name,
                                             playbook.version, status.message()));
  }
  return playbook;
}

}  // namespace foothold::codec
