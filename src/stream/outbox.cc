#include "src/stream/outbox.h"

#include <optional>
#include <variant>

#include "state/schema.h"

namespace foothold::stream {
namespace {

// The subject whose status the record is; empty for decisions.
std::string SubjectOfStatus(const journey::OutputRecord& record) {
  if (const auto* user = std::get_if<journey::UserStatus>(&record)) {
    return state::UserKey(user->tenant, user->user);
  }
  if (const auto* account = std::get_if<journey::AccountStatus>(&record)) {
    return state::AccountKey(account->tenant);
  }
  if (const auto* gone = std::get_if<journey::StatusTombstone>(&record)) {
    return gone->user.has_value() ? state::UserKey(gone->tenant, *gone->user)
                                  : state::AccountKey(gone->tenant);
  }
  return "";
}

}  // namespace

void Outbox::Add(journey::OutputRecord&& record) {
  std::string subject = SubjectOfStatus(record);
  if (!subject.empty()) {
    const auto [place, is_new] = status_places_.emplace(std::move(subject), records_.size());
    if (!is_new) {
      records_[place->second] = std::move(record);
      return;
    }
  }
  records_.push_back(std::move(record));
}

void Outbox::Clear() {
  records_.clear();
  status_places_.clear();
}

}  // namespace foothold::stream
