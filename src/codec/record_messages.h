#pragma once

// Records of the journey -> messages of proto/. For src/codec only. Each replaces `*message`;
// without `has_person` whatever names the person beyond the user id is left out.

#include "src/journey/records.h"

namespace foothold::v1 {
class ActivationChanged;
class OnboardingProgress;
class UserStatus;
class AccountStatus;
}  // namespace foothold::v1

namespace foothold::codec {

void ToMessage(const journey::ActivationChanged& record, bool has_person,
               v1::ActivationChanged* message);
void ToMessage(const journey::OnboardingProgress& record, v1::OnboardingProgress* message);
void ToMessage(const journey::UserStatus& record, bool has_person, v1::UserStatus* message);
void ToMessage(const journey::AccountStatus& record, v1::AccountStatus* message);

}  // namespace foothold::codec
