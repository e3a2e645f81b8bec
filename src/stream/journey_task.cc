#include "src/stream/journey_task.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/check.h"
#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/codec/volume_facts.h"
#include "src/metrics/journey_metrics.h"
#include "src/stream/erased_fact.h"
#include "state/schema.h"

namespace foothold::stream {
namespace {

// What one stimulus may set off at its own position; more is a loop in the engine.
constexpr std::size_t kVisitsOfStimulusMax = 100'000;
// A counter of meta: the input has ended, and the clock could not go there yet.
constexpr const char* kEndOwed = "end_owed";
constexpr const char* kReleasedUntil = "released_until";  // In files: where the clock was then.

const std::string& SaltKey() {
  static const std::string kKey = state::FactKey("salt");
  return kKey;
}

bool BelongsToEvent(journey::VisitKind kind) {
  switch (kind) {
    case journey::VisitKind::kActor:
    case journey::VisitKind::kInvitee:
    case journey::VisitKind::kMember:
    case journey::VisitKind::kAccount:
      return true;
    case journey::VisitKind::kMerge:
    case journey::VisitKind::kTimer:
    case journey::VisitKind::kRecheck:
    case journey::VisitKind::kFinal:
    case journey::VisitKind::kRelease:
    case journey::VisitKind::kApprove:
    case journey::VisitKind::kSweep:
    case journey::VisitKind::kMeasure:
    case journey::VisitKind::kErase:
      return false;
  }
  return false;
}

}  // namespace

JourneyTask::JourneyTask(PartitionId partition, std::unique_ptr<state::Store> store,
                         std::size_t cache_bytes_max, Surroundings surroundings)
    : partition_(partition),
      around_(surroundings),
      state_(std::move(store), cache_bytes_max),
      desk_(&state_),
      queue_(surroundings.options->topics.journal, partition) {}

Status JourneyTask::Load() {
  meta_ = codec::Meta{};
  clock_ = journey::Clock();
  definition_.reset();
  is_clock_changed_ = false;

  FOOTHOLD_ASSIGN(const std::optional<std::string> meta, state_.Read(state::MetaKey()));
  if (meta.has_value()) {
    FOOTHOLD_ASSIGN(meta_, codec::DecodeMeta(*meta));
  }
  FOOTHOLD_ASSIGN(const std::optional<std::string> clock, state_.Read(ClockFactKey()));
  if (clock.has_value()) {
    FOOTHOLD_ASSIGN(journey::Clock::Parts parts, codec::DecodeClock(*clock));
    clock_ = journey::Clock::FromParts(std::move(parts));
  }
  silence_ = clock_.Silent();
  FOOTHOLD_ASSIGN(const std::optional<std::string> playbook, state_.Read(PlaybookFactKey()));
  if (playbook.has_value()) {
    FOOTHOLD_ASSIGN(journey::Playbook decoded, codec::DecodePlaybook(*playbook));
    definition_ = std::make_unique<journey::Definition>(std::move(decoded));
  }
  volumes_ = journey::EventVolumes();
  are_volumes_changed_ = false;
  FOOTHOLD_ASSIGN(const std::optional<std::string> volumes, state_.Read(VolumesFactKey()));
  if (volumes.has_value()) {
    FOOTHOLD_ASSIGN(volumes_, codec::DecodeVolumes(*volumes));
  }
  LookForQuiet();
  FOOTHOLD_ASSIGN(std::optional<std::string> salt, state_.Read(SaltKey()));
  if (!salt.has_value()) {
    salt = around_.options->email_salt;
    state_.Write(SaltKey(), *salt);
  }
  email_seed_ = Hash64(*salt);
  FOOTHOLD_ASSIGN(erased_, ReadErased(&state_));

  if (!is_desk_loaded_) {  // Later it takes back by itself what was staged.
    FOOTHOLD_TRY(desk_.Load());
    is_desk_loaded_ = true;
  }
  committed_ = NoteOfCheckpoint();
  again_until_.reset();
  queue_.Begin(meta_);
  BeginAtCheckpoint();
  return Status();
}

Status JourneyTask::Take(const log::RecordView& record) { return queue_.Take(record, meta_); }

Result<std::size_t> JourneyTask::Run(std::size_t entries_max) {
  std::size_t done = 0;
  while (done < entries_max) {
    FOOTHOLD_ASSIGN(const bool has_entry, queue_.Open(&meta_));
    LookWhetherReached();
    if (!has_entry) {
      break;
    }
    ++entry_steps_;
    switch (phase_) {
      case Phase::kFresh:
        FOOTHOLD_TRY(RunEntry());
        break;
      case Phase::kFiring:
        FOOTHOLD_TRY(Fire());
        break;
      case Phase::kReleasing:
        FOOTHOLD_TRY(Release());
        break;
      case Phase::kWalking:
        FOOTHOLD_TRY(Walk());
        break;
    }
    ++done;
    ++unsaved_steps_;
    if (again_until_.has_value()) {
      around_.metrics->FoldedAgain(1);
      DropSaid();
      LookWhetherReached();
    } else {
      ++staged_entries_;
    }
  }
  return done;
}

void JourneyTask::FinishEntry() {
  looks_ = 0;
  entry_steps_ = 0;
  phase_ = Phase::kFresh;
  queue_.Finish(&meta_);
}

Status JourneyTask::RunEntry() {
  if (const auto* event = std::get_if<journey::Event>(&queue_.entry())) {
    if (definition_ == nullptr) {
      return Error(Code::kFatal,
                   fmt::format("{} has an event before the first playbook",
                               log::ToString({around_.options->topics.journal, partition_})));
    }
    ++tally_.events;
    if (!event->user.empty() && IsErased(event->tenant, event->user)) {
      FinishEntry();
      return Status();
    }
    FOOTHOLD_TRY(
        RunVisits(journey::VisitsOf(*definition_, *event), event, MakeContext(clock_.now())));
    if (meta_.walks.empty()) {
      FinishEntry();
    } else {
      phase_ = Phase::kWalking;
    }
    return Status();
  }
  if (const auto* progress = std::get_if<journey::Progress>(&queue_.entry())) {
    ++tally_.clock_moves;
    clock_.Apply(*progress);
    if (definition_ != nullptr) {
      clock_.Advance(definition_->playbook().lateness);
    }
    is_clock_changed_ = true;
    if (definition_ != nullptr && IsMeasuredAnew(*progress)) {
      phase_ = Phase::kWalking;  // After it the entry is done again, and goes on.
      return Status();
    }
    phase_ = Phase::kFiring;
    return Fire();
  }
  const bool is_foreign = std::holds_alternative<codec::PersonRecord>(queue_.entry()) ||
                          std::holds_alternative<codec::PersonFact>(queue_.entry());
  if (is_foreign) {
    return Error(Code::kFatal,
                 fmt::format("{} has an entry of the people topic",
                             log::ToString({around_.options->topics.journal, partition_})));
  }
  ++tally_.controls;
  if (const auto* letter = std::get_if<codec::DeadLetterNote>(&queue_.entry())) {
    FOOTHOLD_TRY(NoteDeadLetter(*letter));
    FinishEntry();
    return Status();
  }
  if (const auto* recollection = std::get_if<codec::Recollection>(&queue_.entry())) {
    FOOTHOLD_TRY(Recall(*recollection));
    FinishEntry();
    return Status();
  }
  if (const auto* release = std::get_if<codec::Release>(&queue_.entry())) {
    return BeginRelease(release->wall);
  }
  if (const auto* roster = std::get_if<journey::Roster>(&queue_.entry())) {
    clock_.Apply(*roster);
    is_clock_changed_ = true;
  } else {
    FOOTHOLD_TRY(ApplyControl(std::get<codec::Control>(queue_.entry())));
  }
  if (meta_.walks.empty()) {
    FinishEntry();
  } else {
    phase_ = Phase::kWalking;
  }
  return Status();
}

// Whether the final walk begins with this entry: with intake's, or, where the people stage had yet
// to come to the end, with the entry of the last of its partitions that does.
bool JourneyTask::IsEndDue(const journey::Progress& progress) {
  if (!progress.final_clock.has_value()) {
    return false;
  }
  const bool was_owed = meta_.counters.contains(kEndOwed);
  if (!clock_.is_final()) {
    meta_.counters[kEndOwed] = 1;
    return false;
  }
  meta_.counters.erase(kEndOwed);
  return was_owed || !progress.people.has_value();
}

Instant JourneyTask::ReleasedUntil() const {
  const auto found = meta_.counters.find(kReleasedUntil);
  return found == meta_.counters.end() ? kEpoch
                                       : InstantFromMs(static_cast<std::int64_t>(found->second));
}

void JourneyTask::NoteReleased() {
  if (clock_.roster().mode == journey::ClockMode::kEvent && clock_.now().has_value()) {
    meta_.counters[kReleasedUntil] = static_cast<std::uint64_t>(ToMs(*clock_.now()));
  }
}

// Fires the earliest due timer. When none is left, the entry ends, or the final walk begins. In
// files the gate's time is the clock's: what waits is looked at in its turn among the timers, so
// that how often the clock moves on decides nothing.
Status JourneyTask::Fire() {
  if (definition_ != nullptr && clock_.now().has_value()) {
    const Instant now = *clock_.now();
    FOOTHOLD_ASSIGN(const std::optional<state::DueTimer> timer, state_.NextTimer(now));
    if (clock_.roster().mode == journey::ClockMode::kEvent) {
      const auto waiting = desk_.NextWaiting(now);
      if (waiting.has_value()) {
        // What came due late goes out late, if at all.
        const Instant stamp = std::max(waiting->at, ReleasedUntil());
        if (!timer.has_value() || stamp < timer->due) {
          return ReleaseSubject(waiting->key, stamp, stamp);
        }
      }
    }
    if (timer.has_value()) {
      return FireTimer(*timer);
    }
  }
  return EndProgress();
}

Status JourneyTask::FireTimer(const state::DueTimer& timer) {
  const bool is_user = timer.key.front() == static_cast<char>(state::KeyKind::kUser);
  ++(is_user ? tally_.user_timers : tally_.account_timers);
  FOOTHOLD_ASSIGN(journey::Visit visit, VisitOfKey(timer.key, journey::VisitKind::kTimer));
  visit.due = timer.due;
  std::vector<journey::Visit> visits;
  visits.push_back(std::move(visit));
  FOOTHOLD_TRY(RunVisits(std::move(visits), nullptr, MakeContext(timer.due)));
  FOOTHOLD_ASSIGN(const std::optional<Instant> due, state_.subjects().DueOf(timer.key));
  FOOTHOLD_CHECK(!due.has_value() || *due > timer.due, "a timer that fired must move on");
  if (!meta_.walks.empty()) {
    phase_ = Phase::kWalking;
  }
  return Status();
}

Status JourneyTask::RunVisits(std::vector<journey::Visit> visits, const journey::Event* event,
                              const journey::Context& context) {
  for (std::size_t i = 0; i < visits.size(); ++i) {  // What follows is added at the end.
    FOOTHOLD_CHECK(i < kVisitsOfStimulusMax, "a stimulus sets off visits without end");
    const journey::Event* cause = BelongsToEvent(visits[i].kind) ? event : nullptr;
    FOOTHOLD_TRY(RunVisit(std::move(visits[i]), cause, context, &visits));
  }
  return Status();
}

Status JourneyTask::RunVisit(journey::Visit visit, const journey::Event* event,
                             const journey::Context& context,
                             std::vector<journey::Visit>* follow_ups) {
  FOOTHOLD_TRY(Resolve(&visit.target));
  SubjectTable& table = state_.subjects();
  const std::string& tenant = visit.target.tenant;
  // Others may name somebody who was erased.
  if (event != nullptr && IsErased(tenant, visit.target.user)) {
    return Status();
  }
  Subject* merge_from = nullptr;
  if (visit.kind == journey::VisitKind::kMerge) {
    if (visit.merge_from == visit.target.user) {
      return Status();
    }
    FOOTHOLD_ASSIGN(const bool is_known, table.Has(state::UserKey(tenant, visit.merge_from)));
    if (!is_known) {
      return Status();
    }
    FOOTHOLD_ASSIGN(merge_from, table.TouchUser(tenant, visit.merge_from));
  }
  const bool may_be_gone =
      visit.kind == journey::VisitKind::kRecheck || visit.kind == journey::VisitKind::kApprove ||
      visit.kind == journey::VisitKind::kSweep || visit.kind == journey::VisitKind::kMeasure ||
      visit.kind == journey::VisitKind::kErase;
  if (may_be_gone && !visit.target.user.empty()) {
    FOOTHOLD_ASSIGN(const bool is_known, table.Has(state::UserKey(tenant, visit.target.user)));
    if (!is_known) {
      return Status();
    }
  }
  FOOTHOLD_ASSIGN(Subject * account, table.LookAtAccount(tenant));
  Subject* user = nullptr;
  if (!visit.target.user.empty()) {
    FOOTHOLD_ASSIGN(user, table.TouchUser(tenant, visit.target.user));
  }

  const journey::Subjects subjects{
      .account = &account->account(),
      .user = user == nullptr ? nullptr : &user->user(),
      .merge_from = merge_from == nullptr ? nullptr : &merge_from->user()};
  journey::Decision decision = journey::Advance(*definition_, context, visit, event, subjects);

  if (user != nullptr) {
    table.SetDue(user, decision.user_due);
  }
  if (decision.touches_account) {
    table.Stage(account);
    table.SetDue(account, decision.account_due);
    desk_.NoteWaiting(account->key, decision.account_waits);
  }
  if (user != nullptr) {
    desk_.NoteWaiting(user->key, decision.user_waits);
  }
  desk_.Count(decision.released, visit.due.value_or(kEpoch));
  std::ranges::move(decision.held, std::back_inserter(held_));
  if (decision.is_user_gone) {
    Subject* const gone = merge_from != nullptr ? merge_from : user;
    desk_.NoteWaiting(gone->key, std::nullopt);
    table.Remove(gone);
  }
  for (const journey::EmailOwner& owner : decision.email_owners) {
    state_.Write(EmailKeyOf(owner.tenant, owner.email), owner.user);
  }
  for (journey::MemberWalk& walk : decision.walks) {
    // The final walk stays the last one: the entry ends with it.
    const auto place =
        std::ranges::find(meta_.walks, codec::WalkKind::kFinal, &codec::PendingWalk::kind);
    meta_.walks.insert(
        place, {.kind = codec::WalkKind::kRecheck, .tenant = std::move(walk.tenant), .cursor = {}});
  }
  tally_.repeats += decision.is_repeat ? 1 : 0;
  tally_.conflicts += decision.is_conflict ? 1 : 0;
  for (journey::OutputRecord& record : decision.records) {
    outbox_.Add(std::move(record));
  }
  std::ranges::move(decision.follow_ups, std::back_inserter(*follow_ups));
  return Status();
}

Status JourneyTask::Resolve(journey::VisitTarget* target) {
  if (!target->user.empty() || target->email.empty()) {
    return Status();
  }
  FOOTHOLD_ASSIGN(std::optional<std::string> owner,
                  state_.Read(EmailKeyOf(target->tenant, target->email)));
  target->user = owner.has_value() ? std::move(*owner) : EmailUserId(target->email);
  return Status();
}

std::string JourneyTask::EmailKeyOf(const std::string& tenant, const std::string& email) const {
  const Hash128 hash = HashWide(email, email_seed_);
  return state::EmailKey(tenant, fmt::format("{:016x}{:016x}", hash.high, hash.low));
}

Result<journey::Visit> JourneyTask::VisitOfKey(const std::string& key, journey::VisitKind kind) {
  FOOTHOLD_ASSIGN(state::ParsedKey parsed, state::ParseKey(key));
  const bool is_user = parsed.kind == state::KeyKind::kUser;
  if (!is_user && parsed.kind != state::KeyKind::kAccount) {
    return Error(Code::kCorrupt, "a timer or a walk leads to a key that is no subject");
  }
  return journey::Visit{.kind = kind,
                        .target = {.tenant = std::move(parsed.tenant),
                                   .user = is_user ? std::move(parsed.id) : std::string(),
                                   .email = {}},
                        .merge_from = {},
                        .due = {}};
}

std::int64_t JourneyTask::revision() const {
  return (meta_.journal_next.value << 16) + meta_.next_entry;
}

journey::Context JourneyTask::MakeContext(std::optional<Instant> clock) const {
  return {
      .clock = clock,
      .wall = clock_.wall(),
      .revision = revision(),
      .sources = &clock_,
      .app = around_.options->app,
      .is_draining = is_draining(),
      .cause = queue_.has_entry() ? std::get_if<journey::Event>(&queue_.entry()) : nullptr,
      .controls = &desk_.controls(),
      .counts = &desk_.counts(),
      .partitions = around_.options->journal_partitions,
      .sources_silent_since = silence_.has_value() ? std::optional(silence_->since) : std::nullopt,
      .silent_source = silence_.has_value() ? std::string_view(silence_->source) : "",
      .quiet = quiet_.get(),
      .is_redeciding = IsPublishing()};
}

}  // namespace foothold::stream
