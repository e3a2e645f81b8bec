#pragma once

// Writes small playbooks by hand, for tests that need no YAML.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/config/playbook_file.h"
#include "src/journey/playbook.h"

namespace foothold::journey {

// Builds conditions on top of the default playbook's roles and anchors.
class Author {
 public:
  Author() {
    playbook_.signals.clear();
    playbook_.stages.clear();
    playbook_.blockers.clear();
    playbook_.rules.clear();
    playbook_.gate.holdout = 0;
    playbook_.gate.quiet_from = playbook_.gate.quiet_to = 0;
  }

  std::int32_t Anchor(std::string_view name) const {
    for (std::size_t i = 0; i < playbook_.anchors.size(); ++i) {
      if (playbook_.anchors[i].name == name) {
        return static_cast<std::int32_t>(i);
      }
    }
    return -1;
  }

  Moment After(double days, std::string_view anchor) const {
    return {.anchor = Anchor(anchor),
            .offset =
                milliseconds(static_cast<std::int64_t>(days * static_cast<double>(kDay.count())))};
  }

  std::int32_t Track(TrackerKind kind, std::vector<std::string> events, bool is_latest = false) {
    Tracker tracker;
    tracker.kind = kind;
    tracker.events = std::move(events);
    tracker.is_latest = is_latest;
    tracker.key = TrackerKey(tracker);
    for (std::size_t i = 0; i < playbook_.trackers.size(); ++i) {
      if (playbook_.trackers[i].key == tracker.key) {
        return static_cast<std::int32_t>(i);
      }
    }
    playbook_.trackers.push_back(tracker);
    return static_cast<std::int32_t>(playbook_.trackers.size()) - 1;
  }

  ConditionNode Did(std::string event) {
    return {.kind = ConditionKind::kDid, .tracker = Track(TrackerKind::kDid, {std::move(event)})};
  }
  ConditionNode AccountDid(std::string event) {
    return {.kind = ConditionKind::kDid,
            .tracker = Track(TrackerKind::kAccountDid, {std::move(event)})};
  }
  ConditionNode DidAfterTrigger(std::string event) {
    return {.kind = ConditionKind::kDid,
            .tracker = Track(TrackerKind::kDid, {std::move(event)}, true),
            .is_after_trigger = true};
  }
  ConditionNode Access() {
    return {.kind = ConditionKind::kDid, .tracker = Track(TrackerKind::kAccess, {})};
  }
  static ConditionNode Not() { return {.kind = ConditionKind::kNot}; }
  static ConditionNode All(std::int32_t arity) {
    return {.kind = ConditionKind::kAll, .arity = arity};
  }
  static ConditionNode Reached(Moment moment) {
    return {.kind = ConditionKind::kReached, .moment = moment};
  }
  static ConditionNode RoleIs(std::string role) {
    return {.kind = ConditionKind::kRole, .texts = {std::move(role)}};
  }

  Signal& AddSignal(std::string name, std::int32_t weight, std::vector<ConditionNode> nodes) {
    playbook_.signals.push_back({.name = name,
                                 .weight = weight,
                                 .subject = SubjectKind::kUser,
                                 .is_after_activation = false,
                                 .when = {.label = name, .nodes = std::move(nodes)}});
    return playbook_.signals.back();
  }

  Rule& AddRule(std::string name, std::vector<ConditionNode> nodes) {
    playbook_.rules.push_back({.name = name,
                               .title = "Title",
                               .subject = SubjectKind::kUser,
                               .when = {.label = name, .nodes = std::move(nodes)},
                               .rungs = {}});
    return playbook_.rules.back();
  }

  static Rung At(Moment at, Moment until, Channel channel = Channel::kEmail) {
    Rung rung;
    rung.at = at;
    rung.until = until;
    rung.ask.channel = channel;
    if (channel == Channel::kCs) {
      rung.ask.task = TaskText{.type = "call", .subject = "Call"};
    } else {
      rung.ask.template_name = "template";
    }
    return rung;
  }

  Playbook& playbook() { return playbook_; }

 private:
  Playbook playbook_ = config::DefaultPlaybook();
};

}  // namespace foothold::journey
