#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "src/base/time.h"

namespace foothold::sim {

// Who was erased in a partition, in words: the models' list.
class ErasedModel {
 public:
  // `seed` of the hashes in the state.
  explicit ErasedModel(std::uint64_t seed) : seed_(seed) {}

  // From `now` on; until the end of `until`, who is erased is dropped in that account.
  void Add(const std::string& id, const std::string& tenant, Instant until);
  bool Holds(const std::string& id, const std::string& tenant, std::optional<Instant> now) const;
  bool HoldsAnywhere(const std::string& id, std::optional<Instant> now) const;
  // A word was taken: what is over is forgotten, and the list stands in the state.
  void Note(std::optional<Instant> now);
  // As the state has it; nullopt: no word was taken.
  std::optional<std::string> Payload() const;

 private:
  std::uint64_t seed_;
  std::map<std::pair<std::string, std::string>, Instant> until_;  // By id and account.
  bool is_noted_ = false;
};

}  // namespace foothold::sim
