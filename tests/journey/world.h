#pragma once

// A little world for tests of the engine: users and accounts in maps, visits and follow-ups run as
// the journey's task runs them, timers fired at clock entries.

#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "src/base/bag.h"
#include "src/journey/engine.h"

namespace foothold::journey {

using Value = std::variant<std::string, std::int64_t, double, bool>;

// An event as a test writes it.
struct EventSpec {
  std::string name;  // "identify" and "group" are those calls; else a track call.
  std::string user;
  Instant at;
  std::vector<std::pair<std::string, Value>> properties;
  std::vector<std::pair<std::string, Value>> traits;
  std::string role;
  std::string id;  // "": made of the rest.
  std::string previous_user;
  std::string tenant = "acme";
  bool is_product = true;
};

class World {
 public:
  // The history began long ago: everybody's is known, unless `history_begin` says otherwise.
  explicit World(Playbook playbook, Instant history_begin = kEpoch);

  void Do(const EventSpec& spec);
  // A clock entry: fires what is due, earliest first; then the gate looks at what waits.
  void AdvanceTo(Instant clock);
  // A word of people on a rule.
  void Say(const std::string& rule, const RuleControl& control);
  // The end of the input at that time.
  void Finish(Instant clock);

  User& user(const std::string& id, const std::string& tenant = "acme");
  bool has_user(const std::string& id, const std::string& tenant = "acme") const {
    return users_.contains({tenant, id});
  }
  Account& account(const std::string& tenant = "acme") { return accounts_[tenant]; }
  const Definition& definition() const { return definition_; }

  template <class T>
  std::vector<T> RecordsOf() const {
    std::vector<T> found;
    for (const OutputRecord& record : records_) {
      if constexpr (std::is_same_v<T, OutputRecord>) {
        found.push_back(record);
      } else if (const T* match = std::get_if<T>(&record)) {
        found.push_back(*match);
      }
    }
    return found;
  }
  // activation.changed of users (or of the account), in order.
  std::vector<ActivationChanged> Activations(const std::string& user) const;
  std::optional<UserStatus> LastStatus(const std::string& user) const;
  std::optional<AccountStatus> LastAccountStatus() const;
  void ForgetRecords() { records_.clear(); }
  const std::vector<HeldRung>& held() const { return held_; }
  // Of users and accounts, so far.
  int visits() const { return visits_; }

 private:
  int visits_ = 0;
  bool FireNext();
  void Release(Instant stamp);
  void Run(const Visit& visit, const Event* event, std::optional<Instant> clock);
  std::string Resolve(const VisitTarget& target) const;

  Definition definition_;
  Clock clock_;
  std::int64_t revision_ = 0;
  std::map<std::pair<std::string, std::string>, User> users_;
  std::map<std::string, Account> accounts_;
  std::map<std::pair<std::string, std::string>, std::string> emails_;
  std::vector<OutputRecord> records_;
  std::vector<HeldRung> held_;
  std::map<std::pair<std::string, std::string>, Instant> waits_;  // User "": the account.
  RuleControls controls_;
  ReleaseCounts counts_;
};

// 2026-03-01T00:00:00Z plus so much.
Instant Day(double days);

}  // namespace foothold::journey
