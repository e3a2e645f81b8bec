#pragma once

#include <string>
#include <string_view>

#include "src/journey/playbook.h"

namespace foothold::config {

// A compiled condition in one line, its nodes in postfix order:
// "did(report.exported x2 before 1d of signup) not role(admin) all2".
std::string TextOf(const journey::Playbook& playbook, const journey::Condition& condition);
// "3d of signup", "-3d of trialEndsAt", "0s of trigger".
std::string TextOf(const journey::Playbook& playbook, const journey::Moment& moment);
// "at 3d of signup until 10d of signup: email template"; with approval, where, else and to.
std::string TextOf(const journey::Playbook& playbook, const journey::Rung& rung);

}  // namespace foothold::config
