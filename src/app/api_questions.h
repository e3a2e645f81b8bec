#pragma once

// The parameters of the API's GETs as questions to the read model. kInvalid names the parameter
// that is unknown, missing or out of its range.

#include <map>
#include <string>

#include "src/base/status.h"
#include "src/readmodel/questions.h"

namespace foothold::app {

using QueryParameters = std::map<std::string, std::string>;

Result<readmodel::OverviewQuestion> ReadOverviewQuestion(const QueryParameters& parameters);
Result<readmodel::AccountsQuestion> ReadAccountsQuestion(const QueryParameters& parameters);
Result<readmodel::AccountQuestion> ReadAccountQuestion(const QueryParameters& parameters);
Result<readmodel::PeopleQuestion> ReadPeopleQuestion(const QueryParameters& parameters);
Result<readmodel::InterventionsQuestion> ReadInterventionsQuestion(
    const QueryParameters& parameters);
Result<readmodel::WaitingQuestion> ReadWaitingQuestion(const QueryParameters& parameters);
Result<readmodel::UpcomingQuestion> ReadUpcomingQuestion(const QueryParameters& parameters);
Result<readmodel::FunnelQuestion> ReadFunnelQuestion(const QueryParameters& parameters);
Result<readmodel::CohortsQuestion> ReadCohortsQuestion(const QueryParameters& parameters);
Result<readmodel::OutcomesQuestion> ReadOutcomesQuestion(const QueryParameters& parameters);

}  // namespace foothold::app
