#pragma once

// The insides of ReadModel, which its .cc files share. For src/readmodel only.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "src/base/mutex.h"
#include "src/readmodel/database.h"
#include "src/readmodel/read_model.h"

namespace foothold::readmodel {

inline constexpr std::size_t kReaders = 4;  // As many as the HTTP server answers at once.

// An answer that may serve again: it looks at every account.
struct Remembered {
  std::string text;
  std::int64_t commit = -1;
  std::chrono::steady_clock::time_point at;
};

struct ReadModel::Parts {
  ReadModelOptions options;
  std::string path;
  std::string temporary_folder;

  // The thread that takes in.
  std::unique_ptr<Database> writer;
  std::map<std::string, std::vector<Statement>, std::less<>> intake;
  std::map<std::string, std::vector<Statement>, std::less<>> tombstone;
  std::vector<Statement> prune;
  std::int64_t since_pruned = 0;
  std::atomic<std::int64_t> unreadable = 0;
  std::atomic<std::int64_t> commits = 0;

  Mutex mutex;
  CondVar is_returned;
  std::vector<std::unique_ptr<Database>> readers GUARDED_BY(mutex);  // Those nobody uses now.
  std::map<std::string, Remembered> remembered GUARDED_BY(mutex);    // By question.

  Status Connect();
  void Disconnect();
  Status TakeOne(const Record& record);
  Status TakeAll(std::span<const Record> records, std::span<const Place> places);
  Status Prune();

  using Answer = std::function<Result<std::string>(Database*)>;
  // Answers in one transaction, so that all parts of an answer are of one moment, and within the
  // time that a question may take. kRetry: it took longer, or every reader is busy.
  Result<std::string> Answered(const Answer& answer);
  // As Answered(), or what was answered before if nothing has come since or that was moments ago.
  Result<std::string> AnsweredOften(const std::string& question, const Answer& answer);
};

}  // namespace foothold::readmodel
