#pragma once

// What a subject learns from one event: evidence, traits, roles, membership, activity. Nothing is
// decided here.

#include <string>
#include <vector>

#include "src/journey/account.h"
#include "src/journey/definition.h"
#include "src/journey/engine.h"
#include "src/journey/event.h"
#include "src/journey/user.h"

namespace foothold::journey {

struct UserLearned {
  bool matters = false;  // Something a decision or a status rests on changed.
  bool is_repeat = false;
  bool is_conflict = false;
  // What rules and signals rest on, beside what matters.
  bool has_evidence = false;  // What is kept of events of its name changed.
  bool has_traits = false;
  bool has_activity = false;  // A session or a day of activity began.
  std::string email;          // A canonical address the user is now known by; "" for none.
};

struct AccountLearned {
  bool matters = false;
  bool moves_members = false;  // A model or an anchor changed that members' windows rest on.
  bool is_repeat = false;
  bool has_evidence = false;  // As UserLearned's.
  bool has_traits = false;
  bool concerns_users = false;  // Some of the evidence is such as users' rules and signals rest on.
};

// Whether the event shows its actor in the product (PRODUCT.md section 3, "first access").
bool IsAccess(const Event& event, const std::string& canonical);

// `visit` is of the event, and kActor, kInvitee or kMember.
UserLearned LearnUser(const Definition& definition, const Event& event, const Visit& visit,
                      User* user);

// For the first visit of an event (kActor or kAccount) only; `canonical` is the event's name.
AccountLearned LearnAccount(const Definition& definition, const Event& event,
                            const std::string& canonical, Account* account);

// Makes what `from` learned the user's own. `from` is left empty of it.
void MergeUser(const Definition& definition, User* from, User* user);

}  // namespace foothold::journey
