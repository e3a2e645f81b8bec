#include <utility>

#include "src/base/check.h"
#include "state/rocks.h"
#include "state/schema.h"
#include "state/store.h"
#include "state/timer_index.h"

namespace foothold::state {
namespace {

rocksdb::Slice SliceOf(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

void CheckKey(std::string_view key) {
  FOOTHOLD_CHECK(!key.empty() && key.front() != static_cast<char>(KeyKind::kTimer),
                 "the timer index is written by the batch alone");
}

}  // namespace

WriteBatch::WriteBatch() : rep_(std::make_unique<Rep>()) {}
WriteBatch::~WriteBatch() = default;
WriteBatch::WriteBatch(WriteBatch&&) noexcept = default;
WriteBatch& WriteBatch::operator=(WriteBatch&&) noexcept = default;

void WriteBatch::Put(std::string_view key, std::string_view value,
                     std::optional<Instant> due_before) {
  CheckKey(key);
  const Result<ParsedValue> parsed = ParseValue(value);
  FOOTHOLD_CHECK(parsed.has_value(), "a value that MakeValue() did not make");
  rep_->rocks.Put(SliceOf(key), SliceOf(value));
  MoveTimer(key, due_before, parsed->due);
}

void WriteBatch::Delete(std::string_view key, std::optional<Instant> due_before) {
  CheckKey(key);
  rep_->rocks.Delete(SliceOf(key));
  MoveTimer(key, due_before, std::nullopt);
}

void WriteBatch::PutUnindexed(std::string_view key, std::string_view value) {
  CheckKey(key);
  FOOTHOLD_CHECK(ParseValue(value).has_value(), "a value that MakeValue() did not make");
  rep_->rocks.Put(SliceOf(key), SliceOf(value));
}

void WriteBatch::DeleteUnindexed(std::string_view key) {
  CheckKey(key);
  rep_->rocks.Delete(SliceOf(key));
}

void WriteBatch::AddTimer(Instant due, std::string_view key) {
  CheckKey(key);
  const std::string timer_key = TimerKey(due, key);
  rep_->rocks.Put(timer_key, rocksdb::Slice());
  if (rep_->timer_key_min.empty() || timer_key < rep_->timer_key_min) {
    rep_->timer_key_min = timer_key;
  }
}

void WriteBatch::MoveTimer(std::string_view key, std::optional<Instant> due_before,
                           std::optional<Instant> due_after) {
  const auto [entry, is_first] = rep_->due_by_key.try_emplace(std::string(key), due_before);
  std::optional<Instant>& due_now = entry->second;
  // A key named again: the store's due is gone already, the one put by this batch is to go. The
  // caller may have learned of two (a stale one beside the real one): both go.
  if (!is_first && due_before && due_before != due_now) {
    rep_->rocks.Delete(TimerKey(*due_before, key));
  }
  if (due_now == due_after) return;
  if (due_now) rep_->rocks.Delete(TimerKey(*due_now, key));
  due_now = due_after;
  if (due_after) AddTimer(*due_after, key);
}

std::size_t WriteBatch::bytes() const { return rep_->rocks.GetDataSize(); }

void WriteBatch::Clear() {
  rep_->rocks.Clear();
  rep_->due_by_key.clear();
  rep_->timer_key_min.clear();
}

}  // namespace foothold::state
