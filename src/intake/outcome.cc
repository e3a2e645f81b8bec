#include "src/intake/outcome.h"

#include "src/base/check.h"
#include "src/base/hash.h"

namespace foothold::intake {

std::string_view CallKindName(CallKind kind) {
  switch (kind) {
    case CallKind::kTrack:
      return "track";
    case CallKind::kIdentify:
      return "identify";
    case CallKind::kGroup:
      return "group";
    case CallKind::kPage:
      return "page";
    case CallKind::kScreen:
      return "screen";
    case CallKind::kAlias:
      return "alias";
  }
  base::CheckFailed(__FILE__, __LINE__, "kind", "not a CallKind");
}

std::optional<CallKind> CallKindOfName(std::string_view name) {
  using enum CallKind;
  for (const CallKind kind : {kTrack, kIdentify, kGroup, kPage, kScreen, kAlias}) {
    if (CallKindName(kind) == name) {
      return kind;
    }
  }
  return std::nullopt;
}

std::uint64_t FingerprintIn(std::string_view tenant, std::uint64_t fingerprint) {
  return MixHash(fingerprint, Hash64(tenant));
}

std::string_view RejectReasonName(RejectReason reason) {
  switch (reason) {
    case RejectReason::kUnknownFraming:
      return "unknown_framing";
    case RejectReason::kTooLarge:
      return "too_large";
    case RejectReason::kUnparseable:
      return "unparseable";
    case RejectReason::kUnsupportedVersion:
      return "unsupported_version";
    case RejectReason::kBadType:
      return "bad_type";
    case RejectReason::kMissingTenant:
      return "missing_tenant";
    case RejectReason::kMissingEvent:
      return "missing_event";
    case RejectReason::kBadTime:
      return "bad_time";
  }
  base::CheckFailed(__FILE__, __LINE__, "reason", "not a RejectReason");
}

std::string_view SkipReasonName(SkipReason reason) {
  switch (reason) {
    case SkipReason::kAnonymous:
      return "anonymous";
    case SkipReason::kUnplaced:
      return "unplaced";
    case SkipReason::kForeignGroup:
      return "foreign_group";
  }
  base::CheckFailed(__FILE__, __LINE__, "reason", "not a SkipReason");
}

}  // namespace foothold::intake
