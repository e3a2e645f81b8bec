#include "src/stream/people_task.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/intake/event.h"
#include "src/intake/outcome.h"
#include "src/stream/erased_fact.h"
#include "src/stream/store_place.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

constexpr milliseconds kTellInterval{1'000};
constexpr Instant kAllTime = InstantFromMs(static_cast<std::int64_t>(state::kDueMsMax));
// Counters of the partition that live in its meta.
constexpr const char* kWaitingRecords = "waiting_records";
constexpr const char* kWaitingBytes = "waiting_bytes";

const std::string& ClockKey() {
  static const std::string kKey = state::FactKey("clock");
  return kKey;
}

std::uint64_t CountOf(const journey::Person& person) {
  return person.waiting_end - person.waiting_begin;
}

// The one record of a waiting value; its views lie in `bytes`.
Result<codec::PersonRecord> OpenWaiting(std::string_view bytes) {
  FOOTHOLD_ASSIGN(const codec::JournalBatchReader batch, codec::JournalBatchReader::Open(bytes));
  if (batch.count() != 1) {
    return Error(Code::kCorrupt, "a waiting record is not one entry");
  }
  FOOTHOLD_ASSIGN(codec::JournalEntry entry, batch.entry(0));
  auto* const record = std::get_if<codec::PersonRecord>(&entry);
  if (record == nullptr) {
    return Error(Code::kCorrupt, "a waiting record is an entry of another kind");
  }
  return std::move(*record);
}

}  // namespace

PeopleTask::PeopleTask(PartitionId partition, std::unique_ptr<state::Store> store,
                       std::size_t cache_bytes_max, Surroundings surroundings)
    : partition_(partition),
      around_(surroundings),
      dead_letter_options_{.app = surroundings.options->app,
                           .topic = surroundings.options->topics.dead_letter,
                           .partitions = surroundings.options->dead_letter_partitions,
                           .bytes_max = surroundings.options->dead_letter_bytes_max},
      state_(std::move(store), cache_bytes_max),
      queue_(surroundings.options->topics.people, partition),
      journal_(surroundings.options->topics.journal, surroundings.options->journal_partitions,
               nullptr),
      people_(surroundings.options->topics.people, surroundings.options->people_partitions,
              nullptr) {}

Status PeopleTask::Load() {
  meta_ = codec::Meta{};
  clock_ = journey::Clock();
  is_clock_changed_ = false;
  FOOTHOLD_ASSIGN(const std::optional<std::string> meta, state_.Read(state::MetaKey()));
  if (meta.has_value()) {
    FOOTHOLD_ASSIGN(meta_, codec::DecodeMeta(*meta));
  }
  FOOTHOLD_ASSIGN(const std::optional<std::string> clock, state_.Read(ClockKey()));
  if (clock.has_value()) {
    FOOTHOLD_ASSIGN(journey::Clock::Parts parts, codec::DecodeClock(*clock));
    clock_ = journey::Clock::FromParts(std::move(parts));
  }
  erased_seed_ = Hash64(around_.options->app);
  FOOTHOLD_ASSIGN(erased_, ReadErased(&state_));
  committed_position_ = meta_.journal_next;
  queue_.Begin(meta_);
  is_firing_ = false;
  told_.clear();
  to_tell_.clear();
  told_wall_.reset();
  // Whether all that was handled was told is not known any more, so it is told again.
  for (const auto& [key, moved] : clock_.parts().partitions) {
    if (moved.unplaced_next > 0) {
      to_tell_[key] = moved.unplaced_next;
    }
  }
  return Status();
}

Result<std::size_t> PeopleTask::Run(std::size_t entries_max) {
  std::size_t done = 0;
  while (done < entries_max) {
    FOOTHOLD_ASSIGN(const bool has_entry, queue_.Open(&meta_));
    if (!has_entry) {
      break;
    }
    FOOTHOLD_TRY(RunEntry());
    ++done;
    ++staged_entries_;
  }
  return done;
}

