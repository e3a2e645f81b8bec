#include "tests/sim/erased_model.h"

#include <algorithm>

#include "src/base/hash.h"
#include "src/codec/erased_facts.h"
#include "src/journey/erased_ids.h"

namespace foothold::sim {

void ErasedModel::Add(const std::string& id, const std::string& tenant, Instant until) {
  Instant& known = until_.try_emplace({id, tenant}, until).first->second;
  known = std::max(known, until);
}

bool ErasedModel::Holds(const std::string& id, const std::string& tenant,
                        std::optional<Instant> now) const {
  const auto found = until_.find({id, tenant});
  return found != until_.end() && (!now.has_value() || *now < found->second);
}

bool ErasedModel::HoldsAnywhere(const std::string& id, std::optional<Instant> now) const {
  return std::ranges::any_of(until_, [&](const auto& erased) {
    return erased.first.first == id && Holds(id, erased.first.second, now);
  });
}

void ErasedModel::Note(std::optional<Instant> now) {
  is_noted_ = true;
  std::erase_if(until_,
                [&](const auto& erased) { return now.has_value() && *now >= erased.second; });
}

std::optional<std::string> ErasedModel::Payload() const {
  if (!is_noted_) {
    return std::nullopt;
  }
  journey::ErasedIds::Parts parts;
  for (const auto& [erased, until] : until_) {
    parts[HashWide(erased.first, seed_)][erased.second] = until;
  }
  return codec::EncodeErasedIds(journey::ErasedIds::FromParts(parts));
}

}  // namespace foothold::sim
