#include "src/stream/people_feed.h"

#include <optional>
#include <utility>

#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/journey/standard_events.h"
#include "src/journey/tracking.h"

namespace foothold::stream {
namespace {

// The same two texts are two pairs as user and account and as user and successor.
constexpr std::uint64_t kAccountSeed = 1;
constexpr std::uint64_t kSuccessorSeed = 2;

codec::RawRecord RawOf(const log::RecordView& record) {
  codec::RawRecord raw{
      .key = record.key, .value = record.value, .headers = {}, .timestamp = record.timestamp};
  for (const log::Header& header : record.headers) {
    raw.headers.emplace_back(header.key, header.value);
  }
  return raw;
}

}  // namespace

PeopleFeed::PeopleFeed(std::string topic, std::int32_t partitions, std::size_t pairs_max)
    : batches_(std::move(topic), partitions, nullptr), known_(pairs_max) {}

bool PeopleFeed::Learn(const journey::Event& event, intake::NameClass name_class, Instant at) {
  bool is_new = false;
  if (!event.user.empty()) {
    is_new = LearnAccount(event.user, event.tenant, at);
    is_new = LearnWhoIsWho(event, at) || is_new;
  }
  switch (name_class) {
    case intake::NameClass::kInvited: {
      const journey::Invitee invitee = journey::InviteeOf(event);
      const std::string user = invitee.email.empty() ? invitee.id : EmailUserId(invitee.email);
      return (!user.empty() && LearnAccount(user, event.tenant, at)) || is_new;
    }
    case intake::NameClass::kJoined:
    case intake::NameClass::kRoleChanged:
      if (const std::optional<std::string> member = journey::MemberOf(event)) {
        is_new = LearnAccount(*member, event.tenant, at) || is_new;
      }
      return is_new;
    case intake::NameClass::kOther:
    case intake::NameClass::kAccountFact:
    case intake::NameClass::kSignUp:
      return is_new;
  }
  return is_new;
}

void PeopleFeed::Append(const log::RecordView& record, const journey::Event& event,
                        const intake::Unplaced& unplaced, Instant at) {
  codec::PersonRecord entry{.event = event, .at = at};
  if (unplaced.flaw.has_value()) {
    entry.flaw = intake::RejectReasonName(unplaced.flaw->reason);
    entry.flaw_detail = unplaced.flaw->detail;
  }
  if (event.kind == journey::CallKind::kTrack || unplaced.flaw.has_value()) {
    entry.raw = RawOf(record);
  }
  batches_.Append(entry);
  if (unplaced.flaw.has_value()) {
    return;
  }
  LearnWhoIsWho(event, at);
  if (!event.previous_user.empty() && event.previous_user != event.user) {
    // Where the former id is at home, the two become one.
    entry.is_for_previous = true;
    entry.raw.reset();
    batches_.Append(entry);
  }
}

void PeopleFeed::Clear() {
  batches_.Clear();
  known_.Clear();
}

bool PeopleFeed::LearnAccount(std::string_view user, std::string_view tenant, Instant at) {
  if (!known_.Add(MixHash(Hash64(user, kAccountSeed), Hash64(tenant)))) {
    return false;
  }
  batches_.Append(codec::PersonFact{
      .kind = codec::PersonFactKind::kAccount, .user = user, .other = tenant, .at = at});
  return true;
}

bool PeopleFeed::LearnSuccessor(std::string_view user, std::string_view other, Instant at) {
  if (user == other || !known_.Add(MixHash(Hash64(user, kSuccessorSeed), Hash64(other)))) {
    return false;
  }
  batches_.Append(codec::PersonFact{
      .kind = codec::PersonFactKind::kSuccessor, .user = user, .other = other, .at = at});
  return true;
}

// Former ids, and addresses under which somebody may have been invited.
bool PeopleFeed::LearnWhoIsWho(const journey::Event& event, Instant at) {
  bool is_new = false;
  if (!event.previous_user.empty()) {
    is_new = LearnSuccessor(event.previous_user, event.user, at);
  }
  if (event.kind == journey::CallKind::kIdentify) {
    if (const auto email = event.traits.FindString("email"); email.has_value()) {
      is_new = LearnSuccessor(EmailUserId(*email), event.user, at) || is_new;
    }
  }
  return is_new;
}

}  // namespace foothold::stream