Status PeopleTask::RunEntry() {
  const codec::JournalEntry& entry = queue_.entry();
  if (const auto* record = std::get_if<codec::PersonRecord>(&entry)) {
    FOOTHOLD_TRY(TakeRecord(*record));
  } else if (const auto* fact = std::get_if<codec::PersonFact>(&entry)) {
    FOOTHOLD_TRY(TakeFact(*fact));
  } else if (const auto* progress = std::get_if<journey::Progress>(&entry)) {
    if (!is_firing_) {
      clock_.Apply(*progress);
      for (const auto& [key, moved] : progress->partitions) {
        if (moved.unplaced_next > told_[key]) {
          to_tell_[key] = moved.unplaced_next;
        }
      }
      clock_.Advance(milliseconds(static_cast<std::int64_t>(meta_.counters[kLatenessMs])));
      is_clock_changed_ = true;
      is_firing_ = true;
    }
    const bool is_final = progress->final_clock.has_value();
    const bool is_live = around_.options->mode == journey::ClockMode::kWall;
    const std::optional<Instant> until =
        is_final ? kAllTime : (is_live ? clock_.wall() : clock_.now());
    if (until.has_value()) {
      FOOTHOLD_ASSIGN(const bool has_expired,
                      ExpireNext(*until, is_final ? Expiry::kEnd : Expiry::kTime));
      if (has_expired) {
        return Status();
      }
    }
    Report(*progress);
    is_firing_ = false;
  } else if (const auto* roster = std::get_if<journey::Roster>(&entry)) {
    journey::Roster sources = *roster;
    sources.people_partitions = 0;  // This clock waits for the sources alone.
    clock_.Apply(sources);
    is_clock_changed_ = true;
  } else if (const auto* control = std::get_if<codec::Control>(&entry)) {
    FOOTHOLD_TRY(ApplyControl(*control));
  } else {
    return Error(Code::kFatal,
                 fmt::format("{} has an entry of the journal",
                             log::ToString({around_.options->topics.people, partition_})));
  }
  queue_.Finish(&meta_);
  return Status();
}

Status PeopleTask::TakeRecord(const codec::PersonRecord& record) {
  tally_.records += record.hops == 0 && !record.is_for_previous ? 1 : 0;
  const std::string_view id =
      record.is_for_previous ? record.event.previous_user : record.event.user;
  FOOTHOLD_ASSIGN(Subject * subject, state_.subjects().TouchPerson(id));
  const journey::Person& person = subject->person();
  if (IsErased(id, person)) {
    ++tally_.of_erased;
  } else if (record.is_for_previous) {
    for (const std::string& account : person.accounts) {
      Place(record, account);
    }
  } else if (!person.successor.empty() && record.hops < kHopsMax) {
    HandOn(record, person.successor);
  } else if (!person.accounts.empty()) {
    PlaceInAll(record, person);
  } else {
    return Wait(record, subject);
  }
  return Settle(subject);
}

Status PeopleTask::TakeFact(const codec::PersonFact& fact) {
  FOOTHOLD_ASSIGN(Subject * subject, state_.subjects().TouchPerson(fact.user));
  if (IsOfErased(fact, subject->person())) {
    return Settle(subject);
  }
  FOOTHOLD_TRY(ExpireUntil(fact.at, Expiry::kTime, subject));
  switch (fact.kind) {
    case codec::PersonFactKind::kAccount:
      FOOTHOLD_TRY(LearnAccount(fact, subject));
      break;
    case codec::PersonFactKind::kSuccessor:
      FOOTHOLD_TRY(LearnSuccessor(fact, subject));
      break;
  }
  return Settle(subject);
}

Status PeopleTask::LearnAccount(const codec::PersonFact& fact, Subject* subject) {
  journey::Person& person = subject->person();
  if (std::ranges::find(person.accounts, fact.other) != person.accounts.end()) {
    return Status();
  }
  if (person.accounts.size() >= journey::kPersonAccountsMax) {
    ++tally_.caps_met;
    return Status();
  }
  person.accounts.emplace_back(fact.other);
  while (CountOf(person) > 0) {
    FOOTHOLD_ASSIGN(const std::string bytes, PopWaiting(subject));
    FOOTHOLD_ASSIGN(const codec::PersonRecord record, OpenWaiting(bytes));
    PlaceInAll(record, person);
  }
  if (!person.successor.empty() && fact.hops < kHopsMax) {
    people_.Append(codec::PersonFact{.kind = codec::PersonFactKind::kAccount,
                                     .user = person.successor,
                                     .other = fact.other,
                                     .at = fact.at,
                                     .hops = fact.hops + 1});
  }
  return Status();
}

