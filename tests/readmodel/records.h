#pragma once

// Records for the read model, as the engine's encoder writes them.

#include <memory>
#include <string>
#include <vector>

#include "src/journey/records.h"
#include "src/readmodel/read_model.h"

namespace foothold::readmodel {

// 2026-03-<day>T00:00:00Z.
Instant Day(int day);

journey::AccountStatus AccountOf(const std::string& tenant);
journey::UserStatus PersonOf(const std::string& tenant, const std::string& user);
journey::InterventionRequested RequestOf(const std::string& tenant, const std::string& id);

std::unique_ptr<ReadModel> OpenModel(ReadModelOptions options = {});
// Takes all of it in, in one transaction.
void Take(ReadModel* model, const std::vector<journey::OutputRecord>& records,
          const std::vector<Place>& places = {});

// What the JSON pointer (/accounts/0/name) finds in an answer, as text; "-" if there is nothing.
std::string At(const Result<std::string>& answer, const std::string& pointer);
// The member `name` of each element of the array `list`, with spaces between.
std::string Each(const Result<std::string>& answer, const std::string& list,
                 const std::string& name);

}  // namespace foothold::readmodel
