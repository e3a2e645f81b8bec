#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/codec/journal.h"
#include "src/codec/outputs.h"
#include "src/codec/state.h"
#include "src/journey/clock.h"
#include "src/journey/definition.h"
#include "src/journey/engine.h"
#include "src/journey/gate.h"
#include "src/journey/volumes.h"
#include "tests/sim/erased_model.h"

namespace foothold::sim {

// A record that comes out.
struct ModelOutput {
  codec::OutputTopic topic = codec::OutputTopic::kActivationChanged;
  std::string key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::string>> headers;
  friend bool operator==(const ModelOutput&, const ModelOutput&) = default;
};

// What a journal partition comes to when nothing ever goes wrong: the pure engine over plain maps,
// one entry after the other, with no store, cache, commit or position to go back to. Written apart
// from src/stream, from what ARCHITECTURE says of it.
class JourneyModel {
 public:
  struct Options {
    std::int32_t partition = 0;
    std::int32_t journal_partitions = 0;
    std::string app;
    std::string salt;
  };
  explicit JourneyModel(const Options& options);

  // Folds one record of the journal. A text says why it cannot be folded; "" if it was.
  std::string Fold(std::int64_t offset, std::string_view batch);

  const std::vector<ModelOutput>& outputs() const { return outputs_; }
  // Key -> value with its header, as store and changelog must have it.
  std::map<std::string, std::string> State() const;
  // Subject's key -> due.
  std::map<std::string, Instant> Timers() const;
  int timers_fired() const { return timers_fired_; }
  // Users that went with a word, and what was dropped of those who had gone.
  int erased_users() const { return erased_users_; }
  int dropped() const { return dropped_; }
  // How far event time is complete.
  std::optional<Instant> now() const { return clock_.now(); }
  // What holds the clock back; "" if nothing does.
  std::string holder() const { return clock_.Holder(kDay); }
  // The input has ended, and that was all taken account of.
  bool is_at_end() const { return clock_.is_final() && !meta_.counters.contains("end_owed"); }

 private:
  struct Subject {
    std::variant<journey::User, journey::Account> object;
    std::optional<Instant> due;
  };

  void FoldEvent(const journey::Event& event);
  void FoldProgress(const journey::Progress& progress);
  void FoldControl(const codec::Control& control);
  void Erase(const codec::EraseWord& word);
  bool IsErased(const std::string& tenant, const std::string& user);
  std::optional<Instant> TimeOfErasures() const;
  void NoteSilence();
  void NoteVolumes(const journey::Progress& progress);
  void LookForQuiet();
  void WakeAll();
  void NoteDeadLetter(const codec::DeadLetterNote& note);
  void Recall(const codec::Recollection& recollection);
  bool FireNext();
  // Lets the gate look at all that waits.
  void Release(Instant stamp);
  bool IsEnd(const journey::Progress& progress);
  // Walks over many subjects, until none is owed.
  void DoWalks();
  std::optional<std::string> NextOf(const codec::PendingWalk& walk) const;
  std::optional<std::string> NextKey(const std::string& prefix, const std::string& after) const;
  std::optional<std::pair<Instant, std::string>> EarliestTimer() const;
  std::optional<std::pair<Instant, std::string>> EarliestWaiting() const;

  static journey::Visit VisitTo(const std::string& key, journey::VisitKind kind);
  void VisitAll(std::vector<journey::Visit> visits, const journey::Event* event,
                std::optional<Instant> clock);
  void VisitOne(journey::Visit visit, const journey::Event* event, std::optional<Instant> clock,
                std::deque<journey::Visit>* follow_ups);
  void Settle(const journey::Visit& visit, const std::string& user_key,
              const std::string& account_key, journey::Decision* decision);
  void Wait(const std::string& key, std::optional<Instant> until);
  std::string EmailKey(const std::string& tenant, const std::string& email) const;
  void Emit(const journey::OutputRecord& record);

  std::int32_t partition_;
  std::int32_t journal_partitions_;
  std::string app_;
  std::string salt_;
  ErasedModel erased_;
  codec::OutputEncoder encoder_;

  std::map<std::string, Subject> subjects_;
  std::map<std::string, std::string> emails_;  // Key -> user.
  std::map<std::string, Instant> waiting_;     // Subject's key -> when the gate may look.
  std::optional<journey::Playbook> playbook_;
  std::unique_ptr<journey::Definition> definition_;
  journey::Clock clock_;
  bool has_clock_ = false;
  journey::RuleControls rules_;
  bool has_rules_ = false;
  journey::EventVolumes volumes_;
  bool has_volumes_ = false;
  std::unique_ptr<const journey::QuietEvents> quiet_;
  journey::ReleaseCounts counts_;
  bool has_counts_ = false;
  codec::Meta meta_;
  const journey::Event* cause_ = nullptr;  // Of the entry that is folded.
  bool is_publishing_ = false;

  std::vector<ModelOutput> outputs_;
  int timers_fired_ = 0;
  int erased_users_ = 0;
  int dropped_ = 0;
  Instant released_until_ = kEpoch;  // In files: up to where what waits was looked at.
};

}  // namespace foothold::sim
