#include "tests/formats/describe.h"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "proto/playbook.pb.h"
#include "src/base/check.h"
#include "src/codec/playbook_message.h"

namespace foothold::formats {
namespace {

// Every field of what is told, in order: a field that is new in a struct does not compile here
// until it is told, too.
class Teller {
 public:
  static std::string Text(bool is_true) { return is_true ? "true" : "false"; }
  template <std::integral Number>
  static std::string Text(Number number) {
    return fmt::format("{}", number);
  }
  template <class Enum>
  requires std::is_enum_v<Enum>
  static std::string Text(Enum value) {
    return fmt::format("#{}", static_cast<std::uint64_t>(value));
  }
  static std::string Text(Instant at) { return fmt::format("{}ms", ToMs(at)); }
  static std::string Text(milliseconds span) { return fmt::format("{}ms", span.count()); }
  static std::string Text(PartitionId partition) { return Text(partition.value); }
  static std::string Text(NextOffset offset) { return Text(offset.value); }
  // Quoted; what is not printable ASCII by its code.
  static std::string Text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
      const bool is_plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
      quoted +=
          is_plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
    return quoted + '"';
  }
  static std::string Text(const std::string& text) { return Text(std::string_view(text)); }
  // Each value with the number of its type.
  static std::string Text(const BagView& bag) {
    std::string text;
    std::string_view rest = bag.bytes();
    while (const std::optional<BagEntry> entry = BagView::Next(&rest)) {
      text += fmt::format("{}{} {}/{}", text.empty() ? "" : ", ", Text(entry->name),
                          entry->value.index(), Text(ScalarText(entry->value)));
    }
    return "{" + text + "}";
  }
  template <class T>
  static std::string Text(const std::optional<T>& maybe) {
    return maybe.has_value() ? Text(*maybe) : "-";
  }
  template <class A, class B>
  static std::string Text(const std::pair<A, B>& pair) {
    return Text(pair.first) + " -> " + Text(pair.second);
  }
  template <class T>
  static std::string Text(const std::vector<T>& list) {
    return List(list);
  }
  template <class T, std::size_t size>
  static std::string Text(const std::array<T, size>& list) {
    return List(list);
  }
  template <class Key, class Value, class Order>
  static std::string Text(const std::map<Key, Value, Order>& map) {
    return List(map);
  }
  template <class... Kinds>
  static std::string Text(const std::variant<Kinds...>& variant) {
    return std::visit(
        [&](const auto& known) { return fmt::format("<{}> {}", variant.index(), Text(known)); },
        variant);
  }
  static std::string Text(const journey::ErasedIds& ids) { return Text(ids.parts()); }
  static std::string Text(const journey::ReleaseCounts& counts) { return Text(counts.parts()); }
  static std::string Text(const journey::Playbook& playbook) {
    v1::Playbook message;
    codec::ToMessage(playbook, &message);
    return message.Utf8DebugString();
  }
  static std::string Text(const codec::PublishPlaybook& publish) { return Text(publish.playbook); }
  static std::string Text(const codec::PreparePlaybook& prepare) { return Text(prepare.playbook); }

