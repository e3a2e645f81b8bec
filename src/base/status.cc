#include "src/base/status.h"

#include "src/base/check.h"

namespace foothold {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kRetry:
      return "retry";
    case Code::kAborted:
      return "aborted";
    case Code::kFenced:
      return "fenced";
    case Code::kCorrupt:
      return "corrupt";
    case Code::kFatal:
      return "fatal";
  }
  FOOTHOLD_CHECK(false, "a code outside its enum");
}

Code Status::code() const {
  FOOTHOLD_CHECK(!is_ok_, "code() of a status that is ok");
  return code_;
}

std::string Status::ToString() const {
  return is_ok_ ? "ok" : std::string(CodeName(code_)) + ": " + message_;
}

}  // namespace foothold
