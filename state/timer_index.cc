#include "state/timer_index.h"

#include "src/base/check.h"
#include "state/big_endian.h"
#include "state/schema.h"

namespace foothold::state {
namespace {

constexpr char kTimerTag = static_cast<char>(KeyKind::kTimer);
constexpr std::size_t kPrefixBytes = 1 + sizeof(std::uint64_t);

std::string TimerKeyOfMs(std::uint64_t due_ms) {
  std::string key(1, kTimerTag);
  AppendBigEndian64(due_ms, &key);
  return key;
}

}  // namespace

std::string TimerKey(Instant due, std::string_view subject_key) {
  FOOTHOLD_CHECK(due >= kEpoch, "a timer is due before 1970");
  std::string key = TimerKeyOfMs(static_cast<std::uint64_t>(ToMs(due)));
  key += subject_key;
  return key;
}

Result<DueTimer> ParseTimerKey(std::string_view key) {
  if (key.size() <= kPrefixBytes || key.front() != kTimerTag) {
    return Error(Code::kCorrupt, "an entry of the timer index has no subject");
  }
  const std::uint64_t due_ms = ReadBigEndian64(key.substr(1, sizeof(std::uint64_t)));
  if (due_ms > kDueMsMax) {
    return Error(Code::kCorrupt, "an entry of the timer index has no usable due");
  }
  return DueTimer{.due = InstantFromMs(static_cast<std::int64_t>(due_ms)),
                  .key = std::string(key.substr(kPrefixBytes))};
}

std::string TimerKeyAfter(Instant until) {
  if (until < kEpoch) return std::string(1, kTimerTag);
  return TimerKeyOfMs(static_cast<std::uint64_t>(ToMs(until)) + 1);
}

void TimerFloor::Lower(std::string_view timer_key) {
  if (timer_key < key_) key_ = timer_key;
}

void TimerFloor::Raise(std::string_view key) {
  if (key > key_) key_ = key;
}

}  // namespace foothold::state
