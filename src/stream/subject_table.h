#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "src/base/status.h"
#include "src/base/time.h"
#include "src/journey/account.h"
#include "src/journey/person.h"
#include "src/journey/user.h"
#include "src/stream/timer_heap.h"
#include "src/stream/write_behind.h"
#include "state/store.h"

namespace foothold::stream {

// A user or an account, or a person of the people stage, in memory, decoded.
struct Subject {
  std::string key;  // Of state/schema.h.
  std::variant<journey::User, journey::Account, journey::Person> object;
  std::optional<Instant> due;  // Its earliest timer.
  bool is_gone = false;        // Deleted by what is staged; the object is void.

  journey::User& user() { return std::get<journey::User>(object); }
  journey::Account& account() { return std::get<journey::Account>(object); }
  journey::Person& person() { return std::get<journey::Person>(object); }

  // As of the last commit, kept by the table.
  std::optional<Instant> committed_due;
  std::uint64_t committed_hash = 0;  // Of the value; 0: there is none.
  std::size_t bytes = 0;             // Estimate of its memory.
  bool is_staged = false;
  std::list<Subject*>::iterator recency;  // Valid while it is not staged.
};

// The decoded subjects of one partition: the overlay of what is staged, and behind it a bounded
// cache of committed ones, least recently used out first. A subject is in one of the two: touching
// moves it into the overlay, a commit moves it back, an abort drops it.
//
// Not thread-safe.
class SubjectTable {
 public:
  // `bytes_max`: of committed subjects; 0 keeps none. `committed` outlives the table.
  SubjectTable(const WriteBehind* committed, std::size_t bytes_max);
  SubjectTable(const SubjectTable&) = delete;
  SubjectTable& operator=(const SubjectTable&) = delete;

  // The subject of that key, staged from now on; a new one with only its ids set if there is none.
  // The pointer lives until Applied() or Drop(). kCorrupt: the stored bytes are damaged.
  Result<Subject*> TouchUser(std::string_view tenant, std::string_view user);
  Result<Subject*> TouchAccount(std::string_view tenant);
  Result<Subject*> TouchPerson(std::string_view id);
  // The account as it is, and only a new one staged: most events leave it alone. Whoever changes it
  // stages it before anything else is asked of the table.
  Result<Subject*> LookAtAccount(std::string_view tenant);
  void Stage(Subject* subject);
  // Whether the subject is there (staged deletions count). Loads it.
  Result<bool> Has(std::string_view key);
  // Its earliest timer; nullopt if it has none or is not there. Loads it.
  Result<std::optional<Instant>> DueOf(std::string_view key);

  // Its earliest timer is `due` from now on. REQUIRES: staged.
  void SetDue(Subject* subject, std::optional<Instant> due);
  // REQUIRES: staged.
  void Remove(Subject* subject);

  bool IsStaged(std::string_view key) const;
  // Whether it is staged and deleted by that.
  bool IsGone(std::string_view key) const;
  // The earliest timer among the staged subjects.
  std::optional<state::DueTimer> EarliestStagedTimer();
  // The first key after `after` with `prefix` of a staged subject that was not there as of the last
  // commit, and is not gone.
  std::optional<std::string_view> NextNewKey(std::string_view prefix, std::string_view after) const;

  // Appends what is staged and differs from what is committed, in the order in which it was staged.
  // Once per commit; keys live until Applied() or Drop().
  void Encode(std::vector<WriteBehind::Change>* changes);
  // What Encode() gave is committed.
  void Applied();
  // Takes back everything since the last Applied().
  void Drop();

  // Brings the memory of what is not staged back within its bound. No pointer is held then.
  void Shrink() { Evict(); }
  // An estimate of the memory of what is staged.
  std::size_t staged_bytes() const { return staged_bytes_; }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  // The subject as it is in memory or in the store; nullptr if there is none.
  Result<Subject*> Load(std::string_view key);
  Subject* Insert(std::unique_ptr<Subject> subject);
  void Evict();

  const WriteBehind* committed_;
  std::size_t bytes_max_;
  std::unordered_map<std::string_view, std::unique_ptr<Subject>> subjects_;  // Keys are theirs.
  std::vector<Subject*> staged_;
  std::set<std::string_view> new_keys_;  // Of the staged ones.
  TimerHeap staged_timers_;
  std::string scratch_;         // Of Encode().
  std::list<Subject*> recent_;  // Committed ones, the most recently used first.
  std::size_t bytes_ = 0;       // Of `recent_`.
  std::size_t staged_bytes_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
};

}  // namespace foothold::stream
