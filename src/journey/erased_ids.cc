#include "src/journey/erased_ids.h"

#include <algorithm>
#include <utility>

namespace foothold::journey {
namespace {

bool IsOver(Instant until, std::optional<Instant> now) { return now.has_value() && *now >= until; }

}  // namespace

ErasedIds ErasedIds::FromParts(Parts parts) {
  ErasedIds ids;
  ids.parts_ = std::move(parts);
  return ids;
}

void ErasedIds::Add(const Hash128& id, std::string_view tenant, Instant until) {
  Instant& known = parts_[id].emplace(tenant, until).first->second;
  known = std::max(known, until);
}

bool ErasedIds::Holds(const Hash128& id, std::string_view tenant,
                      std::optional<Instant> now) const {
  const auto found = parts_.find(id);
  if (found == parts_.end()) {
    return false;
  }
  const auto account = found->second.find(tenant);
  return account != found->second.end() && !IsOver(account->second, now);
}

bool ErasedIds::HoldsAnywhere(const Hash128& id, std::optional<Instant> now) const {
  const auto found = parts_.find(id);
  return found != parts_.end() && std::ranges::any_of(found->second, [&](const auto& account) {
           return !IsOver(account.second, now);
         });
}

void ErasedIds::Prune(std::optional<Instant> now) {
  for (auto& [id, accounts] : parts_) {
    std::erase_if(accounts, [&](const auto& account) { return IsOver(account.second, now); });
  }
  std::erase_if(parts_, [](const auto& part) { return part.second.empty(); });
}

}  // namespace foothold::journey
