#pragma once

// Rows as JSON. For src/readmodel only.

#include <string>
#include <string_view>

#include "src/base/json.h"
#include "src/readmodel/database.h"

namespace foothold::readmodel {

// The columns of the row as members, under their names. A name that begins with "json:" is of JSON
// that stays as it is, null if there is none; "bool:" of a number that says yes or no.
void AppendMembers(const Statement& row, JsonWriter* json);

// All rows of a statement as an array of objects.
Status AppendRows(std::string_view name, Statement* statement, JsonWriter* json);

// The newest time that any record speaks of, and the playbook, as members "asOf" and "playbook".
Status AppendFacts(Database* database, JsonWriter* json);
// Of the same; "" before there is any record.
Result<std::string> AsOf(Database* database);

}  // namespace foothold::readmodel