  static std::string Text(const Hash128& object) {
    const auto& [high, low] = object;
    return Fields("high low", high, low);
  }
  static std::string Text(const journey::Occurrence& object) {
    const auto& [at, event_id, fingerprint, event, value, source, topic, partition, offset] =
        object;
    return Fields("at event_id fingerprint event value source topic partition offset", at, event_id,
                  fingerprint, event, value, source, topic, partition, offset);
  }
  static std::string Text(const journey::TrackerState& object) {
    const auto& [key, kept] = object;
    return Fields("key kept", key, kept);
  }
  static std::string Text(const journey::TraitState& object) {
    const auto& [name, bag, at, id_hash] = object;
    return Fields("name bag at id_hash", name, bag, at, id_hash);
  }
  static std::string Text(const journey::RoleFact& object) {
    const auto& [at, id_hash, rank, role] = object;
    return Fields("at id_hash rank role", at, id_hash, rank, role);
  }
  static std::string Text(const journey::Session& object) {
    const auto& [begin, end] = object;
    return Fields("begin end", begin, end);
  }
  static std::string Text(const journey::Stamp& object) {
    const auto& [at, id_hash] = object;
    return Fields("at id_hash", at, id_hash);
  }
  static std::string Text(const journey::ActiveDays& object) {
    const auto& [last_day, bits] = object;
    return Fields("last_day bits", last_day, bits);
  }
  static std::string Text(const journey::Contribution& object) {
    const auto& [is_member, is_invited, is_joined, is_eligible, is_active, is_reached, is_late,
                 role, steps_met, is_at_risk] = object;
    return Fields(
        "is_member is_invited is_joined is_eligible is_active is_reached is_late role steps_met "
        "is_at_risk",
        is_member, is_invited, is_joined, is_eligible, is_active, is_reached, is_late, role,
        steps_met, is_at_risk);
  }
  static std::string Text(const journey::EmittedTruth& object) {
    const auto& [state, activated_at, role, activation_class, ce_id, decided_at] = object;
    return Fields("state activated_at role activation_class ce_id decided_at", state, activated_at,
                  role, activation_class, ce_id, decided_at);
  }
  static std::string Text(const journey::EmittedSteps& object) {
    const auto& [role, met, current] = object;
    return Fields("role met current", role, met, current);
  }
  static std::string Text(const journey::Holding& object) {
    const auto& [key, since] = object;
    return Fields("key since", key, since);
  }
  static std::string Text(const journey::RiskState& object) {
    const auto& [level, score, is_held, signals, sequence, ce_id] = object;
    return Fields("level score is_held signals sequence ce_id", level, score, is_held, signals,
                  sequence, ce_id);
  }
  static std::string Text(const journey::RungState& object) {
    const auto& [rule, rung, phase, is_approved, is_cancelled, is_otherwise, channel, triggered_at,
                 due, expires, not_before, held_by, released_at, ce_id, label, trigger_event] =
        object;
    return Fields(
        "rule rung phase is_approved is_cancelled is_otherwise channel triggered_at due expires "
        "not_before held_by released_at ce_id label trigger_event",
        rule, rung, phase, is_approved, is_cancelled, is_otherwise, channel, triggered_at, due,
        expires, not_before, held_by, released_at, ce_id, label, trigger_event);
  }
  static std::string Text(const journey::EpisodeState& object) {
    const auto& [rule, episode, rungs, is_holding, since] = object;
    return Fields("rule episode rungs is_holding since", rule, episode, rungs, is_holding, since);
  }
  static std::string Text(const journey::Sent& object) {
    const auto& [at, channel] = object;
    return Fields("at channel", at, channel);
  }
  static std::string Text(const journey::CareState& object) {
    const auto& [rungs, episodes, sent, email_sequence, in_app_sequence, cs_sequence,
                 log_sequence] = object;
    return Fields("rungs episodes sent email_sequence in_app_sequence cs_sequence log_sequence",
                  rungs, episodes, sent, email_sequence, in_app_sequence, cs_sequence,
                  log_sequence);
  }
  static std::string Text(const journey::StruggleState& object) {
    const auto& [action, repeats, repeats_max, session_last_at, sessions] = object;
    return Fields("action repeats repeats_max session_last_at sessions", action, repeats,
                  repeats_max, session_last_at, sessions);
  }
  static std::string Text(const journey::FeatureUse& object) {
    const auto& [decade, features] = object;
    return Fields("decade features", decade, features);
  }
  static std::string Text(const journey::User& object) {
    const auto& [tenant, id, trackers, traits, role_facts, joined, removed, was_invited,
                 has_birth_fact, is_named_by_group, first_seen, first_seen_source, last_seen,
                 sessions, sessions_dropped, active_days, core_time, last_event_at,
                 was_last_event_core, recent_ids, outreach, absence_judged_until, contribution,
                 truth, steps, status_hash, volatile_hash, activation_sequence, progress_sequence,
                 due, is_due_for_refresh, risk, care, struggle, features] = object;
    return Lines(
        "tenant id trackers traits role_facts joined removed was_invited has_birth_fact "
        "is_named_by_group first_seen first_seen_source last_seen sessions sessions_dropped "
        "active_days core_time last_event_at was_last_event_core recent_ids outreach "
        "absence_judged_until contribution truth steps status_hash volatile_hash "
        "activation_sequence progress_sequence due is_due_for_refresh risk care struggle features",
        tenant, id, trackers, traits, role_facts, joined, removed, was_invited, has_birth_fact,
        is_named_by_group, first_seen, first_seen_source, last_seen, sessions, sessions_dropped,
        active_days, core_time, last_event_at, was_last_event_core, recent_ids, outreach,
        absence_judged_until, contribution, truth, steps, status_hash, volatile_hash,
        activation_sequence, progress_sequence, due, is_due_for_refresh, risk, care, struggle,
        features);
  }
  static std::string Text(const journey::GroupCount& object) {
    const auto& [members, joined, active, reached, late, at_risk] = object;
    return Fields("members joined active reached late at_risk", members, joined, active, reached,
                  late, at_risk);
  }
  static std::string Text(const journey::StepFlow& object) {
    const auto& [entered, completed, buckets] = object;
    return Fields("entered completed buckets", entered, completed, buckets);
  }
  static std::string Text(const journey::BlockerState& object) {
    const auto& [key, since] = object;
    return Fields("key since", key, since);
  }
  static std::string Text(const journey::RoleContact& object) {
    const auto& [user, email, name, timezone] = object;
    return Fields("user email name timezone", user, email, name, timezone);
  }
  static std::string Text(const journey::RoleCount& object) {
    const auto& [role, all, eligible, joined, invited, steps_met, steps_first_met, flows, contact] =
        object;
    return Fields("role all eligible joined invited steps_met steps_first_met flows contact", role,
                  all, eligible, joined, invited, steps_met, steps_first_met, flows, contact);
  }
  static std::string Text(const journey::Account& object) {
    const auto& [tenant, trackers, traits, first_seen, first_seen_source, born_at, open_tickets,
                 last_outreach_at, roles, recent_ids, state, activated_at, activation_ce_id,
                 status_hash, volatile_hash, activation_sequence, stage, stage_entered_at,
                 is_stage_late, blockers, risk, care, judged_until, due, churned_at,
                 incomplete_since, dead_letter_at, watchers, has_more_watchers] = object;
    return Lines(
        "tenant trackers traits first_seen first_seen_source born_at open_tickets last_outreach_at "
        "roles recent_ids state activated_at activation_ce_id status_hash volatile_hash "
        "activation_sequence stage stage_entered_at is_stage_late blockers risk care judged_until "
        "due churned_at incomplete_since dead_letter_at watchers has_more_watchers",
        tenant, trackers, traits, first_seen, first_seen_source, born_at, open_tickets,
        last_outreach_at, roles, recent_ids, state, activated_at, activation_ce_id, status_hash,
        volatile_hash, activation_sequence, stage, stage_entered_at, is_stage_late, blockers, risk,
        care, judged_until, due, churned_at, incomplete_since, dead_letter_at, watchers,
        has_more_watchers);
  }
  static std::string Text(const journey::Person& object) {
    const auto& [id, accounts, successor, waiting_begin, waiting_end, waiting_bytes,
                 waiting_until] = object;
    return Lines("id accounts successor waiting_begin waiting_end waiting_bytes waiting_until", id,
                 accounts, successor, waiting_begin, waiting_end, waiting_bytes, waiting_until);
  }
  static std::string Text(const journey::SourcePartition& object) {
    const auto& [source, topic, partition] = object;
    return Fields("source topic partition", source, topic, partition);
  }
  static std::string Text(const journey::RosterSource& object) {
    const auto& [name, topic_partitions, is_required, is_product, history_begin, silence_after] =
        object;
    return Fields("name topic_partitions is_required is_product history_begin silence_after", name,
                  topic_partitions, is_required, is_product, history_begin, silence_after);
  }
  static std::string Text(const journey::Roster& object) {
    const auto& [mode, sources, people_partitions] = object;
    return Fields("mode sources people_partitions", mode, sources, people_partitions);
  }
  static std::string Text(const journey::PartitionProgress& object) {
    const auto& [event_time_max, event_time_min, is_at_end, broker_time_max, unplaced_next] =
        object;
    return Fields("event_time_max event_time_min is_at_end broker_time_max unplaced_next",
                  event_time_max, event_time_min, is_at_end, broker_time_max, unplaced_next);
  }
  static std::string Text(const journey::PeopleProgress& object) {
    const auto& [partition, until] = object;
    return Fields("partition until", partition, until);
  }
  static std::string Text(const journey::EventCounts& object) {
    const auto& [at, events] = object;
    return Fields("at events", at, events);
  }
  static std::string Text(const journey::Progress& object) {
    const auto& [partitions, wall, final_clock, people, counts] = object;
    return Fields("partitions wall final_clock people counts", partitions, wall, final_clock,
                  people, counts);
  }
  static std::string Text(const journey::EventVolume& object) {
    const auto& [first, last, counts, norm, quiet_since] = object;
    return Fields("first last counts norm quiet_since", first, last, counts, norm, quiet_since);
  }
  static std::string Text(const journey::EventVolumes& volumes) {
    const journey::EventVolumes::Parts parts = volumes.parts();
    const auto& [events, revision, judged_until] = parts;
    return Fields("events revision judged_until", events, revision, judged_until);
  }
  static std::string Text(const journey::Clock::People& object) {
    const auto& [until, handled] = object;
    return Fields("until handled", until, handled);
  }
  static std::string Text(const journey::Clock::Life::Gap& object) {
    const auto& [day, longest] = object;
    return Fields("day longest", day, longest);
  }
  static std::string Text(const journey::Clock::Life& object) {
    const auto& [last, gaps] = object;
    return Fields("last gaps", last, gaps);
  }
  static std::string Text(const journey::Clock::Parts& object) {
    const auto& [roster, partitions, now, wall, final_clock, people, lives] = object;
    return Lines("roster partitions now wall final_clock people lives", roster, partitions, now,
                 wall, final_clock, people, lives);
  }
  static std::string Text(const journey::SourcePosition& object) {
    const auto& [source, topic, partition, offset] = object;
    return Fields("source topic partition offset", source, topic, partition, offset);
  }
  static std::string Text(const journey::Event& object) {
    const auto& [kind, tenant, user, id, fingerprint, name, occurred_at, is_product, role,
                 is_role_override, previous_user, properties, traits, position] = object;
    return Fields(
        "kind tenant user id fingerprint name occurred_at is_product role is_role_override "
        "previous_user properties traits position",
        kind, tenant, user, id, fingerprint, name, occurred_at, is_product, role, is_role_override,
        previous_user, properties, traits, position);
  }
  static std::string Text(const journey::RuleControl& object) {
    const auto& [is_paused, is_killed, mode] = object;
    return Fields("is_paused is_killed mode", is_paused, is_killed, mode);
  }
  static std::string Text(const journey::ReleaseCounts::Bucket& object) {
    const auto& [number, count] = object;
    return Fields("number count", number, count);
  }
  static std::string Text(const codec::PendingWalk& object) {
    const auto& [kind, tenant, cursor] = object;
    return Fields("kind tenant cursor", kind, tenant, cursor);
  }
  static std::string Text(const codec::Meta& object) {
    const auto& [journal_next, next_entry, control_number, counters, walks] = object;
    return Lines("journal_next next_entry control_number counters walks", journal_next, next_entry,
                 control_number, counters, walks);
  }
  static std::string Text(const codec::RuleWord& object) {
    const auto& [rule, word] = object;
    return Fields("rule word", rule, word);
  }
  static std::string Text(const codec::ApprovalWord& object) {
    const auto& [tenant, user, rule, rung, is_granted] = object;
    return Fields("tenant user rule rung is_granted", tenant, user, rule, rung, is_granted);
  }
  static std::string Text(const codec::EraseWord& object) {
    const auto& [tenant, at, users, hashes] = object;
    return Fields("tenant at users hashes", tenant, at, users, hashes);
  }
  static std::string Text(const codec::Control& object) {
    const auto& [number, follows, action] = object;
    return Fields("number follows action", number, follows, action);
  }
  static std::string Text(const codec::Release& object) {
    const auto& [wall] = object;
    return Fields("wall", wall);
  }
  static std::string Text(const codec::DeadLetterNote& object) {
    const auto& [tenant, at] = object;
    return Fields("tenant at", tenant, at);
  }
  static std::string Text(const codec::Recollection& object) {
    const auto& [tenant, user, trackers] = object;
    return Fields("tenant user trackers", tenant, user, trackers);
  }
  static std::string Text(const codec::RawRecord& object) {
    const auto& [key, value, headers, timestamp] = object;
    return Fields("key value headers timestamp", key, value, headers, timestamp);
  }
  static std::string Text(const codec::PersonRecord& object) {
    const auto& [event, at, hops, is_for_previous, flaw, flaw_detail, raw] = object;
    return Fields("event at hops is_for_previous flaw flaw_detail raw", event, at, hops,
                  is_for_previous, flaw, flaw_detail, raw);
  }
  static std::string Text(const codec::PersonFact& object) {
    const auto& [kind, user, other, at, hops] = object;
    return Fields("kind user other at hops", kind, user, other, at, hops);
  }

