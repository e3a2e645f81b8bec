#pragma once

#include "src/app/company_plan.h"
#include "src/base/random.h"

namespace foothold::app {

// Invents the accounts and their people, without anything they do.
void CastCompany(const CompanyOptions& options, Random* random, CompanyPlan* plan);

}  // namespace foothold::app
