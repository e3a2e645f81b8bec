#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "src/base/time.h"

namespace foothold::journey {

// Accounts of one person beyond this many are not remembered.
inline constexpr std::size_t kPersonAccountsMax = 64;

// Somebody by the id that records name, whatever the account: which accounts the id belongs to, and
// which of its records wait for one. Kept by the people stage.
struct Person {
  std::string id;
  std::vector<std::string> accounts;  // In the order in which they were learned.
  // The id that this one was found to be the former form of (alias, an e-mail's owner); "": none.
  std::string successor;
  // The numbers of the records that wait: [waiting_begin, waiting_end).
  std::uint64_t waiting_begin = 0;
  std::uint64_t waiting_end = 0;
  std::uint64_t waiting_bytes = 0;
  Instant waiting_until;  // When the last of them has waited long enough.
  friend bool operator==(const Person&, const Person&) = default;
};

}  // namespace foothold::journey
