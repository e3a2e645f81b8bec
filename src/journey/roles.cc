#include "src/journey/roles.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace foothold::journey {
namespace {

std::int64_t BucketOf(const RoleFact& fact) {
  const std::int64_t ms = ToMs(fact.at);
  return fact.rank == RoleRank::kExplicit ? ms : ms - ms % kDay.count();
}

// The order in which facts are kept or dropped: by bucket, so that a repeat of a dropped fact is
// dropped again.
bool IsBefore(const RoleFact& a, const RoleFact& b) {
  return std::make_tuple(BucketOf(a), a.rank, std::string_view(a.role)) <
         std::make_tuple(BucketOf(b), b.rank, std::string_view(b.role));
}

// The facts that count, by time.
std::vector<RoleFact> Effective(const std::vector<RoleFact>& facts) {
  std::optional<Instant> first_explicit;
  std::optional<Instant> first_settled;  // Explicit or trait.
  for (const RoleFact& fact : facts) {
    if (fact.rank == RoleRank::kExplicit) {
      first_explicit = std::min(first_explicit.value_or(fact.at), fact.at);
    }
    if (fact.rank != RoleRank::kInvite) {
      first_settled = std::min(first_settled.value_or(fact.at), fact.at);
    }
  }
  std::vector<RoleFact> effective;
  for (const RoleFact& fact : facts) {
    const bool is_silenced =
        (fact.rank == RoleRank::kTrait && first_explicit.has_value() &&
         fact.at >= *first_explicit) ||
        (fact.rank == RoleRank::kInvite && first_settled.has_value() && fact.at >= *first_settled);
    if (!is_silenced) {
      effective.push_back(fact);
    }
  }
  std::ranges::sort(effective);
  return effective;
}

}  // namespace

bool AddRoleFact(RoleFact fact, std::vector<RoleFact>* facts) {
  bool was_moved = false;
  const auto same = std::ranges::find_if(*facts, [&](const RoleFact& other) {
    return other.id_hash == fact.id_hash && other.rank == fact.rank && other.role == fact.role;
  });
  if (same != facts->end()) {  // A repeat: the earliest time counts.
    if (fact.at >= same->at) {
      return false;
    }
    facts->erase(same);
    was_moved = true;
  }
  const auto place = std::ranges::lower_bound(*facts, fact, IsBefore);
  if (place != facts->end() && !IsBefore(fact, *place)) {
    if (std::tie(fact.at, fact.id_hash) >= std::tie(place->at, place->id_hash)) {
      return was_moved;
    }
    *place = std::move(fact);
    return true;
  }
  facts->insert(place, std::move(fact));
  if (facts->size() > kRoleFactsEarliest + kRoleFactsLatest) {
    facts->erase(facts->begin() + static_cast<std::ptrdiff_t>(kRoleFactsEarliest));
  }
  return true;
}

std::vector<RoleSpan> RoleSpans(const Definition& definition, const std::vector<RoleFact>& facts) {
  std::vector<RoleSpan> spans;
  bool is_settled = false;  // Whether the last span's role rests on more than an invite.
  for (RoleFact& fact : Effective(facts)) {
    const bool is_invite = fact.rank == RoleRank::kInvite;
    if (!spans.empty() && spans.back().role == fact.role) {
      is_settled = is_settled || !is_invite;
      continue;
    }
    RoleSpan span;
    if (!spans.empty()) {
      spans.back().end = fact.at;
      span.begin = fact.at;
      span.is_taken_over = is_settled;
    }
    span.index = definition.RoleIndex(fact.role);
    span.role = std::move(fact.role);
    spans.push_back(std::move(span));
    is_settled = !is_invite;
  }
  if (spans.empty()) {
    RoleSpan span;
    span.role = definition.playbook().default_role.value_or("");
    span.index = definition.RoleIndex(span.role);
    spans.push_back(std::move(span));
  }
  return spans;
}

}  // namespace foothold::journey
