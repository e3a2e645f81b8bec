#include <limits>
#include <utility>

#include <fmt/format.h>

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

std::optional<Instant> OptionalInstant(bool is_there, std::int64_t ms) {
  return is_there ? std::optional(InstantFromMs(ms)) : std::nullopt;
}

Failure Damaged(std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("journal batch is damaged: {}", what));
}

Failure Newer(std::string_view what) {
  return Error(Code::kFatal,
               fmt::format("journal batch was written by a newer Foothold: {}", what));
}

template <class Message>
bool Parse(std::string_view bytes, Message* message) {
  return bytes.size() <= static_cast<std::size_t>(std::numeric_limits<int>::max()) &&
         message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

Result<journey::Roster> ReadRoster(std::string_view body) {
  v1::JournalRoster message;
  if (!Parse(body, &message)) {
    return Damaged("a roster entry cannot be parsed");
  }
  journey::Roster roster;
  if (message.mode() != v1::CLOCK_MODE_WALL && message.mode() != v1::CLOCK_MODE_EVENT) {
    return Newer(fmt::format("clock mode {}", static_cast<int>(message.mode())));
  }
  roster.mode = static_cast<journey::ClockMode>(message.mode());
  roster.people_partitions = message.people_partitions();
  for (const v1::JournalRoster::Source& source : message.sources()) {
    journey::RosterSource& read = roster.sources.emplace_back();
    read.name = source.name();
    for (const v1::JournalRoster::Topic& topic : source.topics()) {
      read.topic_partitions[topic.name()] = topic.partitions();
    }
    read.is_required = source.is_required();
    read.is_product = source.is_product();
    read.history_begin = OptionalInstant(source.has_history_begin(), source.history_begin());
    if (source.has_silence_after()) {
      read.silence_after = milliseconds(source.silence_after());
    }
  }
  return roster;
}

Result<EraseWord> ReadErase(const v1::EraseWord& message) {
  EraseWord word{.tenant = message.tenant_id(), .at = {}, .users = {}, .hashes = {}};
  if (word.tenant.empty() || message.at() < 0) {
    return Damaged("an erasure cannot be parsed");
  }
  word.at = InstantFromMs(message.at());
  word.users.assign(message.user_ids().begin(), message.user_ids().end());
  for (const std::string& bytes : message.user_hashes()) {
    if (bytes.size() != 2 * sizeof(std::uint64_t)) {
      return Damaged("the hash of an erased id has another size");
    }
    Hash128 hash;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      std::uint64_t& half = i < sizeof(std::uint64_t) ? hash.high : hash.low;
      half = half << 8U | static_cast<unsigned char>(bytes[i]);
    }
    word.hashes.push_back(hash);
  }
  return word;
}

Result<Control> ReadControl(std::string_view body) {
  v1::JournalControl message;
  if (!Parse(body, &message)) {
    return Damaged("a control entry cannot be parsed");
  }
  Control control{.number = message.number(), .follows = message.follows(), .action = {}};
  switch (message.action_case()) {
    case v1::JournalControl::kPublish: {
      FOOTHOLD_ASSIGN(journey::Playbook playbook, FromMessage(message.publish().playbook()));
      control.action = PublishPlaybook{.playbook = std::move(playbook)};
      return control;
    }
    case v1::JournalControl::kRule: {
      const auto word = message.rule().word();
      if (word < v1::RuleWord::WORD_PAUSE || word > v1::RuleWord::WORD_OFF) {
        return Newer(fmt::format("control entry {} says {} of a rule", message.number(),
                                 static_cast<int>(word)));
      }
      control.action =
          RuleWord{.rule = message.rule().rule(), .word = static_cast<RuleWord::Word>(word)};
      return control;
    }
    case v1::JournalControl::kApproval: {
      const v1::ApprovalWord& word = message.approval();
      control.action = ApprovalWord{.tenant = word.tenant_id(),
                                    .user = word.user_id(),
                                    .rule = word.rule(),
                                    .rung = word.rung(),
                                    .is_granted = word.is_granted()};
      return control;
    }
    case v1::JournalControl::kErase: {
      FOOTHOLD_ASSIGN(control.action, ReadErase(message.erase()));
      return control;
    }
    case v1::JournalControl::kPrepare: {
      FOOTHOLD_ASSIGN(journey::Playbook playbook, FromMessage(message.prepare().playbook()));
      control.action = PreparePlaybook{.playbook = std::move(playbook)};
      return control;
    }
    case v1::JournalControl::ACTION_NOT_SET:
      break;
  }
  return Newer(fmt::format("control entry {} has an unknown action", message.number()));
}

