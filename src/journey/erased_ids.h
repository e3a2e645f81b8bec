#pragma once

// Who was erased, as hashes of their ids, for as long as what comes late of them is dropped.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "src/base/hash.h"
#include "src/base/time.h"

namespace foothold::journey {

// An id may begin anew so long after its erasure.
inline constexpr milliseconds kErasedFor = 30 * kDay;

class ErasedIds {
 public:
  // By the id's hash, then by account: until when it is dropped.
  using Parts = std::map<Hash128, std::map<std::string, Instant, std::less<>>>;

  static ErasedIds FromParts(Parts parts);
  const Parts& parts() const { return parts_; }
  bool is_empty() const { return parts_.empty(); }

  void Add(const Hash128& id, std::string_view tenant, Instant until);
  // Whether it is to be dropped in that account, or in any; `now` is nullopt while no time is
  // known.
  bool Holds(const Hash128& id, std::string_view tenant, std::optional<Instant> now) const;
  bool HoldsAnywhere(const Hash128& id, std::optional<Instant> now) const;
  // Forgets whose time is over.
  void Prune(std::optional<Instant> now);

  friend bool operator==(const ErasedIds&, const ErasedIds&) = default;

 private:
  Parts parts_;
};

}  // namespace foothold::journey
