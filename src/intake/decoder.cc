#include "src/intake/decoder.h"

#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/intake/bag_builder.h"
#include "src/intake/draft.h"
#include "src/intake/event_time.h"
#include "src/intake/json_reader.h"
#include "src/intake/message_reader.h"
#include "src/intake/vocabulary.h"

namespace foothold::intake {
namespace {

constexpr std::uint32_t kSchemaVersion = 1;
constexpr std::string_view kPageEvent = "page.viewed";
constexpr std::string_view kScreenEvent = "screen.viewed";

bool IsPage(CallKind kind) { return kind == CallKind::kPage || kind == CallKind::kScreen; }

// The name the event goes by: a page's own name is a property.
std::string_view EventName(const Draft& draft) {
  switch (draft.kind) {
    case CallKind::kTrack:
      return draft.event.text();
    case CallKind::kPage:
      return kPageEvent;
    case CallKind::kScreen:
      return kScreenEvent;
    case CallKind::kIdentify:
    case CallKind::kGroup:
    case CallKind::kAlias:
      return {};
  }
  return {};
}

}  // namespace

class Decoder::Impl {
 public:
  explicit Impl(DecoderOptions options)
      : options_(std::move(options)), json_(options_.mapping), message_(options_.mapping) {}

  Outcome Decode(const InputRecord& record);

 private:
  bool is_message() const { return options_.mapping.preset == Preset::kFoothold; }
  bool IsNameless() const { return draft_.kind == CallKind::kTrack && draft_.event.is_absent(); }

  // Framing, size, syntax, version and types: fills draft_, or says what is wrong.
  std::optional<Rejected> Read(const InputRecord& record);
  // Whose event it is, and whether it says what happened. Without an account it goes by the person.
  std::optional<Outcome> Place();
  // What is wrong with the draft, whoever it belongs to.
  std::optional<Rejected> FindFlaw(const Result<EventTime>& time) const;
  void FillBags(Event* event);
  void FillRole(Event* event) const;
  void FillId(Event* event);
  Accepted Fill(const std::optional<EventTime>& time);

