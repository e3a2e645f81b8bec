// How questions are answered, and the questions about one account.

#include <utility>

#include <fmt/format.h>

#include "src/readmodel/answer_text.h"
#include "src/readmodel/parts.h"
#include "src/readmodel/where.h"

namespace foothold::readmodel {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kRememberedMax = 64;
constexpr std::chrono::milliseconds kRememberedFor{2'000};
constexpr std::int64_t kChangesMax = 50;
constexpr std::int64_t kUpcomingMax = 20;

// Rows of one account as an array.
Status AppendOf(const std::string& tenant, std::string_view name, const std::string& sql,
                Database* database, JsonWriter* json) {
  FOOTHOLD_ASSIGN(Statement select, database->Prepare(sql));
  select.Bind(1, tenant);
  return AppendRows(name, &select, json);
}

Result<std::string> AnswerAccount(const std::string& tenant, Database* database) {
  std::string text;
  FOOTHOLD_ASSIGN(Statement select,
                  database->Prepare("SELECT record FROM account_record WHERE tenant = ?1"));
  FOOTHOLD_ASSIGN(const bool is_there, select.Bind(1, tenant).Step());
  if (!is_there) {
    return text;
  }
  JsonWriter json(&text);
  json.BeginObject();
  FOOTHOLD_TRY(AppendFacts(database, &json));
  json.Raw("account", select.text(0));
  FOOTHOLD_TRY(AppendOf(
      tenant, "roles",
      "SELECT role, state AS activationState, count(*) AS people, sum(risk = 'high') AS atHighRisk"
      " FROM person WHERE tenant = ?1 AND removed_at IS NULL GROUP BY role, state",
      database, &json));
  FOOTHOLD_TRY(AppendOf(
      tenant, "waiting",
      "SELECT nullif(user, '') AS userId, rule, rung, state, why FROM waiting WHERE tenant = ?1"
      " ORDER BY user, rule, rung LIMIT 100",
      database, &json));
  FOOTHOLD_TRY(AppendOf(
      tenant, "upcoming",
      fmt::format(
          "SELECT due, kind, nullif(u.user, '') AS userId, coalesce(p.name, p.email) AS name"
          " FROM upcoming u LEFT JOIN person p ON p.tenant = u.tenant AND p.user = u.user"
          " WHERE u.tenant = ?1 AND due > (SELECT value FROM fact WHERE name = 'as_of')"
          " ORDER BY due LIMIT {}",
          kUpcomingMax),
      database, &json));
  FOOTHOLD_TRY(AppendOf(
      tenant, "changes",
      fmt::format("SELECT c.decided_at AS decidedAt, kind, nullif(c.user, '') AS userId,"
                  " coalesce(p.name, p.email) AS name, before AS \"from\", after AS \"to\", reason,"
                  " mode FROM change c LEFT JOIN person p ON p.tenant = c.tenant AND"
                  " p.user = c.user WHERE c.tenant = ?1 ORDER BY c.decided_at DESC LIMIT {}",
                  kChangesMax),
      database, &json));
  json.EndObject();
  return text;
}

}  // namespace

Result<std::string> ReadModel::Parts::Answered(const Answer& answer) {
  const SteadyClock::time_point deadline = SteadyClock::now() + options.question_max;
  std::unique_ptr<Database> reader;
  {
    const MutexLock lock(mutex);
    while (readers.empty() && SteadyClock::now() < deadline) {
      is_returned.WaitFor(mutex, milliseconds(100));
    }
    if (readers.empty()) {
      return Error(Code::kRetry, "too many questions at once");
    }
    reader = std::move(readers.back());
    readers.pop_back();
  }
  reader->SetDeadline(deadline);
  const auto ask = [&]() -> Result<std::string> {
    FOOTHOLD_TRY(reader->Execute("BEGIN"));
    return answer(reader.get());
  };
  Result<std::string> text = ask();
  reader->SetDeadline(std::nullopt);
  // Whatever became of it, it read only.
  static_cast<void>(reader->Execute("ROLLBACK"));
  const MutexLock lock(mutex);
  readers.push_back(std::move(reader));
  is_returned.NotifyAll();
  return text;
}

Result<std::string> ReadModel::Parts::AnsweredOften(const std::string& question,
                                                    const Answer& answer) {
  const std::int64_t commit = commits.load();
  {
    const MutexLock lock(mutex);
    const auto found = remembered.find(question);
    if (found != remembered.end() && (found->second.commit == commit ||
                                      SteadyClock::now() - found->second.at < kRememberedFor)) {
      return found->second.text;
    }
  }
  FOOTHOLD_ASSIGN(std::string text, Answered(answer));
  const MutexLock lock(mutex);
  if (remembered.size() >= kRememberedMax) {
    remembered.clear();
  }
  remembered[question] = {.text = text, .commit = commit, .at = SteadyClock::now()};
  return text;
}

Result<std::optional<std::string>> ReadModel::Ask(const AccountQuestion& question) const {
  FOOTHOLD_ASSIGN(std::string text, parts_->Answered([&](Database* database) {
    return AnswerAccount(question.tenant, database);
  }));
  return text.empty() ? std::optional<std::string>() : std::optional(std::move(text));
}

Result<bool> ReadModel::WaitsForApproval(const WaitingRung& rung) const {
  const auto answer = [&](Database* database) -> Result<std::string> {
    FOOTHOLD_ASSIGN(Statement select,
                    database->Prepare("SELECT 1 FROM waiting WHERE tenant = ?1 AND user = ?2 AND"
                                      " rule = ?3 AND rung = ?4 AND state = 'approval'"));
    select.Bind(1, rung.tenant)
        .Bind(2, rung.user)
        .Bind(3, rung.rule)
        .Bind(4, std::int64_t{rung.rung});
    FOOTHOLD_ASSIGN(const bool has_row, select.Step());
    return std::string(has_row ? "yes" : "");
  };
  FOOTHOLD_ASSIGN(const std::string text, parts_->Answered(answer));
  return !text.empty();
}

}  // namespace foothold::readmodel
