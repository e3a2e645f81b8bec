#include "src/stream/subject_table.h"

#include <algorithm>
#include <utility>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/codec/state.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

// Decoded, what hangs on a subject takes about this many times the bytes of its encoding.
constexpr std::size_t kDecodedFactor = 2;

// What a new one is taken for until it is encoded.
constexpr std::size_t kNewBytes = 2'048;

std::size_t BytesOf(std::size_t key_bytes, std::size_t value_bytes) {
  return sizeof(Subject) + 2 * key_bytes + kDecodedFactor * value_bytes;
}

// The value with its header, over `*value`.
void EncodeSubject(const Subject& subject, std::string* value) {
  state::BeginValue(subject.due, value);
  if (const auto* user = std::get_if<journey::User>(&subject.object)) {
    codec::AppendUser(*user, value);
  } else if (const auto* account = std::get_if<journey::Account>(&subject.object)) {
    codec::AppendAccount(*account, value);
  } else {
    *value += codec::EncodePerson(std::get<journey::Person>(subject.object));
  }
}

}  // namespace

SubjectTable::SubjectTable(const WriteBehind* committed, std::size_t bytes_max)
    : committed_(committed), bytes_max_(bytes_max) {}

Result<Subject*> SubjectTable::TouchUser(std::string_view tenant, std::string_view user) {
  const std::string key = state::UserKey(tenant, user);
  FOOTHOLD_ASSIGN(Subject * subject, Load(key));
  if (subject == nullptr) {
    auto created = std::make_unique<Subject>();
    created->key = key;
    subject = Insert(std::move(created));
    subject->is_gone = true;
  }
  Stage(subject);
  if (subject->is_gone) {
    journey::User fresh;
    fresh.tenant = tenant;
    fresh.id = user;
    subject->object = std::move(fresh);
    subject->is_gone = false;
  }
  return subject;
}

Result<Subject*> SubjectTable::TouchAccount(std::string_view tenant) {
  FOOTHOLD_ASSIGN(Subject * subject, LookAtAccount(tenant));
  Stage(subject);
  return subject;
}

Result<Subject*> SubjectTable::LookAtAccount(std::string_view tenant) {
  const std::string key = state::AccountKey(tenant);
  FOOTHOLD_ASSIGN(Subject * subject, Load(key));
  if (subject == nullptr) {
    auto created = std::make_unique<Subject>();
    created->key = key;
    journey::Account fresh;
    fresh.tenant = tenant;
    created->object = std::move(fresh);
    subject = Insert(std::move(created));
  } else if (!subject->is_staged) {
    recent_.splice(recent_.begin(), recent_, subject->recency);
  }
  return subject;
}

Result<Subject*> SubjectTable::TouchPerson(std::string_view id) {
  const std::string key = state::PersonKey(id);
  FOOTHOLD_ASSIGN(Subject * subject, Load(key));
  if (subject == nullptr) {
    auto created = std::make_unique<Subject>();
    created->key = key;
    subject = Insert(std::move(created));
    subject->is_gone = true;
  }
  Stage(subject);
  if (subject->is_gone) {
    journey::Person fresh;
    fresh.id = id;
    subject->object = std::move(fresh);
    subject->is_gone = false;
  }
  return subject;
}

Result<bool> SubjectTable::Has(std::string_view key) {
  FOOTHOLD_ASSIGN(const Subject* subject, Load(key));
  return subject != nullptr && !subject->is_gone;
}

Result<std::optional<Instant>> SubjectTable::DueOf(std::string_view key) {
  FOOTHOLD_ASSIGN(const Subject* subject, Load(key));
  return subject == nullptr ? std::nullopt : subject->due;
}

Result<Subject*> SubjectTable::Load(std::string_view key) {
  if (const auto found = subjects_.find(key); found != subjects_.end()) {
    ++hits_;
    return found->second.get();
  }
  ++misses_;
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, committed_->Get(key));
  if (!value.has_value()) {
    return nullptr;
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
  auto subject = std::make_unique<Subject>();
  subject->key = key;
  if (key.front() == static_cast<char>(state::KeyKind::kUser)) {
    FOOTHOLD_ASSIGN(subject->object, codec::DecodeUser(parsed.payload));
  } else if (key.front() == static_cast<char>(state::KeyKind::kPerson)) {
    FOOTHOLD_ASSIGN(subject->object, codec::DecodePerson(parsed.payload));
  } else {
    FOOTHOLD_ASSIGN(subject->object, codec::DecodeAccount(parsed.payload));
  }
  subject->due = parsed.due;
  subject->committed_due = parsed.due;
  subject->committed_hash = Hash64(*value);
  subject->bytes = BytesOf(key.size(), value->size());
  Subject* loaded = Insert(std::move(subject));
  recent_.push_front(loaded);
  loaded->recency = recent_.begin();
  bytes_ += loaded->bytes;
  return loaded;
}

