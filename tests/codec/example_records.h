#pragma once

#include "src/journey/records.h"

namespace foothold::codec {

// Records as they are published in proto/examples.
journey::ActivationChanged ExampleUserActivation();
journey::ActivationChanged ExampleAccountActivation();
journey::OnboardingProgress ExampleProgress();
journey::UserStatus ExampleUserStatus();
journey::AccountStatus ExampleAccountStatus();
journey::DropoffRiskChanged ExampleUserRisk();
journey::DropoffRiskChanged ExampleAccountRisk();
journey::InterventionRequested ExampleEmail();
journey::InterventionRequested ExampleCsTask();
journey::InterventionCancelled ExampleCancelled();
journey::InterventionSuppressed ExampleSuppressed();
journey::InterventionOutcome ExampleOutcome();
journey::InterventionShadow ExampleShadow();

// What the examples have in common.
journey::AccountBlock ExampleAccount();
journey::PersonBlock ExamplePerson();
journey::LogCommon ExampleCommon();

}  // namespace foothold::codec
