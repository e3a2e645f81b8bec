#include "tests/sim/people_model.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/stream/people_task.h"
#include "state/schema.h"

namespace foothold::sim {
namespace {

constexpr milliseconds kWaits = kDay;
constexpr milliseconds kErasedFor = 30 * kDay;
constexpr std::uint32_t kHopsMax = 4;
constexpr std::uint64_t kOfPersonMax = 256;

codec::PersonRecord Reread(std::string_view bytes) {
  const codec::JournalBatchReader reader = codec::JournalBatchReader::Open(bytes).value();
  return std::get<codec::PersonRecord>(reader.entry(0).value());
}

std::string PlaceOf(const codec::PersonRecord& record) {
  return fmt::format("{}@{}", record.event.position.partition.value, record.event.position.offset);
}

}  // namespace

PeopleModel::PeopleModel(const Options& options)
    : options_(options), erased_(Hash64(options.app)) {}

std::string PeopleModel::Describe(const codec::PersonRecord& record) {
  return fmt::format("{} of {} hops {}{}", PlaceOf(record), record.event.user, record.hops,
                     record.is_for_previous ? " for previous" : "");
}

std::string PeopleModel::Describe(const codec::PersonFact& fact) {
  return fmt::format("{} {} {} hops {}", fact.kind == codec::PersonFactKind::kAccount ? "in" : "is",
                     fact.user, fact.other, fact.hops);
}

std::string PeopleModel::Fold(std::int64_t offset, std::string_view batch) {
  const Result<codec::JournalBatchReader> reader = codec::JournalBatchReader::Open(batch);
  if (!reader.has_value()) {
    return fmt::format("offset {}: {}", offset, reader.error().message());
  }
  for (std::size_t i = 0; i < reader->count(); ++i) {
    const Result<codec::JournalEntry> entry = reader->entry(i);
    if (!entry.has_value()) {
      return fmt::format("offset {}, entry {}: {}", offset, i, entry.error().message());
    }
    if (const auto* record = std::get_if<codec::PersonRecord>(&*entry)) {
      FoldRecord(*record);
    } else if (const auto* fact = std::get_if<codec::PersonFact>(&*entry)) {
      FoldFact(*fact);
    } else if (const auto* progress = std::get_if<journey::Progress>(&*entry)) {
      FoldProgress(*progress);
    } else if (const auto* roster = std::get_if<journey::Roster>(&*entry)) {
      journey::Roster sources = *roster;
      sources.people_partitions = 0;
      clock_.Apply(sources);
      has_clock_ = true;
    } else if (const auto* control = std::get_if<codec::Control>(&*entry)) {
      FoldControl(*control);
    } else {
      return fmt::format("offset {}: an entry of the journal", offset);
    }
  }
  meta_.journal_next = NextOffset{offset + 1};
  return "";
}

void PeopleModel::FoldControl(const codec::Control& control) {
  if (control.number <= meta_.control_number) {
    return;
  }
  meta_.control_number = control.number;
  const auto* word = std::get_if<codec::EraseWord>(&control.action);
  if (word == nullptr) {
    const auto& publish = std::get<codec::PublishPlaybook>(control.action);
    meta_.counters["lateness_ms"] = static_cast<std::uint64_t>(publish.playbook.lateness.count());
    return;
  }
  for (const std::string& user : word->users) {
    erased_.Add(user, word->tenant, word->at + kErasedFor);
    const auto found = persons_.find(state::PersonKey(user));
    if (found == persons_.end()) {
      continue;
    }
    journey::Person& person = found->second.person;
    std::erase(person.accounts, word->tenant);
    if (person.accounts.empty()) {
      while (person.waiting_end > person.waiting_begin) {
        Pop(&person);
      }
      person.successor.clear();
    }
    Settle(user);
  }
  erased_.Note(TimeOfErasures());
}

std::optional<Instant> PeopleModel::TimeOfErasures() const {
  return clock_.wall().has_value() ? clock_.wall() : clock_.now();
}

// Whom one account erased, and no other knows.
bool PeopleModel::IsErased(const std::string& id, const journey::Person& person) const {
  return person.accounts.empty() && erased_.HoldsAnywhere(id, TimeOfErasures());
}

bool PeopleModel::IsOfErased(const codec::PersonFact& fact, const journey::Person& person) const {
  const std::string user(fact.user);
  const std::string other(fact.other);
  if (fact.kind == codec::PersonFactKind::kAccount) {
    return erased_.Holds(user, other, TimeOfErasures());
  }
  return IsErased(user, person) || IsErased(other, person);
}

void PeopleModel::FoldRecord(const codec::PersonRecord& record) {
  const std::string id(record.is_for_previous ? record.event.previous_user : record.event.user);
  journey::Person& person = persons_[state::PersonKey(id)].person;
  person.id = id;
  if (IsErased(id, person)) {
    // Nothing comes of it.
  } else if (record.is_for_previous) {
    for (const std::string& account : person.accounts) {
      placed_.push_back(fmt::format("{} -> {}", PlaceOf(record), account));
    }
  } else if (!person.successor.empty() && record.hops < kHopsMax) {
    HandOn(record, person.successor);
  } else if (!person.accounts.empty()) {
    Place(record, person.accounts);
  } else {
    Wait(record, &person);
    while (person.waiting_end - person.waiting_begin > 1 &&
           (person.waiting_end - person.waiting_begin > kOfPersonMax ||
            person.waiting_bytes > stream::PeopleTask::kWaitingBytesMax)) {
      LetGo(Pop(&person));
    }
    Settle(id);
    while (meta_.counters["waiting_bytes"] > options_.waiting_bytes_max) {
      const std::string key = Earliest()->second;
      LetGo(Pop(&persons_.at(key).person));
      Settle(persons_.at(key).person.id);
    }
    return;
  }
  Settle(id);
}

void PeopleModel::FoldFact(const codec::PersonFact& fact) {
  const std::string id(fact.user);
  journey::Person& person = persons_[state::PersonKey(id)].person;
  person.id = id;
  if (IsOfErased(fact, person)) {
    Settle(id);
    return;
  }
  Expire(fact.at, false, &person);
  if (fact.kind == codec::PersonFactKind::kAccount) {
    Learn(fact, &person);
  } else {
    Follow(fact, &person);
  }
  Settle(id);
}

void PeopleModel::Learn(const codec::PersonFact& fact, journey::Person* person) {
  const std::string account(fact.other);
  if (std::ranges::count(person->accounts, account) > 0 ||
      person->accounts.size() >= journey::kPersonAccountsMax) {
    return;
  }
  person->accounts.push_back(account);
  while (person->waiting_end > person->waiting_begin) {
    const std::string waiting = Pop(person);
    Place(Reread(waiting), person->accounts);
  }
  if (!person->successor.empty() && fact.hops < kHopsMax) {
    codec::PersonFact next = fact;
    next.user = person->successor;
    next.hops = fact.hops + 1;
    handed_on_.push_back(Describe(next));
  }
}

void PeopleModel::Follow(const codec::PersonFact& fact, journey::Person* person) {
  if (person->successor == fact.other || person->id == fact.other) {
    return;
  }
  person->successor = std::string(fact.other);
  for (const std::string& account : person->accounts) {
    handed_on_.push_back(Describe(codec::PersonFact{.kind = codec::PersonFactKind::kAccount,
                                                    .user = person->successor,
                                                    .other = account,
                                                    .at = fact.at,
                                                    .hops = fact.hops + 1}));
  }
  for (std::uint64_t left = person->waiting_end - person->waiting_begin; left > 0; --left) {
    const std::string waiting = Pop(person);
    const codec::PersonRecord record = Reread(waiting);
    if (record.hops < kHopsMax) {
      HandOn(record, person->successor);
    } else {
      Wait(record, person);
    }
  }
}

void PeopleModel::FoldProgress(const journey::Progress& progress) {
  clock_.Apply(progress);
  clock_.Advance(milliseconds(static_cast<std::int64_t>(meta_.counters["lateness_ms"])));
  has_clock_ = true;
  const bool is_end = progress.final_clock.has_value();
  const std::optional<Instant> now =
      options_.mode == journey::ClockMode::kWall ? clock_.wall() : clock_.now();
  if (!is_end && !now.has_value()) {
    return;
  }
  while (const auto timer = Earliest()) {
    if (!is_end && timer->first > *now) {
      return;
    }
    journey::Person& person = persons_.at(timer->second).person;
    Expire(now.value_or(kEpoch), is_end, &person);
    Settle(person.id);
  }
}

void PeopleModel::Place(const codec::PersonRecord& record,
                        const std::vector<std::string>& tenants) {
  if (!record.flaw.empty()) {
    dead_letters_.push_back(fmt::format("{} {}", PlaceOf(record), record.flaw));
    return;
  }
  for (const std::string& tenant : tenants) {
    placed_.push_back(fmt::format("{} -> {}", PlaceOf(record), tenant));
  }
}

void PeopleModel::HandOn(codec::PersonRecord record, const std::string& successor) {
  record.event.user = successor;
  ++record.hops;
  handed_on_.push_back(Describe(record));
}

void PeopleModel::Expire(Instant until, bool is_end, journey::Person* person) {
  while (person->waiting_end > person->waiting_begin) {
    if (!is_end && Reread(First(*person)).at + kWaits > until) {
      return;
    }
    LetGo(Pop(person));
  }
}

void PeopleModel::Wait(const codec::PersonRecord& record, journey::Person* person) {
  codec::PersonRecord waiting = record;
  if (person->waiting_end > person->waiting_begin) {
    waiting.at = std::max(waiting.at, person->waiting_until - kWaits);
  }
  codec::JournalBatchWriter writer;
  writer.Append(waiting);
  const std::string bytes = writer.Take();
  person->waiting_until = waiting.at + kWaits;
  person->waiting_bytes += bytes.size();
  meta_.counters["waiting_bytes"] += bytes.size();
  ++meta_.counters["waiting_records"];
  waiting_[state::WaitingKey(person->id, person->waiting_end)] = bytes;
  ++person->waiting_end;
}

std::string PeopleModel::Pop(journey::Person* person) {
  const auto first = waiting_.find(state::WaitingKey(person->id, person->waiting_begin));
  const std::string bytes = first->second;
  waiting_.erase(first);
  ++person->waiting_begin;
  person->waiting_bytes -= bytes.size();
  meta_.counters["waiting_bytes"] -= bytes.size();
  --meta_.counters["waiting_records"];
  return bytes;
}

const std::string& PeopleModel::First(const journey::Person& person) const {
  return waiting_.at(state::WaitingKey(person.id, person.waiting_begin));
}

void PeopleModel::LetGo(const std::string& waiting) {
  const codec::PersonRecord record = Reread(waiting);
  if (record.event.kind == journey::CallKind::kTrack) {
    dead_letters_.push_back(fmt::format("{} missing_tenant", PlaceOf(record)));
  }
}

void PeopleModel::Settle(const std::string& id) {
  const auto found = persons_.find(state::PersonKey(id));
  journey::Person& person = found->second.person;
  if (person.waiting_end > person.waiting_begin) {
    found->second.due = Reread(First(person)).at + kWaits;
    return;
  }
  found->second.due.reset();
  person.waiting_until = kEpoch;
  if (person.accounts.empty() && person.successor.empty()) {
    persons_.erase(found);
  }
}

std::optional<std::pair<Instant, std::string>> PeopleModel::Earliest() const {
  std::optional<std::pair<Instant, std::string>> earliest;
  for (const auto& [key, known] : persons_) {
    if (known.due.has_value() &&
        (!earliest.has_value() || std::pair(*known.due, key) < *earliest)) {
      earliest.emplace(*known.due, key);
    }
  }
  return earliest;
}

std::map<std::string, std::string> PeopleModel::State() const {
  std::map<std::string, std::string> values;
  for (const auto& [key, known] : persons_) {
    values[key] = state::MakeValue(codec::EncodePerson(known.person), known.due);
  }
  for (const auto& [key, bytes] : waiting_) {
    values[key] = state::MakeValue(bytes, std::nullopt);
  }
  if (has_clock_) {
    values[state::FactKey("clock")] =
        state::MakeValue(codec::EncodeClock(clock_.parts()), std::nullopt);
  }
  if (const auto erased = erased_.Payload()) {
    values[state::FactKey("erased")] = state::MakeValue(*erased, std::nullopt);
  }
  values[state::MetaKey()] = state::MakeValue(codec::EncodeMeta(meta_), std::nullopt);
  return values;
}

std::map<std::string, Instant> PeopleModel::Timers() const {
  std::map<std::string, Instant> timers;
  for (const auto& [key, known] : persons_) {
    if (known.due.has_value()) {
      timers[key] = *known.due;
    }
  }
  return timers;
}

}  // namespace foothold::sim
