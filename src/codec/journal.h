#pragma once

// Records of the journal <-> entries. A record is one batch: proto/journal.proto is its schema.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/hash.h"
#include "src/base/status.h"
#include "src/base/time.h"
#include "src/journey/clock.h"
#include "src/journey/event.h"
#include "src/journey/playbook.h"
#include "src/journey/user.h"

namespace foothold::codec {

// Bounds of a batch. A batch always takes its first entry, however large.
inline constexpr std::size_t kJournalBatchEntriesMax = 1000;
inline constexpr std::size_t kJournalBatchBytesMax = 64 * 1024;

// The playbook that holds from this entry on.
struct PublishPlaybook {
  journey::Playbook playbook;
  friend bool operator==(const PublishPlaybook&, const PublishPlaybook&) = default;
};

// The playbook that is to be published once the state knows what it asks of the past: from this
// entry on that is kept, too.
struct PreparePlaybook {
  journey::Playbook playbook;
  friend bool operator==(const PreparePlaybook&, const PreparePlaybook&) = default;
};

// What people say of a rule. Persisted: never reuse.
struct RuleWord {
  enum class Word : std::uint8_t {
    kPause = 1,
    kResume = 2,
    kKill = 3,  // For good: nothing of it goes out any more, what was asked is cancelled.
    kLive = 4,
    kShadow = 5,
    kOff = 6,
  };
  std::string rule;
  Word word = Word::kPause;
  friend bool operator==(const RuleWord&, const RuleWord&) = default;
};

// What people say of rungs that wait for approval.
struct ApprovalWord {
  std::string tenant;
  std::string user;  // "": the account's own.
  std::string rule;
  std::int32_t rung = 0;  // From 1; 0: all of the rule.
  bool is_granted = false;
  friend bool operator==(const ApprovalWord&, const ApprovalWord&) = default;
};

// A person is erased from an account: it is forgotten, and what comes of it until
// journey::kErasedFor later is dropped.
struct EraseWord {
  std::string tenant;
  Instant at;                      // When it was said, of the wall.
  std::vector<std::string> users;  // The user, and the ids that lead to it; empty in the ledger.
  std::vector<Hash128> hashes;     // Of them; in the ledger alone.
  friend bool operator==(const EraseWord&, const EraseWord&) = default;
};

using ControlAction =
    std::variant<PublishPlaybook, RuleWord, ApprovalWord, EraseWord, PreparePlaybook>;

// An entry of the ledger, numbered from 1, and the number it follows (0: it is the first).
struct Control {
  std::uint64_t number = 0;
  std::uint64_t follows = 0;
  ControlAction action;
  friend bool operator==(const Control&, const Control&) = default;
};

// The gate looks at what waits. The stamp is the gate's "now".
struct Release {
  Instant wall;
  friend bool operator==(const Release&, const Release&) = default;
};

// What a subject would have kept of what came before a playbook was prepared.
struct Recollection {
  std::string tenant;
  std::string user;  // "": the account's own.
  std::vector<journey::TrackerState> trackers;
  friend bool operator==(const Recollection&, const Recollection&) = default;
};

// A record of the tenant became a dead letter, at about that time. A view as those of an event.
struct DeadLetterNote {
  std::string_view tenant;
  Instant at;
  friend bool operator==(const DeadLetterNote&, const DeadLetterNote&) = default;
};

// A record as it came from a source. Views as those of an event.
struct RawRecord {
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers;
  Instant timestamp = kEpoch;  // kEpoch: it has none.
  friend bool operator==(const RawRecord&, const RawRecord&) = default;
};

// A record that names a user and no account, on its way to the person's accounts.
struct PersonRecord {
  journey::Event event;    // Its tenant is empty, and its fingerprint lacks it too.
  Instant at;              // How far time was when it was taken: the wall, in files event time.
  std::uint32_t hops = 0;  // How often it was handed on under another id.
  bool is_for_previous = false;  // It goes to the accounts of the event's previous id.
  std::string_view flaw{};       // What is wrong with it, as a dead letter's reason; "": nothing.
  std::string_view flaw_detail{};
  std::optional<RawRecord> raw{};  // There where it may end as a dead letter.
};

// Something known of a person. Persisted: never reuse.
enum class PersonFactKind : std::uint8_t {
  kAccount = 1,    // `other` is an account that the person belongs to.
  kSuccessor = 2,  // `other` is the user id under which the person goes from now on.
};
struct PersonFact {
  PersonFactKind kind = PersonFactKind::kAccount;
  std::string_view user;
  std::string_view other;
  Instant at;
  std::uint32_t hops = 0;
  friend bool operator==(const PersonFact&, const PersonFact&) = default;
};

// PersonRecord and PersonFact stand in the people topic alone.
using JournalEntry = std::variant<journey::Event, journey::Progress, journey::Roster, Control,
                                  Release, PersonRecord, PersonFact, DeadLetterNote, Recollection>;

// Collects entries and makes one batch of them. Keeps its memory from batch to batch.
// Not thread-safe: owned by one Worker.
class JournalBatchWriter {
 public:
  JournalBatchWriter();

