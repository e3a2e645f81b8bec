#include "src/stream/subject_table.h"

#include <utility>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/codec/state.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

// Decoded, a subject takes about this many times the bytes of its encoding.
constexpr std::size_t kDecodedFactor = 4;

std::size_t BytesOf(std::size_t key_bytes, std::size_t value_bytes) {
  return sizeof(Subject) + 2 * key_bytes + kDecodedFactor * value_bytes;
}

std::string EncodeSubject(const Subject& subject) {
  if (const auto* user = std::get_if<journey::User>(&subject.object)) {
    return codec::EncodeUser(*user);
  }
  return codec::EncodeAccount(std::get<journey::Account>(subject.object));
}

}  // namespace

SubjectTable::SubjectTable(const state::Store* store, std::size_t bytes_max)
    : store_(store), bytes_max_(bytes_max) {}

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
  const std::string key = state::AccountKey(tenant);
  FOOTHOLD_ASSIGN(Subject * subject, Load(key));
  if (subject == nullptr) {
    auto created = std::make_unique<Subject>();
    created->key = key;
    journey::Account fresh;
    fresh.tenant = tenant;
    created->object = std::move(fresh);
    subject = Insert(std::move(created));
  }
  Stage(subject);
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
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, store_->Get(key));
  if (!value.has_value()) {
    return nullptr;
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
  auto subject = std::make_unique<Subject>();
  subject->key = key;
  if (key.front() == static_cast<char>(state::KeyKind::kUser)) {
    FOOTHOLD_ASSIGN(subject->object, codec::DecodeUser(parsed.payload));
  } else {
    FOOTHOLD_ASSIGN(subject->object, codec::DecodeAccount(parsed.payload));
  }
  subject->due = parsed.due;
  subject->stored_due = parsed.due;
  subject->stored_hash = Hash64(*value);
  subject->bytes = BytesOf(key.size(), value->size());
  Subject* loaded = Insert(std::move(subject));
  recent_.push_front(loaded);
  loaded->recency = recent_.begin();
  bytes_ += loaded->bytes;
  return loaded;
}

Subject* SubjectTable::Insert(std::unique_ptr<Subject> subject) {
  Subject* raw = subject.get();
  if (raw->stored_hash == 0) {
    // New: it is staged at once, never among the committed.
    raw->is_staged = true;
    staged_.emplace(raw->key, raw);
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
  recent_.erase(subject->recency);
  staged_.emplace(subject->key, subject);
  if (subject->due.has_value()) {
    staged_timers_.emplace(*subject->due, subject->key);
  }
}

void SubjectTable::SetDue(Subject* subject, std::optional<Instant> due) {
  FOOTHOLD_CHECK(subject->is_staged, "a timer changes with its subject");
  if (subject->due == due) {
    return;
  }
  if (subject->due.has_value()) {
    staged_timers_.erase({*subject->due, subject->key});
  }
  if (due.has_value()) {
    staged_timers_.emplace(*due, subject->key);
  }
  subject->due = due;
}

void SubjectTable::Remove(Subject* subject) {
  SetDue(subject, std::nullopt);
  subject->is_gone = true;
}

std::optional<state::DueTimer> SubjectTable::EarliestStagedTimer() const {
  if (staged_timers_.empty()) {
    return std::nullopt;
  }
  const auto& [due, key] = *staged_timers_.begin();
  return state::DueTimer{due, std::string(key)};
}

std::optional<std::string_view> SubjectTable::NextStagedKey(std::string_view prefix,
                                                            std::string_view after) const {
  auto it = after < prefix ? staged_.lower_bound(prefix) : staged_.upper_bound(after);
  for (; it != staged_.end() && it->first.starts_with(prefix); ++it) {
    if (!it->second->is_gone) {
      return it->first;
    }
  }
  return std::nullopt;
}

std::vector<SubjectTable::Change> SubjectTable::Encode() {
  std::vector<Change> changes;
  changes.reserve(staged_.size());
  for (auto& [key, subject] : staged_) {
    if (subject->is_gone) {
      // What came and went between two commits was never anywhere else.
      if (subject->stored_hash == 0) {
        continue;
      }
      changes.push_back({key, std::nullopt, subject->stored_due});
      subject->stored_hash = 0;
      continue;
    }
    std::string value = state::MakeValue(EncodeSubject(*subject), subject->due);
    const std::uint64_t hash = Hash64(value);
    if (hash == subject->stored_hash) {
      continue;
    }
    changes.push_back({key, std::nullopt, subject->stored_due});
    subject->stored_hash = hash;
    subject->bytes = BytesOf(key.size(), value.size());
    changes.back().value = std::move(value);
  }
  return changes;
}

void SubjectTable::Applied() {
  staged_timers_.clear();
  for (auto& [key, subject] : staged_) {
    if (subject->is_gone) {
      subjects_.erase(subjects_.find(key));
      continue;
    }
    subject->is_staged = false;
    subject->stored_due = subject->due;
    recent_.push_front(subject);
    subject->recency = recent_.begin();
    bytes_ += subject->bytes;
  }
  staged_.clear();
  Evict();
}

void SubjectTable::Drop() {
  staged_timers_.clear();
  for (auto& [key, subject] : staged_) {
    subjects_.erase(subjects_.find(key));
  }
  staged_.clear();
  Evict();
}

void SubjectTable::Evict() {
  while (bytes_ > bytes_max_ && !recent_.empty()) {
    const Subject* oldest = recent_.back();
    bytes_ -= oldest->bytes;
    recent_.pop_back();
    subjects_.erase(subjects_.find(oldest->key));
  }
}

}  // namespace foothold::stream
