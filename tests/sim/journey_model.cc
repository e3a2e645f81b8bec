#include "tests/sim/journey_model.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/codec/gate_facts.h"
#include "src/codec/volume_facts.h"
#include "src/stream/control_writer.h"
#include "state/schema.h"

namespace foothold::sim {
namespace {

std::string UsersPrefix() { return std::string(1, static_cast<char>(state::KeyKind::kUser)); }
std::string AccountsPrefix() { return std::string(1, static_cast<char>(state::KeyKind::kAccount)); }

bool IsOfEvent(journey::VisitKind kind) {
  return kind == journey::VisitKind::kActor || kind == journey::VisitKind::kInvitee ||
         kind == journey::VisitKind::kMember || kind == journey::VisitKind::kAccount;
}

}  // namespace

journey::Visit JourneyModel::VisitTo(const std::string& key, journey::VisitKind kind) {
  const state::ParsedKey parsed = state::ParseKey(key).value();
  journey::Visit visit;
  visit.kind = kind;
  visit.target.tenant = parsed.tenant;
  if (parsed.kind == state::KeyKind::kUser) {
    visit.target.user = parsed.id;
  }
  return visit;
}

JourneyModel::JourneyModel(const Options& options)
    : partition_(options.partition),
      journal_partitions_(options.journal_partitions),
      app_(options.app),
      salt_(options.salt),
      erased_(Hash64(options.salt)),
      encoder_({.app = options.app, .encodings = {}}) {}

std::string JourneyModel::Fold(std::int64_t offset, std::string_view batch) {
  const Result<codec::JournalBatchReader> reader = codec::JournalBatchReader::Open(batch);
  if (!reader.has_value()) {
    return fmt::format("offset {}: {}", offset, reader.error().message());
  }
  meta_.journal_next = NextOffset{offset};
  for (std::size_t i = 0; i < reader->count(); ++i) {
    meta_.next_entry = static_cast<std::uint32_t>(i);
    const Result<codec::JournalEntry> entry = reader->entry(i);
    if (!entry.has_value()) {
      return fmt::format("offset {}, entry {}: {}", offset, i, entry.error().message());
    }
    if (const auto* event = std::get_if<journey::Event>(&*entry)) {
      if (definition_ == nullptr) {
        return fmt::format("offset {}: an event before the first playbook", offset);
      }
      FoldEvent(*event);
    } else if (const auto* progress = std::get_if<journey::Progress>(&*entry)) {
      FoldProgress(*progress);
    } else if (const auto* roster = std::get_if<journey::Roster>(&*entry)) {
      clock_.Apply(*roster);
      has_clock_ = true;
    } else if (const auto* control = std::get_if<codec::Control>(&*entry)) {
      FoldControl(*control);
    } else if (const auto* release = std::get_if<codec::Release>(&*entry)) {
      Release(release->wall);
    } else if (const auto* letter = std::get_if<codec::DeadLetterNote>(&*entry)) {
      NoteDeadLetter(*letter);
    } else if (const auto* recollection = std::get_if<codec::Recollection>(&*entry)) {
      Recall(*recollection);
    } else {
      return fmt::format("offset {}: an entry of the people topic", offset);
    }
  }
  meta_.journal_next = NextOffset{offset + 1};
  meta_.next_entry = 0;
  return "";
}

void JourneyModel::FoldEvent(const journey::Event& event) {
  if (IsErased(std::string(event.tenant), std::string(event.user))) {
    return;
  }
  cause_ = &event;
  VisitAll(journey::VisitsOf(*definition_, event), &event, clock_.now());
  DoWalks();
  cause_ = nullptr;
}

void JourneyModel::FoldProgress(const journey::Progress& progress) {
  clock_.Apply(progress);
  has_clock_ = true;
  if (definition_ == nullptr) {
    return;
  }
  clock_.Advance(definition_->playbook().lateness);
  NoteVolumes(progress);
  NoteSilence();
  DoWalks();
  if (!clock_.now().has_value()) {
    return;
  }
  while (FireNext()) {
  }
  if (clock_.roster().mode == journey::ClockMode::kEvent) {
    released_until_ = *clock_.now();
    meta_.counters["released_until"] = static_cast<std::uint64_t>(ToMs(released_until_));
  }
  if (IsEnd(progress)) {
    meta_.walks.push_back({.kind = codec::WalkKind::kFinal, .tenant = {}, .cursor = {}});
    DoWalks();
  }
}

// What is due next: a timer, or, in files, what waits for the gate, whichever comes first. False:
// nothing is.
bool JourneyModel::FireNext() {
  const Instant now = *clock_.now();
  const auto timer = EarliestTimer();
  if (clock_.roster().mode == journey::ClockMode::kEvent) {
    const auto waiting = EarliestWaiting();
    // Never before what was done already.
    const Instant stamp = waiting.has_value() ? std::max(waiting->first, released_until_) : now;
    if (waiting.has_value() && waiting->first <= now &&
        (!timer.has_value() || stamp < timer->first)) {
      journey::Visit visit = VisitTo(waiting->second, journey::VisitKind::kRelease);
      visit.due = stamp;
      VisitAll({visit}, nullptr, stamp);
      DoWalks();
      return true;
    }
  }
  if (!timer.has_value()) {
    return false;
  }
  ++timers_fired_;
  journey::Visit visit = VisitTo(timer->second, journey::VisitKind::kTimer);
  visit.due = timer->first;
  VisitAll({visit}, nullptr, timer->first);
  DoWalks();
  return true;
}

// The end is once: with intake's last entry, or, when the people stage was not through by then,
// with that of its last partition.
bool JourneyModel::IsEnd(const journey::Progress& progress) {
  if (!progress.final_clock.has_value()) {
    return false;
  }
  const bool was_owed = meta_.counters.contains("end_owed");
  if (!clock_.is_final()) {
    meta_.counters["end_owed"] = 1;
    return false;
  }
  meta_.counters.erase("end_owed");
  return was_owed || !progress.people.has_value();
}

std::optional<std::pair<Instant, std::string>> JourneyModel::EarliestWaiting() const {
  std::optional<std::pair<Instant, std::string>> earliest;
  for (const auto& [key, until] : waiting_) {
    if (!earliest.has_value() || std::pair(until, key) < *earliest) {
      earliest.emplace(until, key);
    }
  }
  return earliest;
}

void JourneyModel::DoWalks() {
  while (!meta_.walks.empty()) {
    const std::optional<std::string> key = NextOf(meta_.walks.front());
    if (!key.has_value()) {
      meta_.walks.erase(meta_.walks.begin());
      continue;
    }
    const codec::WalkKind kind = meta_.walks.front().kind;
    meta_.walks.front().cursor = *key;
    journey::VisitKind visit = journey::VisitKind::kRecheck;
    if (kind == codec::WalkKind::kFinal) visit = journey::VisitKind::kFinal;
    if (kind == codec::WalkKind::kSweep) visit = journey::VisitKind::kSweep;
    if (kind == codec::WalkKind::kMeasure) visit = journey::VisitKind::kMeasure;
    VisitAll({VisitTo(*key, visit)}, nullptr, clock_.now());
  }
}

std::optional<std::string> JourneyModel::NextKey(const std::string& prefix,
                                                 const std::string& after) const {
  const auto next = after < prefix ? subjects_.lower_bound(prefix) : subjects_.upper_bound(after);
  if (next == subjects_.end() || !next->first.starts_with(prefix)) {
    return std::nullopt;
  }
  return next->first;
}

// Of everything, users come first. A changed measurement concerns them only where something that is
// judged of users rests on it; else what waits of theirs stays as it is.
std::optional<std::string> JourneyModel::NextOf(const codec::PendingWalk& walk) const {
  if (walk.kind == codec::WalkKind::kRecheck) {
    return NextKey(state::UserKeyPrefix(walk.tenant), walk.cursor);
  }
  const bool is_at_accounts = walk.cursor.starts_with(AccountsPrefix());
  const bool concerns_users =
      walk.kind != codec::WalkKind::kMeasure ||
      !definition_->wakes()
           .OfChange(journey::SubjectKind::kUser, journey::Change::kMeasurement)
           .is_empty();
  if (!is_at_accounts && concerns_users) {
    if (auto user = NextKey(UsersPrefix(), walk.cursor)) {
      return user;
    }
  }
  return NextKey(AccountsPrefix(), is_at_accounts ? walk.cursor : "");
}

std::optional<std::pair<Instant, std::string>> JourneyModel::EarliestTimer() const {
  std::optional<std::pair<Instant, std::string>> earliest;
  for (const auto& [key, subject] : subjects_) {
    if (!subject.due.has_value() || *subject.due > *clock_.now()) {
      continue;
    }
    if (!earliest.has_value() || std::pair(*subject.due, key) < *earliest) {
      earliest.emplace(*subject.due, key);
    }
  }
  return earliest;
}

void JourneyModel::VisitAll(std::vector<journey::Visit> visits, const journey::Event* event,
                            std::optional<Instant> clock) {
  std::deque<journey::Visit> queue(visits.begin(), visits.end());
  while (!queue.empty()) {
    journey::Visit visit = queue.front();
    queue.pop_front();
    VisitOne(std::move(visit), event, clock, &queue);
  }
}

void JourneyModel::VisitOne(journey::Visit visit, const journey::Event* event,
                            std::optional<Instant> clock, std::deque<journey::Visit>* follow_ups) {
  using enum journey::VisitKind;
  const std::string tenant = visit.target.tenant;
  if (visit.target.user.empty() && !visit.target.email.empty()) {
    const auto owner = emails_.find(EmailKey(tenant, visit.target.email));
    visit.target.user = owner == emails_.end() ? EmailUserId(visit.target.email) : owner->second;
  }
  if (event != nullptr && IsOfEvent(visit.kind) && IsErased(tenant, visit.target.user)) {
    return;
  }
  const std::string user_key =
      visit.target.user.empty() ? "" : state::UserKey(tenant, visit.target.user);
  const std::string from_key = state::UserKey(tenant, visit.merge_from);
  if (visit.kind == kMerge && (from_key == user_key || !subjects_.contains(from_key))) {
    return;
  }
  const bool must_be_there = visit.kind == kRecheck || visit.kind == kApprove ||
                             visit.kind == kSweep || visit.kind == kMeasure || visit.kind == kErase;
  if (must_be_there && !user_key.empty() && !subjects_.contains(user_key)) {
    return;
  }
  const std::string account_key = state::AccountKey(tenant);
  if (!subjects_.contains(account_key)) {
    journey::Account account;
    account.tenant = tenant;
    subjects_[account_key].object = account;
  }
  if (!user_key.empty() && !subjects_.contains(user_key)) {
    journey::User user;
    user.tenant = tenant;
    user.id = visit.target.user;
    subjects_[user_key].object = user;
  }
  journey::Subjects subjects;
  subjects.account = &std::get<journey::Account>(subjects_[account_key].object);
  subjects.user = user_key.empty() ? nullptr : &std::get<journey::User>(subjects_[user_key].object);
  subjects.merge_from =
      visit.kind == kMerge ? &std::get<journey::User>(subjects_[from_key].object) : nullptr;
  journey::Context context;
  context.clock = clock;
  context.wall = clock_.wall();
  context.revision = (meta_.journal_next.value << 16) + meta_.next_entry;
  context.sources = &clock_;
  context.app = app_;
  context.cause = cause_;
  context.controls = &rules_;
  context.counts = &counts_;
  context.partitions = journal_partitions_;
  context.quiet = quiet_.get();
  context.is_redeciding = is_publishing_;
  const auto silence = clock_.Silent();
  if (silence.has_value()) {
    context.sources_silent_since = silence->since;
    context.silent_source = silence->source;
  }
  journey::Decision decision = journey::Advance(*definition_, context, visit,
                                                IsOfEvent(visit.kind) ? event : nullptr, subjects);
  Settle(visit, user_key, account_key, &decision);
  follow_ups->insert(follow_ups->end(), decision.follow_ups.begin(), decision.follow_ups.end());
}

void JourneyModel::Settle(const journey::Visit& visit, const std::string& user_key,
                          const std::string& account_key, journey::Decision* decision) {
  if (decision->touches_account) {
    subjects_[account_key].due = decision->account_due;
    Wait(account_key, decision->account_waits);
  }
  if (!user_key.empty()) {
    subjects_[user_key].due = decision->user_due;
    Wait(user_key, decision->user_waits);
  }
  for (const std::uint64_t rule : decision->released) {
    counts_.Count(rule, visit.due.value_or(kEpoch));
    has_counts_ = true;
  }
  if (decision->is_user_gone) {
    const std::string gone = visit.kind == journey::VisitKind::kErase
                                 ? user_key
                                 : state::UserKey(visit.target.tenant, visit.merge_from);
    Wait(gone, std::nullopt);
    subjects_.erase(gone);
  }
  for (const journey::EmailOwner& owner : decision->email_owners) {
    emails_[EmailKey(owner.tenant, owner.email)] = owner.user;
  }
  for (const journey::MemberWalk& walk : decision->walks) {
    const auto last =
        std::ranges::find(meta_.walks, codec::WalkKind::kFinal, &codec::PendingWalk::kind);
    meta_.walks.insert(last,
                       {.kind = codec::WalkKind::kRecheck, .tenant = walk.tenant, .cursor = {}});
  }
  for (const journey::OutputRecord& record : decision->records) {
    Emit(record);
  }
}

void JourneyModel::Wait(const std::string& key, std::optional<Instant> until) {
  waiting_.erase(key);
  if (until.has_value()) {
    waiting_[key] = *until;
  }
}

std::string JourneyModel::EmailKey(const std::string& tenant, const std::string& email) const {
  const Hash128 hash = HashWide(email, Hash64(salt_));
  return state::EmailKey(tenant, fmt::format("{:016x}{:016x}", hash.high, hash.low));
}

void JourneyModel::Emit(const journey::OutputRecord& record) {
  const codec::EncodedOutput& encoded = encoder_.Encode(record);
  ModelOutput output{
      .topic = encoded.topic, .key = encoded.key, .value = encoded.value, .headers = {}};
  for (const codec::OutputHeader& header : encoded.headers) {
    output.headers.emplace_back(header.name, header.value);
  }
  outputs_.push_back(std::move(output));
}

std::map<std::string, std::string> JourneyModel::State() const {
  std::map<std::string, std::string> values;
  for (const auto& [key, subject] : subjects_) {
    const auto* user = std::get_if<journey::User>(&subject.object);
    const std::string payload =
        user != nullptr ? codec::EncodeUser(*user)
                        : codec::EncodeAccount(std::get<journey::Account>(subject.object));
    values[key] = state::MakeValue(payload, subject.due);
  }
  const auto add = [&](const std::string& key, const std::string& payload) {
    values[key] = state::MakeValue(payload, std::nullopt);
  };
  for (const auto& [key, user] : emails_) add(key, user);
  for (const auto& [key, until] : waiting_) {
    add(state::GateKey(key), std::to_string(ToMs(until)));
  }
  if (playbook_.has_value()) add(state::FactKey("playbook"), codec::EncodePlaybook(*playbook_));
  if (has_clock_) add(state::FactKey("clock"), codec::EncodeClock(clock_.parts()));
  if (has_rules_) add(state::FactKey("rule_controls"), codec::EncodeRuleControls(rules_));
  if (has_counts_) add(state::FactKey("release_counts"), codec::EncodeReleaseCounts(counts_));
  if (has_volumes_) add(state::FactKey("volumes"), codec::EncodeVolumes(volumes_));
  if (const auto erased = erased_.Payload()) add(state::FactKey("erased"), *erased);
  add(state::FactKey("salt"), salt_);
  add(state::MetaKey(), codec::EncodeMeta(meta_));
  return values;
}

std::map<std::string, Instant> JourneyModel::Timers() const {
  std::map<std::string, Instant> timers;
  for (const auto& [key, subject] : subjects_) {
    if (subject.due.has_value()) {
      timers[key] = *subject.due;
    }
  }
  return timers;
}

}  // namespace foothold::sim