  // Appends one entry; what it refers to is not kept. Strings must be UTF-8.
  // REQUIRES: count() < kJournalBatchEntriesMax; of an event: tenant and id are not empty.
  void Append(const journey::Event& event);
  void Append(const journey::Progress& progress);
  void Append(const journey::Roster& roster);
  void Append(const Control& control);
  void Append(const Release& release);
  void Append(const PersonRecord& record);
  void Append(const PersonFact& fact);
  void Append(const DeadLetterNote& note);
  void Append(const Recollection& recollection);

  // True if a bound is reached: what has no HasRoomFor() of its own asks this.
  bool is_full() const {
    return count_ >= kJournalBatchEntriesMax || bytes() >= kJournalBatchBytesMax;
  }
  // True if `event` can be appended without passing a bound. Errs on the side of false by a few
  // bytes. Always true of an empty batch.
  bool HasRoomFor(const journey::Event& event) const;
  bool HasRoomFor(const PersonRecord& record) const;

  std::size_t count() const { return count_; }
  bool is_empty() const { return count_ == 0; }
  // The size of the record that Take() would return.
  std::size_t bytes() const;

  // The record with all entries appended; the writer is then empty.
  // REQUIRES: !is_empty().
  std::string Take();
  // Forgets all entries appended.
  void Clear();

 private:
  // The number of `text` in the batch's string table, which gets it if it is new; 0 for "".
  std::uint32_t Intern(std::string_view text);
  void GrowSlots();
  void AppendEntry(std::uint32_t field, std::string_view body);
  // The body of an event at `to`, which has room for it; returns its end.
  char* PutEvent(const journey::Event& event, char* to);
  std::string_view StringAt(std::uint32_t number) const;

  struct Span {
    std::size_t begin = 0;
    std::size_t size = 0;
  };

  std::string entries_;               // Field 4 of the batch, again and again.
  std::string strings_;               // Field 3 likewise.
  std::vector<Span> string_spans_;    // Where each string lies in `strings_`.
  std::vector<std::uint32_t> slots_;  // Hash table of string numbers; 0: free. A power of two.
  std::size_t count_ = 0;
};

// Reads a batch where it lies. Immutable once open, so threads may share it.
class JournalBatchReader {
 public:
  // `bytes` is the record's value and must outlive the reader and the events it hands out.
  // kCorrupt if the bytes are damaged or cut; kFatal if a newer build wrote them.
  static Result<JournalBatchReader> Open(std::string_view bytes);

  std::size_t count() const { return entries_.size(); }
  // Views of an event lie within the bytes given to Open(). kCorrupt, kFatal as there.
  // REQUIRES: i < count().
  Result<JournalEntry> entry(std::size_t i) const;

 private:
  JournalBatchReader() = default;

  Result<journey::Event> ReadEvent(std::string_view body) const;
  // Likewise of one that may have no tenant.
  Result<journey::Event> ReadAnyEvent(std::string_view body) const;
  Result<PersonRecord> ReadPersonRecord(std::string_view body) const;
  Result<journey::Progress> ReadProgress(std::string_view body) const;
  Result<DeadLetterNote> ReadDeadLetterNote(std::string_view body) const;
  bool Resolve(std::uint64_t ref, std::string_view* text) const;

  std::vector<std::string_view> strings_;
  std::vector<std::string_view> entries_;
};

}  // namespace foothold::codec
