#include "src/readmodel/database.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "src/base/check.h"

namespace foothold::readmodel {
namespace {

constexpr int kStepsBetweenLooks = 10'000;  // Of SQLite's machine: a fraction of a millisecond.
constexpr int kBusyMs = 5'000;

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    sqlite3_finalize(statement_);
    database_ = other.database_;
    statement_ = std::exchange(other.statement_, nullptr);
  }
  return *this;
}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::Bind(int index, std::string_view text) {
  const int code = sqlite3_bind_text(statement_, index, text.data() == nullptr ? "" : text.data(),
                                     static_cast<int>(text.size()), SQLITE_TRANSIENT);
  FOOTHOLD_CHECK(code == SQLITE_OK, "a parameter of the statement");
  return *this;
}

Statement& Statement::Bind(int index, std::int64_t number) {
  FOOTHOLD_CHECK(sqlite3_bind_int64(statement_, index, number) == SQLITE_OK,
                 "a parameter of the statement");
  return *this;
}

Statement& Statement::BindNull(int index) {
  FOOTHOLD_CHECK(sqlite3_bind_null(statement_, index) == SQLITE_OK, "a parameter of the statement");
  return *this;
}

Result<bool> Statement::Step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) {
    return true;
  }
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  Failure failure = database_->Failed(code, sqlite3_sql(statement_));
  sqlite3_reset(statement_);
  return failure;
}

Status Statement::Run() {
  FOOTHOLD_ASSIGN(const bool has_row, Step());
  FOOTHOLD_CHECK(!has_row, "a statement that gives no rows");
  return {};
}

void Statement::Reset() { sqlite3_reset(statement_); }

int Statement::parameters() const { return sqlite3_bind_parameter_count(statement_); }

int Statement::columns() const { return sqlite3_column_count(statement_); }

std::string_view Statement::name(int column) const {
  return sqlite3_column_name(statement_, column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

bool Statement::is_text(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_TEXT;
}

bool Statement::is_real(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_FLOAT;
}

std::string_view Statement::text(int column) const {
  const void* const bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Statement::real(int column) const { return sqlite3_column_double(statement_, column); }

Database::Database(sqlite3* handle) : handle_(handle) {
  sqlite3_busy_timeout(handle_, kBusyMs);
  sqlite3_progress_handler(handle_, kStepsBetweenLooks, &Database::OnProgress, this);
}

Database::~Database() { sqlite3_close_v2(handle_); }

int Database::OnProgress(void* self) {
  const auto& deadline = static_cast<const Database*>(self)->deadline_;
  return deadline.has_value() && std::chrono::steady_clock::now() > *deadline ? 1 : 0;
}

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Access access) {
  const int flags =
      SQLITE_OPEN_NOMUTEX | (access == Access::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                                      : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  if (code != SQLITE_OK) {
    const std::string why = handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle);
    sqlite3_close_v2(handle);
    return Error(Code::kFatal, fmt::format("cannot open {}: {}", path, why));
  }
  std::unique_ptr<Database> database(new Database(handle));
  if (access == Access::kWrite) {
    // What is read never waits for what is written. Nothing is lost that the topics do not have.
    FOOTHOLD_TRY(database->Execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
        "PRAGMA secure_delete = ON"));
  } else {
    FOOTHOLD_TRY(database->Execute("PRAGMA cache_size = -16384; PRAGMA mmap_size = 268435456"));
  }
  return database;
}

Failure Database::Failed(int code, std::string_view what) const {
  const int kind = code & 0xFF;  // Without what extends it.
  if (kind == SQLITE_INTERRUPT || kind == SQLITE_BUSY) {
    return Error(Code::kRetry, "the question took too long");
  }
  if (kind == SQLITE_ERROR || kind == SQLITE_CONSTRAINT || kind == SQLITE_MISMATCH) {
    return Error(Code::kInvalid,
                 fmt::format("{} in: {}", sqlite3_errmsg(handle_), what.substr(0, 200)));
  }
  const bool is_damaged = kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
  const char* const file = sqlite3_db_filename(handle_, "main");
  return Error(is_damaged ? Code::kCorrupt : Code::kFatal,
               fmt::format("{}: {} in: {}", file == nullptr ? "" : file, sqlite3_errmsg(handle_),
                           what.substr(0, 200)));
}

Status Database::Execute(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) {
    return Failed(code, sql);
  }
  return {};
}

Result<Statement> Database::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.c_str(), static_cast<int>(sql.size() + 1),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) {
    return Failed(code, sql);
  }
  return Statement(this, statement);
}

Result<std::int64_t> Database::Number(const std::string& sql) {
  FOOTHOLD_ASSIGN(Statement statement, Prepare(sql));
  FOOTHOLD_ASSIGN(const bool has_row, statement.Step());
  return has_row ? statement.number(0) : 0;
}

}  // namespace foothold::readmodel
