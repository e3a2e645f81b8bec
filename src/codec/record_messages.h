#pragma once

// Records of the journey -> messages of proto/. For src/codec only. Each replaces `*message`;
// without `has_person` whatever names the person beyond the user id is left out.

#include "src/journey/records.h"

namespace foothold::v1 {
class ActivationChanged;
class OnboardingProgress;
class UserStatus;
class AccountStatus;
class DropoffRiskChanged;
class InterventionRequested;
class InterventionCancelled;
class InterventionSuppressed;
class InterventionOutcome;
class InterventionShadow;
}  // namespace foothold::v1

namespace foothold::codec {

void ToMessage(const journey::ActivationChanged& record, bool has_person,
               v1::ActivationChanged* message);
void ToMessage(const journey::OnboardingProgress& record, v1::OnboardingProgress* message);
void ToMessage(const journey::UserStatus& record, bool has_person, v1::UserStatus* message);
void ToMessage(const journey::AccountStatus& record, v1::AccountStatus* message);
void ToMessage(const journey::DropoffRiskChanged& record, bool has_person,
               v1::DropoffRiskChanged* message);
// What a template's parameters, a task's text and `reason` say of a person stays.
void ToMessage(const journey::InterventionRequested& record, bool has_person,
               v1::InterventionRequested* message);
void ToMessage(const journey::InterventionCancelled& record, v1::InterventionCancelled* message);
void ToMessage(const journey::InterventionSuppressed& record, bool has_person,
               v1::InterventionSuppressed* message);
void ToMessage(const journey::InterventionOutcome& record, v1::InterventionOutcome* message);
void ToMessage(const journey::InterventionShadow& record, bool has_person,
               v1::InterventionShadow* message);

}  // namespace foothold::codec
