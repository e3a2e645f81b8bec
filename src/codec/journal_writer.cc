#include <algorithm>
#include <array>
#include <cstring>

#include "proto/journal.pb.h"
#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/codec/journal.h"
#include "src/codec/journal_format.h"
#include "src/codec/person_record.h"
#include "src/codec/playbook_message.h"
#include "src/codec/state.h"
#include "src/codec/wire.h"

namespace foothold::codec {
namespace {

using Entry = v1::JournalEntry;
using Fields = v1::JournalEvent;

constexpr std::size_t kHeaderBytes = kChecksumBytes + 2;
// More than the tags, sizes and numbers of an event can take together.
constexpr std::size_t kEventOverheadMax = 192;
// Two tags of one byte with their sizes.
constexpr std::size_t kEnvelopeMax = 2 * (1 + kVarintBytesMax);
constexpr std::size_t kSlotsAtStart = 256;

char* PutNumber(int field, std::uint64_t value, char* to) {
  if (value == 0) {
    return to;
  }
  return PutVarint(value, PutVarint(Tag(field, kVarintType), to));
}

char* PutText(int field, std::string_view text, char* to) {
  if (text.empty()) {
    return to;
  }
  to = PutVarint(text.size(), PutVarint(Tag(field, kSizedType), to));
  return std::copy(text.begin(), text.end(), to);
}

// Negative numbers are ten bytes of varint, as Protobuf has it for int32 and int64.
std::uint64_t Widened(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// Bytes of the event that go into its entry as they are.
std::size_t TextBytes(const journey::Event& event) {
  return event.user.size() + event.id.size() + event.role.size() + event.previous_user.size() +
         event.properties.bytes().size() + event.traits.bytes().size();
}

void ToMessage(const EraseWord& word, v1::EraseWord* message) {
  message->set_tenant_id(word.tenant);
  message->set_at(ToMs(word.at));
  for (const std::string& user : word.users) {
    message->add_user_ids(user);
  }
  for (const Hash128& hash : word.hashes) {
    std::string* const bytes = message->add_user_hashes();
    for (const std::uint64_t half : {hash.high, hash.low}) {
      for (int shift = 56; shift >= 0; shift -= 8) {
        bytes->push_back(static_cast<char>(half >> static_cast<unsigned>(shift)));
      }
    }
  }
}

}  // namespace

JournalBatchWriter::JournalBatchWriter() : slots_(kSlotsAtStart, 0) {}

char* JournalBatchWriter::PutEvent(const journey::Event& event, char* to) {
  to = PutNumber(Fields::kCallFieldNumber, static_cast<std::uint64_t>(event.kind), to);
  to = PutNumber(Fields::kTenantRefFieldNumber, Intern(event.tenant), to);
  to = PutText(Fields::kUserIdFieldNumber, event.user, to);
  to = PutText(Fields::kEventIdFieldNumber, event.id, to);
  to = PutVarint(Tag(Fields::kFingerprintFieldNumber, kFixed64Type), to);
  to = PutFixed64(event.fingerprint, to);
  to = PutNumber(Fields::kNameRefFieldNumber, Intern(event.name), to);
  to = PutNumber(Fields::kOccurredAtFieldNumber, Widened(ToMs(event.occurred_at)), to);
  to = PutNumber(Fields::kIsProductFieldNumber, event.is_product ? 1 : 0, to);
  to = PutText(Fields::kRoleFieldNumber, event.role, to);
  to = PutNumber(Fields::kIsRoleOverrideFieldNumber, event.is_role_override ? 1 : 0, to);
  to = PutText(Fields::kPreviousUserIdFieldNumber, event.previous_user, to);
  to = PutText(Fields::kPropertiesFieldNumber, event.properties.bytes(), to);
  to = PutText(Fields::kTraitsFieldNumber, event.traits.bytes(), to);
  to = PutNumber(Fields::kSourceRefFieldNumber, Intern(event.position.source), to);
  to = PutNumber(Fields::kTopicRefFieldNumber, Intern(event.position.topic), to);
  to = PutNumber(Fields::kPartitionFieldNumber, Widened(event.position.partition.value), to);
  return PutNumber(Fields::kOffsetFieldNumber, Widened(event.position.offset), to);
}

void JournalBatchWriter::Append(const journey::Event& event) {
  FOOTHOLD_CHECK(!event.tenant.empty() && !event.id.empty(), "an event has a tenant and an id");
  FOOTHOLD_CHECK(count_ < kJournalBatchEntriesMax, "the batch is full");
  // The body is written behind the largest possible envelope, then moved to its end.
  const std::size_t begin = entries_.size();
  entries_.resize(begin + kEnvelopeMax + kEventOverheadMax + TextBytes(event));
  char* const body = entries_.data() + begin + kEnvelopeMax;
  const char* const to = PutEvent(event, body);
  const auto body_size = static_cast<std::size_t>(to - body);

  std::array<char, kEnvelopeMax> inner;
  char* const inner_end =
      PutVarint(body_size, PutVarint(Tag(Entry::kEventFieldNumber, kSizedType), inner.data()));
  const auto inner_size = static_cast<std::size_t>(inner_end - inner.data());
  char* envelope = PutVarint(kEntryTag, entries_.data() + begin);
  envelope = PutVarint(inner_size + body_size, envelope);
  envelope = std::copy(inner.data(), inner_end, envelope);
  std::memmove(envelope, body, body_size);
  entries_.resize(static_cast<std::size_t>(envelope + body_size - entries_.data()));
  ++count_;
}

void JournalBatchWriter::Append(const journey::Progress& progress) {
  v1::JournalProgress message;
  for (const auto& [key, state] : progress.partitions) {
    v1::JournalProgress::Partition* const partition = message.add_partitions();
    partition->set_source_ref(Intern(key.source));
    partition->set_topic_ref(Intern(key.topic));
    partition->set_partition(key.partition);
    if (state.event_time_max.has_value()) {
      partition->set_event_time_max(ToMs(*state.event_time_max));
    }
    if (state.event_time_min.has_value()) {
      partition->set_event_time_min(ToMs(*state.event_time_min));
    }
    partition->set_is_at_end(state.is_at_end);
    if (state.broker_time_max.has_value()) {
      partition->set_broker_time_max(ToMs(*state.broker_time_max));
    }
    partition->set_unplaced_next(state.unplaced_next);
  }
  if (progress.wall.has_value()) {
    message.set_wall(ToMs(*progress.wall));
  }
  if (progress.final_clock.has_value()) {
    message.set_final_clock(ToMs(*progress.final_clock));
  }
  if (progress.people.has_value()) {
    message.set_people_partition(progress.people->partition);
    if (progress.people->until.has_value()) {
      message.set_people_until(ToMs(*progress.people->until));
    }
  }
  if (progress.counts.has_value()) {
    message.set_counted_at(ToMs(progress.counts->at));
    for (const auto& [name, count] : progress.counts->events) {
      v1::JournalProgress::EventCount* const written = message.add_event_counts();
      written->set_name_ref(Intern(name));
      written->set_count(count);
    }
  }
  AppendEntry(Entry::kProgressFieldNumber, message.SerializeAsString());
}

void JournalBatchWriter::Append(const journey::Roster& roster) {
  v1::JournalRoster message;
  message.set_mode(static_cast<v1::ClockMode>(roster.mode));
  message.set_people_partitions(roster.people_partitions);
  for (const journey::RosterSource& source : roster.sources) {
    v1::JournalRoster::Source* const written = message.add_sources();
    written->set_name(source.name);
    for (const auto& [name, partitions] : source.topic_partitions) {
      v1::JournalRoster::Topic* const topic = written->add_topics();
      topic->set_name(name);
      topic->set_partitions(partitions);
    }
    written->set_is_required(source.is_required);
    written->set_is_product(source.is_product);
    if (source.history_begin.has_value()) {
      written->set_history_begin(ToMs(*source.history_begin));
    }
    if (source.silence_after.has_value()) {
      written->set_silence_after(source.silence_after->count());
    }
  }
  AppendEntry(Entry::kRosterFieldNumber, message.SerializeAsString());
}

void JournalBatchWriter::Append(const Control& control) {
  v1::JournalControl message;
  message.set_number(control.number);
  message.set_follows(control.follows);
  if (const auto* publish = std::get_if<PublishPlaybook>(&control.action)) {
    ToMessage(publish->playbook, message.mutable_publish()->mutable_playbook());
  } else if (const auto* rule = std::get_if<RuleWord>(&control.action)) {
    message.mutable_rule()->set_rule(rule->rule);
    message.mutable_rule()->set_word(static_cast<v1::RuleWord::Word>(rule->word));
  } else if (const auto* approval = std::get_if<ApprovalWord>(&control.action)) {
    v1::ApprovalWord* const word = message.mutable_approval();
    word->set_tenant_id(approval->tenant);
    word->set_user_id(approval->user);
    word->set_rule(approval->rule);
    word->set_rung(approval->rung);
    word->set_is_granted(approval->is_granted);
  } else if (const auto* prepare = std::get_if<PreparePlaybook>(&control.action)) {
    ToMessage(prepare->playbook, message.mutable_prepare()->mutable_playbook());
  } else {
    ToMessage(std::get<EraseWord>(control.action), message.mutable_erase());
  }
  AppendEntry(Entry::kControlFieldNumber, message.SerializeAsString());
}

void JournalBatchWriter::Append(const Release& release) {
  v1::JournalRelease message;
  message.set_wall(ToMs(release.wall));
  AppendEntry(Entry::kReleaseFieldNumber, message.SerializeAsString());
}

void JournalBatchWriter::Append(const DeadLetterNote& note) {
  FOOTHOLD_CHECK(!note.tenant.empty(), "a dead letter's note has a tenant");
  v1::JournalDeadLetter message;
  message.set_tenant_ref(Intern(note.tenant));
  message.set_at(ToMs(note.at));
  AppendEntry(Entry::kDeadLetterFieldNumber, message.SerializeAsString());
}

void JournalBatchWriter::Append(const Recollection& recollection) {
  FOOTHOLD_CHECK(!recollection.tenant.empty(), "a recollection has a tenant");
  v1::Recollection message;
  if (recollection.user.empty()) {
    journey::Account account;
    account.tenant = recollection.tenant;
    account.trackers = recollection.trackers;
    message.set_account(EncodeAccount(account));
  } else {
    journey::User user;
    user.tenant = recollection.tenant;
    user.id = recollection.user;
    user.trackers = recollection.trackers;
    message.set_user(EncodeUser(user));
  }
  AppendEntry(Entry::kRecollectionFieldNumber, message.SerializeAsString());
}

void JournalBatchWriter::Append(const PersonRecord& record) {
  FOOTHOLD_CHECK(!record.event.user.empty() && !record.event.id.empty(),
                 "a person's record has a user and an id");
  std::string event(kEventOverheadMax + TextBytes(record.event), '\0');
  event.resize(static_cast<std::size_t>(PutEvent(record.event, event.data()) - event.data()));
  AppendEntry(Entry::kPersonRecordFieldNumber, EncodePersonRecord(record, event));
}

void JournalBatchWriter::Append(const PersonFact& fact) {
  v1::PersonFact message;
  message.set_kind(static_cast<v1::PersonFact::Kind>(fact.kind));
  message.set_user_id(fact.user.data(), fact.user.size());
  message.set_other(fact.other.data(), fact.other.size());
  message.set_at(ToMs(fact.at));
  message.set_hops(fact.hops);
  AppendEntry(Entry::kPersonFactFieldNumber, message.SerializeAsString());
}

bool JournalBatchWriter::HasRoomFor(const journey::Event& event) const {
  if (is_empty()) {
    return true;
  }
  const std::size_t table_bytes = event.tenant.size() + event.name.size() +
                                  event.position.source.size() + event.position.topic.size();
  return count_ < kJournalBatchEntriesMax &&
         bytes() + kEventOverheadMax + table_bytes + TextBytes(event) <= kJournalBatchBytesMax;
}

bool JournalBatchWriter::HasRoomFor(const PersonRecord& record) const {
  const bool has_room = HasRoomFor(record.event);
  if (is_empty() || !has_room || !record.raw.has_value()) {
    return has_room;
  }
  // The event is made of the record: the two are about as large.
  const std::size_t raw_bytes = record.raw->value.value_or("").size();
  return bytes() + kEventOverheadMax + TextBytes(record.event) + raw_bytes <= kJournalBatchBytesMax;
}

std::size_t JournalBatchWriter::bytes() const {
  return kHeaderBytes + strings_.size() + entries_.size();
}

std::string JournalBatchWriter::Take() {
  FOOTHOLD_CHECK(!is_empty(), "a batch has at least one entry");
  std::string batch;
  batch.reserve(bytes());
  AppendVarint(kChecksumTag, &batch);
  AppendFixed64(0, &batch);
  AppendVarint(kFormatTag, &batch);
  AppendVarint(kJournalFormat, &batch);
  batch += strings_;
  batch += entries_;
  PutFixed64(Hash64(std::string_view(batch).substr(kChecksumBytes)), batch.data() + 1);
  Clear();
  return batch;
}

void JournalBatchWriter::Clear() {
  entries_.clear();
  strings_.clear();
  string_spans_.clear();
  std::ranges::fill(slots_, 0U);
  count_ = 0;
}

std::string_view JournalBatchWriter::StringAt(std::uint32_t number) const {
  const Span& span = string_spans_[number - 1];
  return std::string_view(strings_).substr(span.begin, span.size);
}

std::uint32_t JournalBatchWriter::Intern(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(Hash64(text)) & mask;
  while (slots_[slot] != 0) {
    if (StringAt(slots_[slot]) == text) {
      return slots_[slot];
    }
    slot = (slot + 1) & mask;
  }
  AppendVarint(kStringTag, &strings_);
  AppendVarint(text.size(), &strings_);
  string_spans_.push_back({.begin = strings_.size(), .size = text.size()});
  strings_ += text;
  const auto number = static_cast<std::uint32_t>(string_spans_.size());
  slots_[slot] = number;
  if (string_spans_.size() * 2 > slots_.size()) {
    GrowSlots();
  }
  return number;
}

void JournalBatchWriter::GrowSlots() {
  slots_.assign(slots_.size() * 2, 0);
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t number = 1; number <= string_spans_.size(); ++number) {
    std::size_t slot = static_cast<std::size_t>(Hash64(StringAt(number))) & mask;
    while (slots_[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    slots_[slot] = number;
  }
}

void JournalBatchWriter::AppendEntry(std::uint32_t field, std::string_view body) {
  FOOTHOLD_CHECK(count_ < kJournalBatchEntriesMax, "the batch is full");
  std::string envelope;
  AppendVarint(Tag(static_cast<int>(field), kSizedType), &envelope);
  AppendVarint(body.size(), &envelope);
  AppendVarint(kEntryTag, &entries_);
  AppendVarint(envelope.size() + body.size(), &entries_);
  entries_ += envelope;
  entries_ += body;
  ++count_;
}

}  // namespace foothold::codec
