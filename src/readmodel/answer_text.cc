#include "src/readmodel/answer_text.h"

#include <fmt/format.h>

namespace foothold::readmodel {

void AppendMembers(const Statement& row, JsonWriter* json) {
  constexpr std::string_view kJson = "json:";
  constexpr std::string_view kBool = "bool:";
  for (int column = 0; column < row.columns(); ++column) {
    const std::string_view name = row.name(column);
    if (name.starts_with(kJson)) {
      json->Raw(name.substr(kJson.size()), row.is_null(column) ? "null" : row.text(column));
    } else if (row.is_null(column)) {
      json->Null(name.starts_with(kBool) ? name.substr(kBool.size()) : name);
    } else if (name.starts_with(kBool)) {
      json->Member(name.substr(kBool.size()), row.number(column) != 0);
    } else if (row.is_text(column)) {
      json->Member(name, row.text(column));
    } else if (row.is_real(column)) {
      json->Raw(name, fmt::format("{}", row.real(column)));
    } else {
      json->Member(name, row.number(column));
    }
  }
}

Status AppendRows(std::string_view name, Statement* statement, JsonWriter* json) {
  json->BeginArray(name);
  while (true) {
    FOOTHOLD_ASSIGN(const bool has_row, statement->Step());
    if (!has_row) {
      break;
    }
    json->BeginItem();
    AppendMembers(*statement, json);
    json->EndObject();
  }
  json->EndArray();
  return {};
}

Result<std::string> AsOf(Database* database) {
  FOOTHOLD_ASSIGN(Statement select,
                  database->Prepare("SELECT value FROM fact WHERE name = 'as_of'"));
  FOOTHOLD_ASSIGN(const bool has_row, select.Step());
  return has_row ? std::string(select.text(0)) : std::string();
}

Status AppendFacts(Database* database, JsonWriter* json) {
  FOOTHOLD_ASSIGN(
      Statement select,
      database->Prepare("SELECT (SELECT value FROM fact WHERE name = 'as_of') AS asOf,"
                        " (SELECT value FROM fact WHERE name = 'playbook') AS playbook"));
  FOOTHOLD_ASSIGN(const bool has_row, select.Step());
  if (has_row) {
    AppendMembers(select, json);
  }
  return {};
}

}  // namespace foothold::readmodel