Subject* SubjectTable::Insert(std::unique_ptr<Subject> subject) {
  Subject* raw = subject.get();
  if (raw->committed_hash == 0) {
    // New: it is staged at once, never among the committed.
    raw->is_staged = true;
    raw->bytes = kNewBytes;
    staged_bytes_ += raw->bytes;
    staged_.push_back(raw);
    new_keys_.insert(raw->key);
  }
  subjects_.emplace(raw->key, std::move(subject));
  return raw;
}

void SubjectTable::Stage(Subject* subject) {
  if (subject->is_staged) {
    return;
  }
  subject->is_staged = true;
  bytes_ -= subject->bytes;
  staged_bytes_ += subject->bytes;
  recent_.erase(subject->recency);
  staged_.push_back(subject);
  if (subject->due.has_value()) {
    staged_timers_.Add(*subject->due, subject->key);
  }
}

void SubjectTable::SetDue(Subject* subject, std::optional<Instant> due) {
  FOOTHOLD_CHECK(subject->is_staged, "a timer changes with its subject");
  if (subject->due == due) {
    return;
  }
  subject->due = due;
  if (due.has_value()) {
    staged_timers_.Add(*due, subject->key);
  }
}

void SubjectTable::Remove(Subject* subject) {
  SetDue(subject, std::nullopt);
  subject->is_gone = true;
}

bool SubjectTable::IsStaged(std::string_view key) const {
  const auto found = subjects_.find(key);
  return found != subjects_.end() && found->second->is_staged;
}

bool SubjectTable::IsGone(std::string_view key) const {
  const auto found = subjects_.find(key);
  return found != subjects_.end() && found->second->is_gone;
}

std::optional<state::DueTimer> SubjectTable::EarliestStagedTimer() {
  const std::optional<TimerHeap::Timer> earliest =
      staged_timers_.Earliest([&](const TimerHeap::Timer& timer) {
        const auto found = subjects_.find(timer.second);
        return found != subjects_.end() && found->second->due == timer.first;
      });
  if (!earliest.has_value()) {
    return std::nullopt;
  }
  return state::DueTimer{earliest->first, std::string(earliest->second)};
}

std::optional<std::string_view> SubjectTable::NextNewKey(std::string_view prefix,
                                                         std::string_view after) const {
  auto it = after < prefix ? new_keys_.lower_bound(prefix) : new_keys_.upper_bound(after);
  for (; it != new_keys_.end() && it->starts_with(prefix); ++it) {
    if (!IsGone(*it)) {
      return *it;
    }
  }
  return std::nullopt;
}

void SubjectTable::Encode(std::vector<WriteBehind::Change>* changes) {
  for (Subject* subject : staged_) {
    const bool was_there = subject->committed_hash != 0;
    WriteBehind::Change change{.key = subject->key,
                               .value = std::nullopt,
                               .due = std::nullopt,
                               .was_there = was_there,
                               .due_before = subject->committed_due};
    if (subject->is_gone) {
      // What came and went between two commits was never anywhere else.
      if (was_there) {
        subject->committed_hash = 0;
        changes->push_back(std::move(change));
      }
      continue;
    }
    EncodeSubject(*subject, &scratch_);
    const std::uint64_t hash = Hash64(scratch_);
    if (hash == subject->committed_hash) {
      continue;
    }
    subject->committed_hash = hash;
    subject->bytes = BytesOf(subject->key.size(), scratch_.size());
    change.value = scratch_;
    change.due = subject->due;
    changes->push_back(std::move(change));
  }
}

void SubjectTable::Applied() {
  staged_timers_.Clear();
  new_keys_.clear();
  for (Subject* subject : staged_) {
    if (subject->is_gone) {
      subjects_.erase(subjects_.find(subject->key));
      continue;
    }
    subject->is_staged = false;
    subject->committed_due = subject->due;
    recent_.push_front(subject);
    subject->recency = recent_.begin();
    bytes_ += subject->bytes;
  }
  staged_.clear();
  staged_bytes_ = 0;
  Evict();
}

void SubjectTable::Drop() {
  staged_timers_.Clear();
  new_keys_.clear();
  for (const Subject* subject : staged_) {
    subjects_.erase(subjects_.find(subject->key));
  }
  staged_.clear();
  staged_bytes_ = 0;
  Evict();
}

void SubjectTable::Evict() {
  while (bytes_ + staged_bytes_ > bytes_max_ && !recent_.empty()) {
    const Subject* oldest = recent_.back();
    bytes_ -= oldest->bytes;
    recent_.pop_back();
    subjects_.erase(subjects_.find(oldest->key));
  }
}

}  // namespace foothold::stream
