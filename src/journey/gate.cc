#include "src/journey/gate.h"

#include <algorithm>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/journey/zones.h"

namespace foothold::journey {
namespace {

using Kind = GateVerdict::Kind;

constexpr milliseconds kBucket = 10 * kMinute;
constexpr milliseconds kMemory = 7 * kDay;

std::int64_t BucketOf(Instant at) { return ToMs(at) / kBucket.count(); }

GateVerdict Suppress(Suppressor by, GateBlock said) {
  return {.kind = Kind::kSuppress, .by = by, .until = std::nullopt, .said = std::move(said)};
}

// Waits, or is suppressed by what holds it if its time has passed.
GateVerdict Wait(const GateInput& input, Suppressor by, std::optional<Instant> until,
                 GateBlock said) {
  if (input.now >= input.state.expires) {
    return Suppress(by, std::move(said));
  }
  const Instant look_again = std::min(until.value_or(input.state.expires), input.state.expires);
  return {.kind = Kind::kWait, .by = by, .until = look_again, .said = std::move(said)};
}

bool CountsFor(Channel sent, bool is_cs) { return (sent == Channel::kCs) == is_cs; }

// When a cap of `cap` in `span` has room again; nullopt: it has now.
std::optional<Instant> RoomAt(const CareState& care, bool is_cs, std::int32_t cap,
                              milliseconds span, Instant now) {
  if (cap <= 0) {
    return std::nullopt;
  }
  std::int32_t used = 0;
  for (auto sent = care.sent.rbegin(); sent != care.sent.rend() && sent->at > now - span; ++sent) {
    if (CountsFor(sent->channel, is_cs) && ++used == cap) {
      return sent->at + span;
    }
  }
  return std::nullopt;
}

std::optional<Instant> Later(std::optional<Instant> a, std::optional<Instant> b) {
  return a.has_value() && b.has_value() ? std::max(*a, *b) : (a.has_value() ? a : b);
}

std::optional<Instant> UserRoomAt(const GateInput& input) {
  if (input.user == nullptr || input.channel == Channel::kCs) {
    return std::nullopt;  // A task for colleagues is nothing that the user gets.
  }
  const GatePolicy& policy = input.policy;
  return Later(RoomAt(*input.user, false, policy.user_per_day, kDay, input.now),
               RoomAt(*input.user, false, policy.user_per_week, 7 * kDay, input.now));
}

std::optional<Instant> AccountRoomAt(const GateInput& input) {
  const GatePolicy& policy = input.policy;
  if (input.channel == Channel::kCs) {
    return RoomAt(*input.account, true, policy.cs_per_week, 7 * kDay, input.now);
  }
  return Later(RoomAt(*input.account, false, policy.account_per_day, kDay, input.now),
               RoomAt(*input.account, false, policy.account_per_week, 7 * kDay, input.now));
}

}  // namespace

void ReleaseCounts::Count(std::uint64_t rule, Instant at) {
  std::vector<Bucket>& buckets = buckets_[rule];
  const std::int64_t number = BucketOf(at);
  const std::int64_t oldest = BucketOf(at - kMemory);
  std::erase_if(buckets, [&](const Bucket& bucket) { return bucket.number < oldest; });
  if (buckets.empty() || buckets.back().number < number) {
    buckets.push_back({.number = number, .count = 0});
  }
  ++buckets.back().count;
}

bool ReleaseCounts::IsOver(const GatePolicy& policy, std::int32_t partitions, std::uint64_t rule,
                           Instant at) const {
  const auto found = buckets_.find(rule);
  if (policy.breaker_factor <= 0 || found == buckets_.end()) {
    return false;
  }
  const std::int64_t recent_from = BucketOf(at - policy.breaker_span);
  const std::int64_t oldest = BucketOf(at - kMemory);
  std::int64_t recent = 0;
  std::int64_t earlier = 0;
  for (const Bucket& bucket : found->second) {
    if (bucket.number > recent_from) {
      recent += bucket.count;
    } else if (bucket.number >= oldest) {
      earlier += bucket.count;
    }
  }
  const std::int64_t floor =
      (policy.breaker_floor + std::max(partitions, 1) - 1) / std::max(partitions, 1);
  const auto spans = static_cast<double>(kMemory.count()) /
                     static_cast<double>(std::max<std::int64_t>(policy.breaker_span.count(), 1));
  const double mean = static_cast<double>(earlier) / std::max(spans - 1, 1.0);
  return recent >= floor && static_cast<double>(recent) >= policy.breaker_factor * mean;
}

std::optional<Instant> ReleaseCounts::OverUntil(const GatePolicy& policy, std::int32_t partitions,
                                                std::uint64_t rule, Instant at) const {
  if (!IsOver(policy, partitions, rule, at)) {
    return std::nullopt;
  }
  // What counts changes as buckets leave the span, and has left it as a whole when that has passed.
  Instant until = at;
  do {
    until = kEpoch + kBucket * (BucketOf(until) + 1);
  } while (until - at < policy.breaker_span && IsOver(policy, partitions, rule, until));
  return until;
}

ReleaseCounts ReleaseCounts::FromParts(Parts parts) {
  ReleaseCounts counts;
  counts.buckets_ = std::move(parts);
  return counts;
}

GateVerdict JudgeGate(const GateInput& input) {
  GateBlock said;
  if (input.control != nullptr && input.control->is_killed) {
    return Suppress(Suppressor::kKilled, said);
  }
  if (input.control != nullptr && input.control->is_paused) {
    return Wait(input, Suppressor::kPaused, std::nullopt, said);
  }
  const RuleMode mode = input.control != nullptr && input.control->mode.has_value()
                            ? *input.control->mode
                            : input.rule.mode;
  if (mode == RuleMode::kOff) {
    return Suppress(Suppressor::kOff, said);
  }
  if (!input.has_cause) {
    return Suppress(Suppressor::kCauseGone, said);
  }
  if (input.now >= input.state.expires) {
    return Suppress(input.state.held_by.value_or(Suppressor::kExpired), said);
  }
  if (!input.is_measured) {
    return Wait(input, Suppressor::kMeasurement, std::nullopt, said);
  }
  said.consent = input.is_refused ? "refused" : "not refused";
  if (input.is_refused) {
    return Suppress(Suppressor::kConsent, said);
  }
  said.holdout = input.is_held_out ? "held back" : "not held back";
  if (input.is_held_out) {
    return {.kind = Kind::kHoldOut, .by = Suppressor::kHoldout, .until = {}, .said = said};
  }
  if (input.rung.needs_approval && mode == RuleMode::kLive) {
    said.approval = input.state.is_approved ? "granted" : "awaited";
    if (!input.state.is_approved) {
      return Wait(input, Suppressor::kApprovalExpired, std::nullopt, said);
    }
  } else {
    said.approval = "not needed";
  }
  if (input.breaker_open_until.has_value()) {
    return Wait(input, Suppressor::kBreaker, input.breaker_open_until, said);
  }
  if (input.channel != Channel::kCs) {
    const std::optional<Instant> quiet_until =
        QuietUntil(input.zone, input.policy.quiet_from, input.policy.quiet_to, input.now);
    said.quiet_hours = quiet_until.has_value() ? "quiet" : "outside";
    if (quiet_until.has_value()) {
      return Wait(input, Suppressor::kQuietHours, quiet_until, said);
    }
  } else {
    said.quiet_hours = "not asked for tasks";
  }
  if (const std::optional<Instant> room = UserRoomAt(input); room.has_value()) {
    said.caps = "the user's are full";
    return Wait(input, Suppressor::kCapUser, room, said);
  }
  if (const std::optional<Instant> room = AccountRoomAt(input); room.has_value()) {
    said.caps = "the account's are full";
    return Wait(input, Suppressor::kCapAccount, room, said);
  }
  said.caps = "have room";
  return {.kind = Kind::kGo, .by = std::nullopt, .until = std::nullopt, .said = said};
}

bool IsHeldOut(const Rule& rule, const GatePolicy& policy, std::string_view tenant) {
  constexpr std::uint64_t kParts = 1'000'000;
  const double share = rule.holdout.value_or(policy.holdout);
  const std::uint64_t hash = MixHash(Hash64(rule.name), Hash64(tenant));
  return static_cast<double>(hash % kParts) < share * static_cast<double>(kParts);
}

void NoteSent(Instant at, Channel channel, CareState* care) {
  auto place = std::ranges::upper_bound(care->sent, at, {}, &Sent::at);
  care->sent.insert(place, {.at = at, .channel = channel});
  const Instant oldest = care->sent.back().at - kMemory;
  std::erase_if(care->sent, [&](const Sent& sent) { return sent.at <= oldest; });
  if (care->sent.size() > kSentMax) {
    care->sent.erase(care->sent.begin());
  }
}

}  // namespace foothold::journey
