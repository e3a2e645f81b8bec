#pragma once

// SQLite behind values and statuses. For src/readmodel only.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace foothold::readmodel {

class Database;

// One prepared statement. Parameters and columns count from 1 and 0, as SQLite has it. Not
// thread-safe; its database outlives it.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // What is bound is copied. Forgets the rows of the last execution.
  Statement& Bind(int index, std::string_view text);
  Statement& Bind(int index, std::int64_t number);
  Statement& BindNull(int index);

  // The next row; false: there is none, and what is bound may be bound anew. kRetry: it took longer
  // than the deadline allows.
  Result<bool> Step();
  // A statement that gives no rows.
  Status Run();
  // Before it is executed again.
  void Reset();

  // The highest number among its parameters.
  int parameters() const;
  int columns() const;
  std::string_view name(int column) const;
  bool is_null(int column) const;
  bool is_text(int column) const;
  bool is_real(int column) const;
  // Valid until the next Step() or Reset().
  std::string_view text(int column) const;
  std::int64_t number(int column) const;
  double real(int column) const;

 private:
  friend class Database;
  Statement(Database* database, sqlite3_stmt* statement)
      : database_(database), statement_(statement) {}

  Database* database_;
  sqlite3_stmt* statement_;
};

// One connection. Not thread-safe, but each thread may have its own to the same file.
class Database {
 public:
  enum class Access : std::uint8_t { kWrite, kRead };

  // kCorrupt: the file is no database, or a damaged one. kFatal: it cannot be opened.
  static Result<std::unique_ptr<Database>> Open(const std::string& path, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Statements without parameters or rows, with ';' between them.
  Status Execute(const std::string& sql);
  Result<Statement> Prepare(const std::string& sql);
  // The first column of the first row.
  Result<std::int64_t> Number(const std::string& sql);

  // Until when statements may run; nullopt: as long as they need.
  void SetDeadline(std::optional<std::chrono::steady_clock::time_point> deadline) {
    deadline_ = deadline;
  }

 private:
  friend class Statement;
  explicit Database(sqlite3* handle);
  static int OnProgress(void* self);
  Failure Failed(int code, std::string_view what) const;

  sqlite3* handle_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
};

}  // namespace foothold::readmodel