Status PeopleTask::LearnSuccessor(const codec::PersonFact& fact, Subject* subject) {
  journey::Person& person = subject->person();
  if (person.successor == fact.other || person.id == fact.other) {
    return Status();
  }
  person.successor = std::string(fact.other);
  for (const std::string& account : person.accounts) {
    people_.Append(codec::PersonFact{.kind = codec::PersonFactKind::kAccount,
                                     .user = person.successor,
                                     .other = account,
                                     .at = fact.at,
                                     .hops = fact.hops + 1});
  }
  const std::uint64_t waiting = CountOf(person);
  for (std::uint64_t i = 0; i < waiting; ++i) {
    FOOTHOLD_ASSIGN(const std::string bytes, PopWaiting(subject));
    FOOTHOLD_ASSIGN(const codec::PersonRecord record, OpenWaiting(bytes));
    if (record.hops < kHopsMax) {
      HandOn(record, person.successor);
    } else {
      FOOTHOLD_TRY(Wait(record, subject));
    }
  }
  return Status();
}

Result<bool> PeopleTask::ExpireNext(Instant until, Expiry why) {
  FOOTHOLD_ASSIGN(const std::optional<state::DueTimer> timer, state_.NextTimer(until));
  if (!timer.has_value()) {
    return false;
  }
  FOOTHOLD_ASSIGN(const state::ParsedKey key, state::ParseKey(timer->key));
  if (key.kind != state::KeyKind::kPerson) {
    return Error(Code::kCorrupt, "a timer leads to a key that is no person");
  }
  FOOTHOLD_ASSIGN(Subject * subject, state_.subjects().TouchPerson(key.id));
  FOOTHOLD_TRY(ExpireUntil(until, why, subject));
  FOOTHOLD_TRY(Settle(subject));
  return true;
}

Status PeopleTask::ExpireUntil(Instant until, Expiry why, Subject* subject) {
  const journey::Person& person = subject->person();
  while (CountOf(person) > 0) {
    FOOTHOLD_ASSIGN(const std::string bytes, ReadWaiting(person));
    FOOTHOLD_ASSIGN(const codec::PersonRecord record, OpenWaiting(bytes));
    if (record.at + kWaits > until && until != kAllTime) {
      return Status();
    }
    FOOTHOLD_TRY(ExpireFirst(why, subject));
  }
  return Status();
}

Status PeopleTask::ExpireFirst(Expiry why, Subject* subject) {
  FOOTHOLD_ASSIGN(const std::string bytes, PopWaiting(subject));
  FOOTHOLD_ASSIGN(const codec::PersonRecord record, OpenWaiting(bytes));
  LetGo(record, why);
  return Status();
}

// Tells the journal how far this partition is, behind the events that were placed.
void PeopleTask::Report(const journey::Progress& progress) {
  const std::optional<Instant> wall = clock_.wall();
  const bool is_time = !wall.has_value() || !told_wall_.has_value() || *wall < *told_wall_ ||
                       *wall - *told_wall_ >= kTellInterval;
  if (!progress.final_clock.has_value() && (to_tell_.empty() || !is_time)) {
    return;
  }
  journey::Progress report{.partitions = {},
                           .wall = std::nullopt,
                           .final_clock = progress.final_clock,
                           .people = journey::PeopleProgress{partition_.value, clock_.now()}};
  for (const auto& [key, next] : to_tell_) {
    report.partitions[key].unplaced_next = next;
    told_[key] = next;
  }
  journal_.AppendToAll(report);
  to_tell_.clear();
  told_wall_ = wall;
}