  DecoderOptions options_;
  JsonReader json_;
  MessageReader message_;
  Draft draft_;
  BagBuilder builder_;
  std::string_view payload_;
  std::string normal_name_;
  std::string properties_;
  std::string traits_;
  std::string id_;
};

std::optional<Rejected> Decoder::Impl::Read(const InputRecord& record) {
  draft_.Clear();
  if (!record.value.has_value()) {
    return Rejected{RejectReason::kUnparseable, "the record has no value"};
  }
  payload_ = *record.value;
  if (is_message()) {
    const Result<std::string_view> message = Unframe(payload_, record.schema_header);
    if (!message.has_value()) {
      return Rejected{RejectReason::kUnknownFraming, message.error().message()};
    }
    payload_ = *message;
  } else if (payload_.starts_with('\0')) {
    return Rejected{RejectReason::kUnknownFraming,
                    "begins with Confluent's magic byte; this source takes bare JSON"};
  }
  if (record.value->size() > options_.record_bytes_max) {
    return Rejected{
        RejectReason::kTooLarge,
        fmt::format("{} bytes, {} are taken", record.value->size(), options_.record_bytes_max)};
  }
  std::optional<std::string> problem =
      is_message() ? message_.Parse(payload_, &draft_) : json_.Parse(payload_, &draft_);
  if (problem.has_value()) {
    return Rejected{RejectReason::kUnparseable, *std::move(problem)};
  }
  if (draft_.schema_version > kSchemaVersion) {
    return Rejected{RejectReason::kUnsupportedVersion,
                    fmt::format("schema_version {}, this build reads up to {}",
                                draft_.schema_version, kSchemaVersion)};
  }
  if (!draft_.bad_type.empty()) {
    return Rejected{RejectReason::kBadType, draft_.bad_type, std::string(draft_.tenant.text())};
  }
  return std::nullopt;
}

std::optional<Outcome> Decoder::Impl::Place() {
  const bool has_user = !draft_.user.is_absent();
  const bool has_tenant = !draft_.tenant.is_absent();
  if (draft_.is_foreign_group) {
    return Skipped{SkipReason::kForeignGroup};
  }
  if (!has_user && !has_tenant) {
    return Skipped{SkipReason::kAnonymous};
  }
  if (!has_tenant && draft_.kind == CallKind::kGroup) {
    return Rejected{RejectReason::kMissingTenant, "a group call that names no account"};
  }
  normal_name_.clear();
  AppendCanonicalEventName(EventName(draft_), &normal_name_);
  if (!has_user && !IsNameless() && draft_.kind != CallKind::kGroup &&
      !IsAccountFact(normal_name_)) {
    return Skipped{SkipReason::kAnonymous};
  }
  return std::nullopt;
}

std::optional<Rejected> Decoder::Impl::FindFlaw(const Result<EventTime>& time) const {
  if (IsNameless()) {
    return Rejected{RejectReason::kMissingEvent, "a track call without an event name"};
  }
  if (!time.has_value()) {
    return Rejected{RejectReason::kBadTime, time.error().message()};
  }
  return std::nullopt;
}

void Decoder::Impl::FillBags(Event* event) {
  const auto equal_names =
      is_message() ? BagBuilder::EqualNames::kLastCounts : BagBuilder::EqualNames::kFirstCounts;
  builder_.Begin(equal_names, options_.mapping.preset == Preset::kPosthog
                                  ? BagBuilder::Dollar::kStripped
                                  : BagBuilder::Dollar::kKept);
  if (IsPage(draft_.kind) && !draft_.event.is_absent()) {
    builder_.AddOverriding("name", draft_.event.text());
  }
  is_message() ? message_.AddProperties(&builder_) : json_.AddProperties(&builder_);
  const std::uint64_t properties_hash = builder_.Finish(&properties_);

  builder_.Begin(equal_names, BagBuilder::Dollar::kKept);
  is_message() ? message_.AddTraits(&builder_) : json_.AddTraits(&builder_);
  const std::uint64_t traits_hash = builder_.Finish(&traits_);

  event->properties = BagView(properties_);
  event->traits = BagView(traits_);
  event->fingerprint = MixHash(Hash64(event->user), Hash64(event->name));
  event->fingerprint = MixHash(event->fingerprint, properties_hash);
  event->fingerprint = MixHash(event->fingerprint, traits_hash);
  if (!event->tenant.empty()) {
    event->fingerprint = FingerprintIn(event->tenant, event->fingerprint);
  }
}

// RECORDS.md section 1, "role": an explicit place first; where `properties.role` is a role it is
// newer than what a library repeats in the traits, and in an invite the traits are not the
// invitee's.
void Decoder::Impl::FillRole(Event* event) const {
  const bool is_override = options_.mapping.rule(Field::kRole).is_override;
  const bool is_explicit = is_override || is_message();
  if (is_explicit && !draft_.role.is_absent()) {
    event->role = draft_.role.text();
    event->is_role_override = is_override;
    return;
  }
  switch (event->name_class) {
    case NameClass::kInvited:
      event->role = event->properties.FindString("role").value_or(
          event->properties.FindString("inviteerole").value_or(""));
      return;
    case NameClass::kSignUp:
    case NameClass::kJoined:
    case NameClass::kRoleChanged:
      event->role = event->properties.FindString("role").value_or(draft_.role.text());
      return;
    case NameClass::kAccountFact:
    case NameClass::kOther:
      event->role = draft_.role.text();
      return;
  }
}

void Decoder::Impl::FillId(Event* event) {
  event->id = draft_.id.text();
  if (event->id.empty()) {
    const Hash128 hash = HashWide(payload_);
    id_.clear();
    fmt::format_to(std::back_inserter(id_), "hash:{:016x}{:016x}", hash.high, hash.low);
    event->id = id_;
  }
}

Outcome Decoder::Impl::Decode(const InputRecord& record) {
  if (std::optional<Rejected> rejected = Read(record)) {
    return *std::move(rejected);
  }
  if (std::optional<Outcome> outcome = Place()) {
    return *std::move(outcome);
  }
  const Result<EventTime> time =
      DetermineEventTime(draft_, record.broker_time, record.event_time_max);
  std::optional<Rejected> flaw = FindFlaw(time);
  if (draft_.tenant.is_absent()) {
    Unplaced unplaced{
        .accepted = Fill(flaw.has_value() ? std::nullopt : std::optional<EventTime>(*time)),
        .flaw = {}};
    unplaced.flaw = std::move(flaw);
    return unplaced;
  }
  if (flaw.has_value()) {
    flaw->tenant = draft_.tenant.text();
    return *std::move(flaw);
  }
  return Fill(*time);
}

Accepted Decoder::Impl::Fill(const std::optional<EventTime>& time) {
  Accepted accepted;
  Event& event = accepted.event;
  if (time.has_value()) {
    accepted.was_without_zone = time->was_without_zone;
    accepted.was_in_future = time->was_in_future;
    event.occurred_at = time->occurred_at;
  }
  event.kind = draft_.kind;
  event.tenant = draft_.tenant.text();
  event.user = draft_.user.text();
  event.name = EventName(draft_);
  event.is_product = options_.is_product;
  event.previous_user = draft_.previous_id.text();
  if (draft_.kind == CallKind::kTrack) {
    event.name_class = ClassifyEventName(normal_name_);
  }
  FillId(&event);
  FillBags(&event);
  FillRole(&event);
  return accepted;
}

Decoder::Decoder(DecoderOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Decoder::~Decoder() = default;

Outcome Decoder::Decode(const InputRecord& record) { return impl_->Decode(record); }

}  // namespace foothold::intake
