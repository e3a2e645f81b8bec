#include "src/intake/draft.h"

#include <charconv>

namespace foothold::intake {

void TextField::SetInteger(std::int64_t value) {
  const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), value).ptr;
  text_ = {digits_.data(), static_cast<std::size_t>(end - digits_.data())};
}

void TextField::SetUnsigned(std::uint64_t value) {
  const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), value).ptr;
  text_ = {digits_.data(), static_cast<std::size_t>(end - digits_.data())};
}

void Draft::Clear() {
  kind = CallKind::kTrack;
  for (TextField* field : {&event, &tenant, &user, &id, &role, &previous_id}) {
    field->Clear();
  }
  for (TimeField* field : {&time, &original_time, &sent_at, &received_at}) {
    *field = {};
  }
  schema_version = 0;
  is_foreign_group = false;
  bad_type.clear();
}

}  // namespace foothold::intake
