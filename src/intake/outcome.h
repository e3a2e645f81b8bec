#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "src/intake/event.h"

namespace foothold::intake {

// Why a record goes to the dead letter. The order is that of the checks: the first that applies is
// the reason (PRODUCT.md section 2).
enum class RejectReason : std::uint8_t {
  kUnknownFraming,
  kTooLarge,
  kUnparseable,
  kUnsupportedVersion,
  kBadType,
  kMissingTenant,
  kMissingEvent,
  kBadTime,
};
inline constexpr int kRejectReasonCount = 8;

// The text of the header `dlq_reason` and of the metric label: "unknown_framing", ...
std::string_view RejectReasonName(RejectReason reason);

// Why a valid record is passed over without a trace but a count.
enum class SkipReason : std::uint8_t {
  kAnonymous,     // It names neither user nor account, or an account where only a user could act.
  kUnplaced,      // An identify, page, screen or alias whose user was found in no account.
  kForeignGroup,  // A group call about a group of another type than the accounts'.
};
inline constexpr int kSkipReasonCount = 3;

// "anonymous", "unplaced", "foreign_group".
std::string_view SkipReasonName(SkipReason reason);

struct Accepted {
  Event event;
  bool was_without_zone = false;  // The time had no zone: UTC was assumed.
  bool was_in_future = false;  // The time lay over 5 min after the receive time, which was taken.
};

struct Skipped {
  SkipReason reason = SkipReason::kAnonymous;
};

struct Rejected {
  RejectReason reason = RejectReason::kUnparseable;
  std::string detail;    // One line for a person: the field, what is wrong with it.
  std::string tenant{};  // Whose record it was; "" where that could not be told.
};

// It names a user and no account: it goes by the person, to the accounts that the person is found
// in. If that is never, a track call is a dead letter of kMissingTenant, others are skipped.
struct Unplaced {
  Accepted accepted;  // Without a tenant, which the fingerprint lacks too.
  // What is wrong with it even so; the event's time is then kEpoch.
  std::optional<Rejected> flaw;
};

using Outcome = std::variant<Accepted, Unplaced, Skipped, Rejected>;

}  // namespace foothold::intake