void PeopleTask::Place(const codec::PersonRecord& record, std::string_view tenant) {
  journey::Event event = record.event;
  event.tenant = tenant;
  event.fingerprint = intake::FingerprintIn(tenant, event.fingerprint);
  journal_.Append(event);
  tally_.placed_max = std::max(tally_.placed_max.value_or(event.occurred_at), event.occurred_at);
}

void PeopleTask::PlaceInAll(const codec::PersonRecord& record, const journey::Person& person) {
  if (!record.flaw.empty()) {
    Reject(record, record.flaw, record.flaw_detail);
    return;
  }
  for (const std::string& account : person.accounts) {
    Place(record, account);
  }
  ++tally_.placed;
}

void PeopleTask::HandOn(codec::PersonRecord record, std::string_view successor) {
  record.event.user = successor;
  ++record.hops;
  people_.Append(record);
  ++tally_.handed_on;
}

void PeopleTask::LetGo(const codec::PersonRecord& record, Expiry why) {
  ++tally_.expired[why];
  if (record.event.kind != journey::CallKind::kTrack) {
    ++tally_.skipped;
    return;
  }
  Reject(record, intake::RejectReasonName(intake::RejectReason::kMissingTenant),
         "a track call that names no account");
}

void PeopleTask::Reject(const codec::PersonRecord& record, std::string_view reason,
                        std::string_view detail) {
  FOOTHOLD_CHECK(record.raw.has_value(), "what may be a dead letter has its bytes");
  const codec::RawRecord& raw = *record.raw;
  std::vector<log::Header> headers;
  headers.reserve(raw.headers.size());
  for (const auto& [name, value] : raw.headers) {
    headers.push_back({name, value});
  }
  const journey::SourcePosition& place = record.event.position;
  DeadLetter letter = MakeDeadLetter(dead_letter_options_,
                                     {.topic = place.topic,
                                      .partition = place.partition,
                                      .offset = place.offset,
                                      .timestamp = raw.timestamp,
                                      .key = raw.key,
                                      .value = raw.value,
                                      .headers = headers},
                                     reason, detail);
  dead_letters_.push_back(std::move(letter.record));
  ++tally_.rejected[std::string(reason)];
}

Status PeopleTask::Wait(const codec::PersonRecord& record, Subject* subject) {
  journey::Person& person = subject->person();
  codec::PersonRecord waiting = record;
  if (CountOf(person) > 0) {  // In the order of arrival: none waits shorter than one before it.
    waiting.at = std::max(waiting.at, person.waiting_until - kWaits);
  }
  waiting_writer_.Append(waiting);
  std::string bytes = waiting_writer_.Take();
  person.waiting_until = waiting.at + kWaits;
  person.waiting_bytes += bytes.size();
  meta_.counters[kWaitingBytes] += bytes.size();
  ++meta_.counters[kWaitingRecords];
  state_.Write(state::WaitingKey(person.id, person.waiting_end), std::move(bytes));
  ++person.waiting_end;
  while (CountOf(person) > 1 &&
         (CountOf(person) > kWaitingRecordsMax || person.waiting_bytes > kWaitingBytesMax)) {
    FOOTHOLD_TRY(ExpireFirst(Expiry::kFull, subject));
  }
  FOOTHOLD_TRY(Settle(subject));
  while (meta_.counters[kWaitingBytes] > around_.options->waiting_bytes_max) {
    FOOTHOLD_ASSIGN(const std::optional<state::DueTimer> oldest, state_.NextTimer(kAllTime));
    FOOTHOLD_CHECK(oldest.has_value(), "who waits has a timer");
    FOOTHOLD_ASSIGN(const state::ParsedKey key, state::ParseKey(oldest->key));
    FOOTHOLD_ASSIGN(Subject * other, state_.subjects().TouchPerson(key.id));
    FOOTHOLD_TRY(ExpireFirst(Expiry::kFull, other));
    FOOTHOLD_TRY(Settle(other));
  }
  return Status();
}