Result<Release> ReadRelease(std::string_view body) {
  v1::JournalRelease message;
  if (!Parse(body, &message) || message.wall() < 0) {
    return Damaged("a release entry cannot be parsed");
  }
  return Release{.wall = InstantFromMs(message.wall())};
}

Result<Recollection> ReadRecollection(std::string_view body) {
  v1::Recollection message;
  if (!Parse(body, &message) || message.user().empty() == message.account().empty()) {
    return Damaged("a recollection cannot be parsed");
  }
  Recollection recollection;
  if (message.user().empty()) {
    FOOTHOLD_ASSIGN(journey::Account account, DecodeAccount(message.account()));
    recollection = {
        .tenant = std::move(account.tenant), .user = {}, .trackers = std::move(account.trackers)};
  } else {
    FOOTHOLD_ASSIGN(journey::User user, DecodeUser(message.user()));
    recollection = {.tenant = std::move(user.tenant),
                    .user = std::move(user.id),
                    .trackers = std::move(user.trackers)};
  }
  const bool has_ids =
      !recollection.tenant.empty() && (message.user().empty() || !recollection.user.empty());
  if (!has_ids) {
    return Damaged("a recollection is of nobody");
  }
  return recollection;
}

// The fields of an event as they stand on the wire.
struct EventFields {
  std::uint64_t call = 0, tenant = 0, name = 0, occurred_at = 0, is_product = 0;
  std::uint64_t is_role_override = 0, source = 0, topic = 0, partition = 0, offset = 0;
  std::uint64_t fingerprint = 0;
  std::string_view user, id, role, previous_user, properties, traits;
};

std::uint64_t* NumberField(std::uint64_t tag, EventFields* fields) {
  switch (tag) {
    case Tag(Fields::kCallFieldNumber, kVarintType):
      return &fields->call;
    case Tag(Fields::kTenantRefFieldNumber, kVarintType):
      return &fields->tenant;
    case Tag(Fields::kNameRefFieldNumber, kVarintType):
      return &fields->name;
    case Tag(Fields::kOccurredAtFieldNumber, kVarintType):
      return &fields->occurred_at;
    case Tag(Fields::kIsProductFieldNumber, kVarintType):
      return &fields->is_product;
    case Tag(Fields::kIsRoleOverrideFieldNumber, kVarintType):
      return &fields->is_role_override;
    case Tag(Fields::kSourceRefFieldNumber, kVarintType):
      return &fields->source;
    case Tag(Fields::kTopicRefFieldNumber, kVarintType):
      return &fields->topic;
    case Tag(Fields::kPartitionFieldNumber, kVarintType):
      return &fields->partition;
    case Tag(Fields::kOffsetFieldNumber, kVarintType):
      return &fields->offset;
    default:
      return nullptr;
  }
}

std::string_view* TextField(std::uint64_t tag, EventFields* fields) {
  switch (tag) {
    case Tag(Fields::kUserIdFieldNumber, kSizedType):
      return &fields->user;
    case Tag(Fields::kEventIdFieldNumber, kSizedType):
      return &fields->id;
    case Tag(Fields::kRoleFieldNumber, kSizedType):
      return &fields->role;
    case Tag(Fields::kPreviousUserIdFieldNumber, kSizedType):
      return &fields->previous_user;
    case Tag(Fields::kPropertiesFieldNumber, kSizedType):
      return &fields->properties;
    case Tag(Fields::kTraitsFieldNumber, kSizedType):
      return &fields->traits;
    default:
      return nullptr;
  }
}

