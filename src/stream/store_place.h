#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "src/base/ids.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "state/store.h"

namespace foothold::stream {

// Where a store stands in its changelog: everything before `next` is in the store. Kept in the
// store alone, never in the changelog, as the fact "changelog":
//
//   place := next ' ' saved_at     both in decimal digits; saved_at in ms
struct StorePlace {
  NextOffset next;
  Instant saved_at;  // Wall time.
  friend bool operator==(const StorePlace&, const StorePlace&) = default;
};

// The payload of a key of the store itself; nullopt: there is none.
Result<std::optional<std::string>> ReadPayload(const state::Store& store, const std::string& key);

// The key of that fact.
std::string StorePlaceKey();
std::string EncodeStorePlace(const StorePlace& place);
// nullopt: not of this form.
std::optional<StorePlace> DecodeStorePlace(std::string_view bytes);

}  // namespace foothold::stream
