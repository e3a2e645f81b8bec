#pragma once

// The benchmarks of single parts, and what they share: records, events and subjects as real
// traffic makes them.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/base/time.h"
#include "src/journey/account.h"
#include "src/journey/clock.h"
#include "src/journey/definition.h"
#include "src/journey/engine.h"
#include "src/journey/event.h"
#include "src/journey/user.h"
#include "state/store.h"

namespace foothold::benchmarks {

void RegisterDecoding();
void RegisterJournal();
void RegisterEngine();
void RegisterState();
void RegisterTimers();

// Sound records of the traffic of the figures.
std::vector<std::string> SegmentCalls(std::size_t count);

// A Segment call of a user of the account "acme". `properties` is the inside of a JSON object.
struct Call {
  std::string_view event;
  std::string_view user;
  std::string_view role;
  Instant at;
  std::string_view properties = {};
};
std::string SegmentCall(const Call& call);

// Events as the journal holds them, with the memory that they lie in.
struct EventList {
  std::vector<std::string> batches;
  std::vector<journey::Event> events;
};
// REQUIRES: intake accepts every one of the calls.
EventList EventsOf(const std::vector<std::string>& calls);

// The activation part of the default playbook, as the figures of the whole service have it.
journey::Playbook ActivationPlaybook();

// One account and its users, as the journey's task keeps them: an event's visits run with what
// follows from them. A value; the definition outlives it.
class Tenant {
 public:
  explicit Tenant(const journey::Definition* definition);

  // Returns the records that came of it.
  std::vector<journey::OutputRecord> Do(const journey::Event& event);

  const journey::User& user(const std::string& id) const { return users_.at(id); }
  const journey::Account& account() const { return account_; }

 private:
  void Run(const journey::Visit& visit, const journey::Event* event,
           std::vector<journey::OutputRecord>* records);

  const journey::Definition* definition_;
  journey::Clock clock_;
  std::int64_t revision_ = 0;
  std::optional<Instant> now_;
  std::map<std::string, journey::User> users_;
  journey::Account account_;
};

// A store on disk, in a folder of its own that ends with it. Not thread-safe.
class TemporaryStore {
 public:
  TemporaryStore();
  ~TemporaryStore();
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;

  state::Store& store() { return *store_; }

 private:
  std::string folder_;
  std::unique_ptr<state::Store> store_;
};

// The key of the user of that number.
std::string KeyOf(std::uint64_t number);

}  // namespace foothold::benchmarks