Status ReadFields(std::string_view body, EventFields* fields) {
  ByteReader reader(body);
  while (!reader.is_done()) {
    std::uint64_t tag = 0;
    bool is_read = reader.Varint(&tag);
    if (is_read && tag == Tag(Fields::kFingerprintFieldNumber, kFixed64Type)) {
      is_read = reader.Fixed64(&fields->fingerprint);
    } else if (std::uint64_t* const number = NumberField(tag, fields); number != nullptr) {
      is_read = is_read && reader.Varint(number);
    } else if (std::string_view* const text = TextField(tag, fields); text != nullptr) {
      is_read = is_read && reader.SizedBytes(text);
    } else if (is_read) {
      return Newer(fmt::format("an event has a field of tag {}", tag));
    }
    if (!is_read) {
      return Damaged("an event is cut");
    }
  }
  return {};
}

}  // namespace

Result<JournalBatchReader> JournalBatchReader::Open(std::string_view bytes) {
  ByteReader reader(bytes);
  std::uint64_t tag = 0;
  std::uint64_t checksum = 0;
  if (!reader.Varint(&tag) || tag != kChecksumTag || !reader.Fixed64(&checksum) ||
      checksum != Hash64(bytes.substr(kChecksumBytes))) {
    return Damaged("its checksum does not agree");
  }
  JournalBatchReader batch;
  while (!reader.is_done()) {
    std::uint64_t format = 0;
    std::string_view field;
    if (!reader.Varint(&tag)) {
      return Damaged("it is cut");
    }
    if (tag == kFormatTag) {
      if (!reader.Varint(&format)) {
        return Damaged("it is cut");
      }
      if (format > kJournalFormat) {
        return Newer(fmt::format("format {}, this one reads up to {}", format, kJournalFormat));
      }
    } else if (tag == kStringTag || tag == kEntryTag) {
      if (!reader.SizedBytes(&field)) {
        return Damaged("it is cut");
      }
      (tag == kStringTag ? batch.strings_ : batch.entries_).push_back(field);
    } else {
      return Newer(fmt::format("a field of tag {}", tag));
    }
  }
  return batch;
}

Result<JournalEntry> JournalBatchReader::entry(std::size_t i) const {
  FOOTHOLD_CHECK(i < entries_.size(), "the batch has fewer entries");
  ByteReader reader(entries_[i]);
  std::uint64_t tag = 0;
  std::string_view body;
  if (!reader.Varint(&tag) || !reader.SizedBytes(&body) || !reader.is_done()) {
    return Damaged(fmt::format("entry {} is cut", i));
  }
  switch (tag) {
    case Tag(Entry::kEventFieldNumber, kSizedType):
      return ReadEvent(body);
    case Tag(Entry::kProgressFieldNumber, kSizedType):
      return ReadProgress(body);
    case Tag(Entry::kRosterFieldNumber, kSizedType):
      return ReadRoster(body);
    case Tag(Entry::kControlFieldNumber, kSizedType):
      return ReadControl(body);
    case Tag(Entry::kReleaseFieldNumber, kSizedType):
      return ReadRelease(body);
    case Tag(Entry::kPersonRecordFieldNumber, kSizedType):
      return ReadPersonRecord(body);
    case Tag(Entry::kPersonFactFieldNumber, kSizedType):
      return ReadPersonFact(body);
    case Tag(Entry::kDeadLetterFieldNumber, kSizedType):
      return ReadDeadLetterNote(body);
    case Tag(Entry::kRecollectionFieldNumber, kSizedType):
      return ReadRecollection(body);
    default:
      return Newer(fmt::format("entry {} is of an unknown kind", i));
  }
}

Result<DeadLetterNote> JournalBatchReader::ReadDeadLetterNote(std::string_view body) const {
  v1::JournalDeadLetter message;
  DeadLetterNote note;
  if (!Parse(body, &message) || !Resolve(message.tenant_ref(), &note.tenant) ||
      note.tenant.empty()) {
    return Damaged("the note of a dead letter cannot be parsed");
  }
  note.at = InstantFromMs(message.at());
  return note;
}

Result<journey::Event> JournalBatchReader::ReadEvent(std::string_view body) const {
  FOOTHOLD_ASSIGN(const journey::Event event, ReadAnyEvent(body));
  if (event.tenant.empty()) {
    return Damaged("an event has no tenant");
  }
  return event;
}

