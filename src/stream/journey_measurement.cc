// The journey's task: how complete what it reads is, and what it tells of itself.

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "src/codec/state.h"
#include "src/codec/volume_facts.h"
#include "src/metrics/journey_metrics.h"
#include "src/stream/journey_task.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

constexpr const char* kSilenceStep = "silence_step";  // A counter of meta.
// More timers than this that are due and have not fired are not told apart.
constexpr std::size_t kDueTimersCounted = 1'000;

}  // namespace

// How far a silence has come: 0 without one, then 1 and one more for each span that conditions ask
// for. A step is taken once, by a look at what rests on the measurement.
bool JourneyTask::NoteSilence() {
  silence_ = clock_.Silent();
  std::uint64_t step = 0;
  if (silence_.has_value()) {
    const std::vector<milliseconds>& spans = definition_->wakes().measurement_spans();
    const auto passed = std::ranges::upper_bound(spans, *clock_.wall() - silence_->since);
    step = 1 + static_cast<std::uint64_t>(passed - spans.begin());
  }
  const auto known = meta_.counters.find(kSilenceStep);
  const std::uint64_t before = known == meta_.counters.end() ? 0 : known->second;
  if (step == before) {
    return false;
  }
  if (step == 0) {
    meta_.counters.erase(kSilenceStep);
    desk_.WakeAll();  // What it held may be let go.
  } else {
    meta_.counters[kSilenceStep] = step;
  }
  if (step <= 1 && before <= 1) {
    return false;  // No condition rests on it yet, or did.
  }
  meta_.walks.push_back({.kind = codec::WalkKind::kMeasure, .tenant = {}, .cursor = {}});
  return true;
}

const std::string& JourneyTask::VolumesFactKey() {
  static const std::string kKey = state::FactKey("volumes");
  return kKey;
}

void JourneyTask::LookForQuiet() {
  quiet_ = definition_ == nullptr ? nullptr : journey::QuietEvents::Of(volumes_, *definition_);
}

bool JourneyTask::NoteVolumes(const journey::Progress& progress) {
  if (progress.counts.has_value()) {
    volumes_.Apply(*progress.counts, revision(), *definition_);
    are_volumes_changed_ = true;
  }
  // What no longer comes because the input has ended is no sign.
  const bool has_ended = progress.final_clock.has_value() || clock_.is_final();
  if (!clock_.now().has_value() || has_ended) {
    return false;
  }
  const std::int64_t judged_until = volumes_.judged_until();
  const bool is_other = volumes_.Advance(*clock_.now());
  are_volumes_changed_ = are_volumes_changed_ || volumes_.judged_until() != judged_until;
  if (!is_other) {
    return false;
  }
  const std::unique_ptr<const journey::QuietEvents> before = std::move(quiet_);
  LookForQuiet();
  const bool is_any_back =
      before != nullptr && std::ranges::any_of(before->names(), [this](const auto& event) {
        return quiet_ == nullptr || !quiet_->names().contains(event.first);
      });
  if (!is_any_back) {
    return false;
  }
  desk_.WakeAll();
  Sweep();
  return true;
}

bool JourneyTask::IsMeasuredAnew(const journey::Progress& progress) {
  const bool do_events_come = NoteVolumes(progress);
  return NoteSilence() || do_events_come;
}

Status JourneyTask::NoteDeadLetter(const codec::DeadLetterNote& note) {
  FOOTHOLD_ASSIGN(const bool is_known, state_.subjects().Has(state::AccountKey(note.tenant)));
  if (!is_known || definition_ == nullptr) {
    return Status();  // Whatever was wrong with it: of this account nothing is concluded.
  }
  journey::Visit visit{.kind = journey::VisitKind::kMeasure,
                       .target = {.tenant = std::string(note.tenant), .user = {}, .email = {}},
                       .merge_from = {},
                       .due = {}};
  visit.dead_letter_at = note.at;
  return RunVisits({std::move(visit)}, nullptr, MakeContext(clock_.now()));
}

std::string JourneyTask::ClockHolder() const {
  return clock_.Holder(definition_ == nullptr ? milliseconds{0} : definition_->playbook().lateness);
}

Result<std::size_t> JourneyTask::CountDueTimers(std::size_t count_max) const {
  if (!clock_.now().has_value()) {
    return std::size_t{0};
  }
  FOOTHOLD_ASSIGN(const std::vector<state::DueTimer> due,
                  state_.store().TimersUntil(*clock_.now(), std::nullopt, count_max));
  return due.size();
}

void JourneyTask::Measure() {
  around_.metrics->ClockAt(partition_, clock_.now(), ClockHolder());
  around_.metrics->SourceSilent(partition_, silence_.has_value() ? silence_->source : "",
                                silence_.has_value() ? silence_->since : kEpoch);
  static const std::map<std::string, Instant> kNone;
  around_.metrics->EventsQuiet(partition_, quiet_ == nullptr ? kNone : quiet_->names());
  if (const Result<std::size_t> due = CountDueTimers(kDueTimersCounted); due.has_value()) {
    around_.metrics->TimersWaiting(partition_, *due, waiting_count());
  }
}

}  // namespace foothold::stream
