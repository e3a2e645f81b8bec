#pragma once

// The tables of the read model. For src/readmodel only.

#include <string>

namespace foothold::readmodel {

// A file with another number is thrown away and made anew. Raise it with every change below.
inline constexpr int kSchemaVersion = 3;

// All of it, for an empty database. Times are RFC 3339 in UTC with three digits, as the records
// have them, so that they sort as texts. A user of '' is the account itself.
std::string SchemaSql();

}  // namespace foothold::readmodel