Result<std::string> PeopleTask::ReadWaiting(const journey::Person& person) const {
  FOOTHOLD_ASSIGN(std::optional<std::string> bytes,
                  state_.Read(state::WaitingKey(person.id, person.waiting_begin)));
  if (!bytes.has_value()) {
    return Error(Code::kCorrupt, "a record that waits is not in the store");
  }
  return *std::move(bytes);
}

Result<std::string> PeopleTask::PopWaiting(Subject* subject) {
  journey::Person& person = subject->person();
  FOOTHOLD_ASSIGN(std::string bytes, ReadWaiting(person));
  state_.Erase(state::WaitingKey(person.id, person.waiting_begin));
  ++person.waiting_begin;
  person.waiting_bytes -= bytes.size();
  meta_.counters[kWaitingBytes] -= bytes.size();
  --meta_.counters[kWaitingRecords];
  return bytes;
}

Status PeopleTask::Settle(Subject* subject) {
  journey::Person& person = subject->person();
  if (CountOf(person) > 0) {
    FOOTHOLD_ASSIGN(const std::string bytes, ReadWaiting(person));
    FOOTHOLD_ASSIGN(const codec::PersonRecord first, OpenWaiting(bytes));
    state_.subjects().SetDue(subject, first.at + kWaits);
    return Status();
  }
  state_.subjects().SetDue(subject, std::nullopt);
  person.waiting_until = kEpoch;
  if (person.accounts.empty() && person.successor.empty()) {
    state_.subjects().Remove(subject);
  }
  return Status();
}

std::uint64_t PeopleTask::waiting_records() const {
  const auto found = meta_.counters.find(kWaitingRecords);
  return found == meta_.counters.end() ? 0 : found->second;
}

void PeopleTask::Measure() {
  const auto bytes = meta_.counters.find(kWaitingBytes);
  around_.metrics->WaitingIs(partition_, waiting_records(),
                             bytes == meta_.counters.end() ? 0 : bytes->second);
}

Status PeopleTask::Collect(const Checkpoint* checkpoint, StagedWrites* writes) {
  FOOTHOLD_CHECK(checkpoint != nullptr, "what persons are waiting for is not folded again");
  journal_.Take(&writes->outputs);
  people_.Take(&writes->outputs);
  std::ranges::move(dead_letters_, std::back_inserter(writes->outputs));
  dead_letters_.clear();
  if (is_clock_changed_) {
    state_.Write(ClockKey(), codec::EncodeClock(clock_.parts()));
  }
  state_.Write(state::MetaKey(), codec::EncodeMeta(meta_));
  if (checkpoint->place.has_value()) {
    state_.WriteLocal(StorePlaceKey(), *checkpoint->place);
  }
  state_.Collect(partition_, &writes->changelog);
  writes->positions.push_back({{around_.options->topics.people, partition_}, meta_.journal_next});
  return Status();
}

void PeopleTask::Apply() {
  state_.Apply();
  committed_position_ = meta_.journal_next;
  is_clock_changed_ = false;
  metrics::PeopleMetrics& metrics = *around_.metrics;
  metrics.RecordsTaken(tally_.records);
  metrics.RecordsPlaced(tally_.placed);
  metrics.RecordsHandedOn(tally_.handed_on);
  metrics.RecordsSkipped(tally_.skipped);
  metrics.RecordsOfErased(tally_.of_erased);
  metrics.AccountsCapMet(tally_.caps_met);
  for (const auto& [why, count] : tally_.expired) {
    metrics.RecordsExpired(why, count);
  }
  for (const auto& [reason, count] : tally_.rejected) {
    metrics.RecordsRejected(reason, count);
  }
  if (tally_.placed_max.has_value()) {
    around_.placed->Note(*tally_.placed_max);
  }
  tally_ = Tally{};
  staged_entries_ = 0;
}

Status PeopleTask::Rewind() {
  DropAll();
  return Load();
}

void PeopleTask::DropAll() {
  state_.Drop();
  journal_.Clear();
  people_.Clear();
  dead_letters_.clear();
  tally_ = Tally{};
  staged_entries_ = 0;
  queue_.Clear();
}

}  // namespace foothold::stream
