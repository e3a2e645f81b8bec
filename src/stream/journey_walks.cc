// The journey's task: walks over many subjects, in parts.

#include <utility>
#include <variant>

#include "src/codec/state.h"
#include "src/stream/journey_task.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

journey::VisitKind VisitKindOf(codec::WalkKind kind) {
  switch (kind) {
    case codec::WalkKind::kRecheck:
      return journey::VisitKind::kRecheck;
    case codec::WalkKind::kFinal:
      return journey::VisitKind::kFinal;
    case codec::WalkKind::kSweep:
      return journey::VisitKind::kSweep;
    case codec::WalkKind::kMeasure:
      return journey::VisitKind::kMeasure;
  }
  return journey::VisitKind::kRecheck;
}

}  // namespace

// Visits the next subject of the first pending walk.
Status JourneyTask::Walk() {
  codec::PendingWalk& walk = meta_.walks.front();
  FOOTHOLD_ASSIGN(const std::optional<std::string> key, NextOfWalk(walk));
  if (key.has_value()) {
    walk.cursor = *key;
    FOOTHOLD_ASSIGN(journey::Visit visit, VisitOfKey(*key, VisitKindOf(walk.kind)));
    return RunVisits({std::move(visit)}, nullptr, MakeContext(clock_.now()));
  }
  const bool is_final = walk.kind == codec::WalkKind::kFinal;
  meta_.walks.erase(meta_.walks.begin());
  if (!meta_.walks.empty()) {
    return Status();
  }
  const bool goes_on = std::holds_alternative<journey::Progress>(queue_.entry()) ||
                       std::holds_alternative<codec::Release>(queue_.entry());
  if (goes_on && !is_final) {
    phase_ = Phase::kFresh;  // A timer or the gate asked for the walk: doing it again goes on.
  } else {
    FinishEntry();
  }
  return Status();
}

// Users first, so that the accounts' own visits find them decided.
Result<std::optional<std::string>> JourneyTask::NextOfWalk(const codec::PendingWalk& walk) {
  if (walk.kind == codec::WalkKind::kRecheck) {
    return state_.NextKey(state::UserKeyPrefix(walk.tenant), walk.cursor);
  }
  const std::string users(1, static_cast<char>(state::KeyKind::kUser));
  const std::string accounts(1, static_cast<char>(state::KeyKind::kAccount));
  const bool skips_users = walk.kind == codec::WalkKind::kMeasure &&
                           definition_->wakes()
                               .OfChange(journey::SubjectKind::kUser, journey::Change::kMeasurement)
                               .is_empty();
  if (!skips_users && !walk.cursor.starts_with(accounts)) {
    FOOTHOLD_ASSIGN(std::optional<std::string> user, state_.NextKey(users, walk.cursor));
    if (user.has_value()) {
      return user;
    }
  }
  return state_.NextKey(accounts, walk.cursor.starts_with(accounts) ? walk.cursor : "");
}

}  // namespace foothold::stream
