#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <tl/expected.hpp>

namespace foothold {

// What the caller must do. There are no other codes: one that changes no caller's behaviour is a
// message.
enum class Code {
  kInvalid,  // The input is wrong; repeating cannot help: dead letter, go on.
  kRetry,    // Nothing happened; the same call may work later: back off, bounded.
  kAborted,  // This transaction is void: rewind to the last commit.
  kFenced,   // Another instance owns the partition: drop the task, write nothing.
  kCorrupt,  // Local state cannot be trusted: wipe, restore from the changelog.
  kFatal,    // The process must stop: exit code, one clear line.
};

// The name of a code as it stands in logs and metric labels: "invalid", "retry", ...
std::string_view CodeName(Code code);

// Success, or a code and a message that names the thing and the remedy.
class [[nodiscard]] Status {
 public:
  // Success.
  Status() = default;
  Status(Code code, std::string message)
      : is_ok_(false), code_(code), message_(std::move(message)) {}

  bool ok() const { return is_ok_; }
  // REQUIRES: !ok().
  Code code() const;
  const std::string& message() const { return message_; }
  // "ok", or "<code>: <message>".
  std::string ToString() const;

  friend bool operator==(const Status&, const Status&) = default;

 private:
  bool is_ok_ = true;
  Code code_ = Code::kFatal;
  std::string message_;
};

template <class T>
using Result = tl::expected<T, Status>;

// Converts to Status and to any Result<T>: `return Error(Code::kInvalid, "...")`.
struct [[nodiscard]] Failure : tl::unexpected<Status> {
  using tl::unexpected<Status>::unexpected;
  operator Status() && { return std::move(value()); }  // NOLINT(google-explicit-constructor)
};

inline Failure Error(Code code, std::string message) {
  return Failure(Status(code, std::move(message)));
}

// The status of a result: Ok if it holds a value.
template <class T>
Status StatusOf(const Result<T>& result) {
  return result.has_value() ? Status() : result.error();
}

}  // namespace foothold

#define FOOTHOLD_CONCAT_INNER(a, b) a##b
#define FOOTHOLD_CONCAT(a, b) FOOTHOLD_CONCAT_INNER(a, b)

// Returns the status of `expression` from the enclosing function unless it is Ok. The function
// returns Status or Result<T>.
#define FOOTHOLD_TRY(expression)                              \
  do {                                                        \
    ::foothold::Status foothold_status = (expression);        \
    if (!foothold_status.ok()) {                              \
      return ::foothold::Failure(std::move(foothold_status)); \
    }                                                         \
  } while (false)

// Declares `declaration` from the value of a Result, or returns its status.
#define FOOTHOLD_ASSIGN(declaration, expression) \
  FOOTHOLD_ASSIGN_INNER(FOOTHOLD_CONCAT(foothold_result_, __LINE__), declaration, expression)
#define FOOTHOLD_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                                  \
  if (!(result).has_value()) {                                 \
    return ::foothold::Failure(std::move((result).error()));   \
  }                                                            \
  declaration = std::move(*(result))
