#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "src/base/time.h"

namespace foothold::intake {

// How often each event of one source came, by the span of event time that its partition had come
// to. Not by the event's own time: what is uploaded a day late arrives all the same; and not by the
// wall or by another partition's time: what is read while catching up came when it came.
//
// Staged in step with the worker's transaction, as SourceProgress is. Not thread-safe.
class EventCounter {
 public:
  // Names beyond this many in a span are not counted.
  inline static constexpr std::size_t kNamesMax = 1'000;

  using ByName = std::map<std::string, std::uint64_t, std::less<>>;  // By raw event name.
  using Counts = std::map<std::int64_t, ByName>;  // By span: its number since 1970.

  // `span`: greater than zero.
  explicit EventCounter(milliseconds span) : span_ms_(span.count()) {}

  std::int64_t SpanOf(Instant at) const { return ToMs(at) / span_ms_; }
  Instant BeginOf(std::int64_t span) const { return InstantFromMs(span * span_ms_); }

  // An event came when its partition had come to `at`. Provisional until Commit(). Those without a
  // name (identify) are not counted.
  void Count(std::string_view name, Instant at);
  // What was counted since the last call; provisional as well.
  Counts Take();

  void Commit();
  void Rollback();

 private:
  static void AddTo(Counts* sum, const Counts& more);

  std::int64_t span_ms_;
  Counts committed_;
  Counts staged_;  // Since the last commit (since Take(), if that was called).
  bool was_taken_ = false;
};

}  // namespace foothold::intake