Result<PersonRecord> JournalBatchReader::ReadPersonRecord(std::string_view body) const {
  PersonRecord record;
  std::string_view event;
  FOOTHOLD_TRY(DecodePersonRecord(body, &record, &event));
  FOOTHOLD_ASSIGN(record.event, ReadAnyEvent(event));
  if (record.event.user.empty()) {
    return Damaged("a person's record has no user");
  }
  return record;
}

Result<journey::Event> JournalBatchReader::ReadAnyEvent(std::string_view body) const {
  EventFields fields;
  FOOTHOLD_TRY(ReadFields(body, &fields));
  journey::Event event;
  if (fields.call < static_cast<std::uint64_t>(journey::CallKind::kTrack) ||
      fields.call > static_cast<std::uint64_t>(journey::CallKind::kAlias)) {
    return Newer(fmt::format("an event is of call {}", fields.call));
  }
  event.kind = static_cast<journey::CallKind>(fields.call);
  if (!Resolve(fields.tenant, &event.tenant) || !Resolve(fields.name, &event.name) ||
      !Resolve(fields.source, &event.position.source) ||
      !Resolve(fields.topic, &event.position.topic)) {
    return Damaged("an event refers to a string that is not in the table");
  }
  if (fields.id.empty()) {
    return Damaged("an event has no id");
  }
  event.user = fields.user;
  event.id = fields.id;
  event.fingerprint = fields.fingerprint;
  event.occurred_at = InstantFromMs(static_cast<std::int64_t>(fields.occurred_at));
  event.is_product = fields.is_product != 0;
  event.role = fields.role;
  event.is_role_override = fields.is_role_override != 0;
  event.previous_user = fields.previous_user;
  event.properties = BagView(fields.properties);
  event.traits = BagView(fields.traits);
  event.position.partition = PartitionId{static_cast<std::int32_t>(fields.partition)};
  event.position.offset = static_cast<std::int64_t>(fields.offset);
  return event;
}

Result<journey::Progress> JournalBatchReader::ReadProgress(std::string_view body) const {
  v1::JournalProgress message;
  if (!Parse(body, &message)) {
    return Damaged("a progress entry cannot be parsed");
  }
  journey::Progress progress;
  for (const v1::JournalProgress::Partition& partition : message.partitions()) {
    std::string_view source;
    std::string_view topic;
    if (!Resolve(partition.source_ref(), &source) || !Resolve(partition.topic_ref(), &topic)) {
      return Damaged("a progress entry refers to a string that is not in the table");
    }
    progress.partitions[{std::string(source), std::string(topic), partition.partition()}] = {
        .event_time_max =
            OptionalInstant(partition.has_event_time_max(), partition.event_time_max()),
        .event_time_min =
            OptionalInstant(partition.has_event_time_min(), partition.event_time_min()),
        .is_at_end = partition.is_at_end(),
        .broker_time_max =
            OptionalInstant(partition.has_broker_time_max(), partition.broker_time_max()),
        .unplaced_next = partition.unplaced_next()};
  }
  progress.wall = OptionalInstant(message.has_wall(), message.wall());
  progress.final_clock = OptionalInstant(message.has_final_clock(), message.final_clock());
  if (message.has_people_partition()) {
    progress.people = {
        .partition = message.people_partition(),
        .until = OptionalInstant(message.has_people_until(), message.people_until())};
  }
  if (message.has_counted_at()) {
    journey::EventCounts& counts = progress.counts.emplace();
    counts.at = InstantFromMs(message.counted_at());
    for (const v1::JournalProgress::EventCount& count : message.event_counts()) {
      std::string_view name;
      if (!Resolve(count.name_ref(), &name)) {
        return Damaged("a progress entry refers to a string that is not in the table");
      }
      counts.events.emplace_back(name, count.count());
    }
  }
  return progress;
}

bool JournalBatchReader::Resolve(std::uint64_t ref, std::string_view* text) const {
  if (ref == 0) {
    *text = std::string_view();
    return true;
  }
  if (ref > strings_.size()) {
    return false;
  }
  *text = strings_[static_cast<std::size_t>(ref - 1)];
  return true;
}

}  // namespace foothold::codec
