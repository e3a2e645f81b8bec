#include "src/readmodel/read_model.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "src/readmodel/database.h"
#include "src/readmodel/intake_sql.h"
#include "src/readmodel/parts.h"
#include "src/readmodel/schema.h"

namespace foothold::readmodel {
namespace {

constexpr std::int64_t kPruneEvery = 20'000;  // Records.

void RemoveFile(const std::string& path) {
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    std::filesystem::remove(path + suffix, ignored);
  }
}

Result<std::string> MakeTemporaryFolder() {
  const char* const given = std::getenv("TMPDIR");
  std::string path =
      fmt::format("{}/foothold.XXXXXX", given == nullptr || *given == 0 ? "/tmp" : given);
  if (mkdtemp(path.data()) == nullptr) {
    return Error(Code::kFatal,
                 fmt::format("cannot make the folder {}: {}", path, std::strerror(errno)));
  }
  return path;
}

// "a%7Cb|c" -> {"a|b", "c"}; an account's key is its tenant as it is.
std::pair<std::string, std::string> SubjectOf(std::string_view record, std::string_view key) {
  if (record != "onboarding.user-status") {
    return {std::string(key), ""};
  }
  const auto decode = [](std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '%' && i + 2 < text.size()) {
        out +=
            static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16));
        i += 2;
      } else {
        out += text[i];
      }
    }
    return out;
  };
  const std::size_t bar = key.find('|');
  return {decode(key.substr(0, bar)),
          bar == std::string_view::npos ? "" : decode(key.substr(bar + 1))};
}

Status Make(const std::string& path, const std::string& origin) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<Database> database,
                  Database::Open(path, Database::Access::kWrite));
  FOOTHOLD_TRY(database->Execute(SchemaSql()));
  FOOTHOLD_ASSIGN(Statement insert, database->Prepare("INSERT INTO fact VALUES ('origin', ?1)"));
  return insert.Bind(1, origin).Run();
}

// Whether the file can be read on from.
Result<bool> IsOurs(Database* database, const std::string& origin) {
  FOOTHOLD_ASSIGN(const std::int64_t version, database->Number("PRAGMA user_version"));
  if (version != kSchemaVersion) {
    return false;
  }
  FOOTHOLD_ASSIGN(Statement select,
                  database->Prepare("SELECT 1 FROM fact WHERE name = 'origin' AND value = ?1"));
  return select.Bind(1, origin).Step();
}

Status EnsureFile(const std::string& path, const std::string& origin) {
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) {
    const Result<std::unique_ptr<Database>> database =
        Database::Open(path, Database::Access::kWrite);
    const Result<bool> is_ours = database.has_value() ? IsOurs(database->get(), origin)
                                                      : Result<bool>(Failure(database.error()));
    if (is_ours.value_or(false)) {
      return {};
    }
    if (!is_ours.has_value() && is_ours.error().code() == Code::kFatal) {
      return is_ours.error();
    }
  }
  RemoveFile(path);
  return Make(path, origin);
}

}  // namespace

Result<std::unique_ptr<ReadModel>> ReadModel::Open(ReadModelOptions options) {
  auto parts = std::make_unique<Parts>();
  parts->path = options.path;
  if (parts->path.empty()) {
    FOOTHOLD_ASSIGN(parts->temporary_folder, MakeTemporaryFolder());
    parts->path = parts->temporary_folder + "/read-model.sqlite";
  }
  parts->options = std::move(options);
  FOOTHOLD_TRY(EnsureFile(parts->path, parts->options.origin));
  FOOTHOLD_TRY(parts->Connect());
  return std::unique_ptr<ReadModel>(new ReadModel(std::move(parts)));
}

ReadModel::ReadModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

ReadModel::~ReadModel() {
  parts_->Disconnect();
  if (!parts_->temporary_folder.empty()) {
    std::error_code ignored;
    std::filesystem::remove_all(parts_->temporary_folder, ignored);
  }
}

Status ReadModel::Parts::Connect() {
  FOOTHOLD_ASSIGN(writer, Database::Open(path, Database::Access::kWrite));
  for (std::size_t i = 0; i < kReaders; ++i) {
    FOOTHOLD_ASSIGN(std::unique_ptr<Database> reader,
                    Database::Open(path, Database::Access::kRead));
    const MutexLock lock(mutex);
    readers.push_back(std::move(reader));
  }
  const auto prepare = [&](const auto& sql, auto* prepared) -> Status {
    for (const auto& [record, texts] : sql) {
      for (const std::string& text : texts) {
        FOOTHOLD_ASSIGN(Statement statement, writer->Prepare(text));
        (*prepared)[std::string(record)].push_back(std::move(statement));
      }
    }
    return {};
  };
  FOOTHOLD_TRY(prepare(IntakeSql(), &intake));
  FOOTHOLD_TRY(prepare(TombstoneSql(), &tombstone));
  for (const std::string& text : PruneSql()) {
    FOOTHOLD_ASSIGN(Statement statement, writer->Prepare(text));
    prune.push_back(std::move(statement));
  }
  return {};
}

