#pragma once

// What taking a record in means for the tables. For src/readmodel only.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foothold::readmodel {

// By record ("onboarding.user-status"), the statements to run in this order. Their parameters: ?1
// the record's JSON, ?2 its ce_id, ?3 its rule. The first one reads the JSON, whatever it is.
const std::map<std::string_view, std::vector<std::string>>& IntakeSql();

// Of a tombstone of that record; ?1 tenant, ?2 user, '' for an account.
const std::map<std::string_view, std::vector<std::string>>& TombstoneSql();

// Drops decisions; ?1: how many seconds before the newest time.
const std::vector<std::string>& PruneSql();

}  // namespace foothold::readmodel
