#include "src/readmodel/where.h"

#include <fmt/format.h>

namespace foothold::readmodel {

void Where::Is(std::string_view column, const std::string& value) {
  if (!value.empty()) {
    Add(fmt::format("{} = ?", column), value);
  }
}

void Where::Add(std::string_view condition, const std::string& value) {
  Add(condition);
  values_.push_back(value);
}

void Where::Add(std::string_view condition) {
  sql_ += sql_.empty() ? " WHERE " : " AND ";
  sql_ += condition;
}

int Where::BindTo(Statement* statement) const {
  int next = 1;
  for (const std::string& value : values_) {
    statement->Bind(next++, value);
  }
  return next;
}

}  // namespace foothold::readmodel
