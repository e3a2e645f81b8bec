#pragma once

// The conditions of a question. For src/readmodel only.

#include <string>
#include <string_view>
#include <vector>

#include "src/readmodel/database.h"

namespace foothold::readmodel {

class Where {
 public:
  // `column` is `value`; nothing if that is empty.
  void Is(std::string_view column, const std::string& value);
  // `condition`, with '?' for `value`.
  void Add(std::string_view condition, const std::string& value);
  void Add(std::string_view condition);

  // " WHERE ..." or "".
  const std::string& sql() const { return sql_; }
  // Binds the values, and returns the number of the next parameter.
  int BindTo(Statement* statement) const;

 private:
  std::string sql_;
  std::vector<std::string> values_;
};

}  // namespace foothold::readmodel