 private:
  template <class Items>
  static std::string List(const Items& items) {
    std::string text;
    for (const auto& item : items) {
      text += (text.empty() ? "" : ", ") + Text(item);
    }
    return "[" + text + "]";
  }
  // `names`: with blanks between them.
  template <class... Values>
  static std::string Join(std::string_view names, std::string_view between,
                          const Values&... values) {
    std::string text;
    ((text += fmt::format("{}{}: {}", text.empty() ? "" : between, TakeName(&names), Text(values))),
     ...);
    FOOTHOLD_CHECK(names.empty(), "a name without a value");
    return text;
  }
  static std::string TakeName(std::string_view* names) {
    FOOTHOLD_CHECK(!names->empty(), "a value without a name");
    const std::string name(names->substr(0, names->find(' ')));
    names->remove_prefix(std::min(names->size(), name.size() + 1));
    return name;
  }
  template <class... Values>
  static std::string Fields(std::string_view names, const Values&... values) {
    return "{" + Join(names, ", ", values...) + "}";
  }
  template <class... Values>
  static std::string Lines(std::string_view names, const Values&... values) {
    return Join(names, "\n", values...);
  }
};

}  // namespace

std::string Describe(const journey::User& value) { return Teller::Text(value); }
std::string Describe(const journey::Account& value) { return Teller::Text(value); }
std::string Describe(const journey::Person& value) { return Teller::Text(value); }
std::string Describe(const journey::Clock::Parts& value) { return Teller::Text(value); }
std::string Describe(const codec::Meta& value) { return Teller::Text(value); }
std::string Describe(const journey::Playbook& value) { return Teller::Text(value); }
std::string Describe(const journey::RuleControls& value) { return Teller::Text(value); }
std::string Describe(const journey::ReleaseCounts& value) { return Teller::Text(value); }
std::string Describe(const journey::ErasedIds& value) { return Teller::Text(value); }
std::string Describe(const journey::EventVolumes& value) { return Teller::Text(value); }
std::string Describe(const codec::JournalEntry& value) { return Teller::Text(value); }

}  // namespace foothold::formats