// Statements go before their database.
void ReadModel::Parts::Disconnect() {
  intake.clear();
  tombstone.clear();
  prune.clear();
  const MutexLock lock(mutex);
  readers.clear();
  writer.reset();
}

Result<std::vector<Place>> ReadModel::Places() {
  FOOTHOLD_ASSIGN(Statement select,
                  parts_->writer->Prepare("SELECT topic, partition, next FROM place"));
  std::vector<Place> places;
  while (true) {
    FOOTHOLD_ASSIGN(const bool has_row, select.Step());
    if (!has_row) {
      return places;
    }
    places.push_back({.topic = std::string(select.text(0)),
                      .partition = static_cast<std::int32_t>(select.number(1)),
                      .next = select.number(2)});
  }
}

Status ReadModel::Parts::TakeOne(const Record& record) {
  const bool is_tombstone = !record.json.has_value();
  auto& known = is_tombstone ? tombstone : intake;
  const auto found = known.find(record.record);
  if (found == known.end()) {
    return {};
  }
  const auto [tenant, user] =
      is_tombstone ? SubjectOf(record.record, record.key) : std::pair<std::string, std::string>();
  for (Statement& statement : found->second) {
    const int parameters = statement.parameters();
    if (parameters >= 1) {
      statement.Bind(1, is_tombstone ? std::string_view(tenant) : *record.json);
    }
    if (parameters >= 2) {
      statement.Bind(2, is_tombstone ? std::string_view(user) : record.id);
    }
    if (parameters >= 3) {
      statement.Bind(3, record.rule);
    }
    FOOTHOLD_TRY(statement.Run());
  }
  return {};
}

Status ReadModel::Parts::Prune() {
  for (Statement& statement : prune) {
    statement.Bind(1, options.decisions_kept / milliseconds(1'000));
    FOOTHOLD_TRY(statement.Run());
  }
  return {};
}

Status ReadModel::Parts::TakeAll(std::span<const Record> records, std::span<const Place> places) {
  for (const Record& record : records) {
    FOOTHOLD_TRY(writer->Execute("SAVEPOINT record"));
    const Status taken = TakeOne(record);
    if (!taken.ok() && taken.code() != Code::kInvalid) {
      return taken;
    }
    if (!taken.ok()) {
      ++unreadable;
      FOOTHOLD_TRY(writer->Execute("ROLLBACK TO record"));
    }
    FOOTHOLD_TRY(writer->Execute("RELEASE record"));
  }
  FOOTHOLD_ASSIGN(Statement upsert, writer->Prepare("INSERT OR REPLACE INTO place "
                                                    "VALUES (?1, ?2, ?3)"));
  for (const Place& place : places) {
    FOOTHOLD_TRY(upsert.Bind(1, place.topic)
                     .Bind(2, std::int64_t{place.partition})
                     .Bind(3, place.next)
                     .Run());
  }
  since_pruned += static_cast<std::int64_t>(records.size());
  if (since_pruned >= kPruneEvery) {
    since_pruned = 0;
    FOOTHOLD_TRY(Prune());
  }
  return {};
}

Status ReadModel::Take(std::span<const Record> records, std::span<const Place> places) {
  FOOTHOLD_TRY(parts_->writer->Execute("BEGIN IMMEDIATE"));
  const Status taken = parts_->TakeAll(records, places);
  if (!taken.ok()) {
    // The first failure is the one to tell.
    static_cast<void>(parts_->writer->Execute("ROLLBACK"));
    return taken;
  }
  FOOTHOLD_TRY(parts_->writer->Execute("COMMIT"));
  parts_->commits.fetch_add(1);
  return {};
}

std::int64_t ReadModel::unreadable() const { return parts_->unreadable; }

Status ReadModel::Clear() {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const char* const table : {"place", "account", "account_record", "blocker", "person",
                                  "waiting", "upcoming", "intervention", "change", "funnel"}) {
    sql += fmt::format("DELETE FROM {};", table);
  }
  FOOTHOLD_TRY(parts_->writer->Execute(sql + "DELETE FROM fact WHERE name != 'origin'; COMMIT"));
  parts_->commits.fetch_add(1);
  return {};
}

}  // namespace foothold::readmodel
