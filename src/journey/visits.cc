#include <string>
#include <utility>
#include <vector>

#include "src/journey/engine.h"
#include "src/journey/standard_events.h"
#include "src/journey/tracking.h"

namespace foothold::journey {

std::vector<Visit> VisitsOf(const Definition& definition, const Event& event) {
  const std::string tenant(event.tenant);
  std::string canonical = event.name.empty() ? std::string() : definition.Canonical(event.name);
  std::vector<Visit> visits;
  if (canonical == "heartbeat") {
    return visits;  // A sign of life of its source, and nobody's doing.
  }
  visits.push_back({.kind = event.user.empty() ? VisitKind::kAccount : VisitKind::kActor,
                    .target = {.tenant = tenant, .user = std::string(event.user), .email = {}},
                    .merge_from = {},
                    .due = {},
                    .canonical = canonical});
  if (event.user.empty() || event.kind != CallKind::kTrack) {
    return visits;
  }
  VisitTarget other{.tenant = tenant, .user = {}, .email = {}};
  VisitKind kind = VisitKind::kInvitee;
  if (canonical == kUserInvited) {
    Invitee invitee = InviteeOf(event);
    other.user = std::move(invitee.id);
    other.email = std::move(invitee.email);
  } else if (canonical == kUserJoined || canonical == kUserRemoved ||
             canonical == kUserRoleChanged) {
    kind = VisitKind::kMember;
    other.user = MemberOf(event).value_or("");
  }
  if ((!other.user.empty() || !other.email.empty()) && other.user != event.user) {
    visits.push_back({.kind = kind,
                      .target = std::move(other),
                      .merge_from = {},
                      .due = {},
                      .canonical = std::move(canonical)});
  }
  return visits;
}

}  // namespace foothold::journey
