#pragma once

// What stands in src/journey/rules.h <-> its part of a playbook's message. For src/codec only.

#include "src/journey/playbook.h"

namespace foothold::v1 {
class MemberCondition;
class Playbook;
}  // namespace foothold::v1

namespace foothold::codec {

// Reads closed sets and remembers whether all were known.
class SetReader {
 public:
  template <class Target>
  Target Read(int value, Target last) {
    if (value < 1 || value > static_cast<int>(last)) {
      is_known_ = false;
      return last;
    }
    return static_cast<Target>(value);
  }
  bool is_known() const { return is_known_; }

 private:
  bool is_known_ = true;
};

void WriteMembers(const journey::MemberCondition& condition, v1::MemberCondition* message);
journey::MemberCondition ReadMembers(const v1::MemberCondition& message, SetReader* sets);

// Signals, levels, stages, blockers, rules, gate and zones.
void WriteRules(const journey::Playbook& playbook, v1::Playbook* message);
void ReadRules(const v1::Playbook& message, SetReader* sets, journey::Playbook* playbook);

}  // namespace foothold::codec
