#pragma once

#include "src/journey/records.h"

namespace foothold::codec {

// Records as they are published in proto/examples.
journey::ActivationChanged ExampleUserActivation();
journey::ActivationChanged ExampleAccountActivation();
journey::OnboardingProgress ExampleProgress();
journey::UserStatus ExampleUserStatus();
journey::AccountStatus ExampleAccountStatus();

}  // namespace foothold::codec
