#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/codec/journal.h"
#include "src/codec/state.h"
#include "src/journey/clock.h"
#include "src/journey/person.h"
#include "tests/sim/erased_model.h"

namespace foothold::sim {

// What one partition of the people topic comes to when nothing ever goes wrong, over plain maps.
class PeopleModel {
 public:
  struct Options {
    journey::ClockMode mode = journey::ClockMode::kWall;
    std::uint64_t waiting_bytes_max = 1U << 20U;
    std::string app;
  };
  explicit PeopleModel(const Options& options);

  // Folds one record of the topic; a text says why that cannot be.
  std::string Fold(std::int64_t offset, std::string_view batch);

  // What was placed, in order: "<partition>@<offset> -> <tenant>".
  const std::vector<std::string>& placed() const { return placed_; }
  // What went back into the people topic, as Describe() has it.
  const std::vector<std::string>& handed_on() const { return handed_on_; }
  // Dead letters: "<partition>@<offset> <reason>".
  const std::vector<std::string>& dead_letters() const { return dead_letters_; }
  std::map<std::string, std::string> State() const;
  std::map<std::string, Instant> Timers() const;

  static std::string Describe(const codec::PersonRecord& record);
  static std::string Describe(const codec::PersonFact& fact);

 private:
  struct Known {
    journey::Person person;
    std::optional<Instant> due;
  };

  void FoldRecord(const codec::PersonRecord& record);
  void FoldFact(const codec::PersonFact& fact);
  void FoldControl(const codec::Control& control);
  std::optional<Instant> TimeOfErasures() const;
  bool IsErased(const std::string& id, const journey::Person& person) const;
  bool IsOfErased(const codec::PersonFact& fact, const journey::Person& person) const;
  void FoldProgress(const journey::Progress& progress);
  void Learn(const codec::PersonFact& fact, journey::Person* person);
  void Follow(const codec::PersonFact& fact, journey::Person* person);
  void Place(const codec::PersonRecord& record, const std::vector<std::string>& tenants);
  void HandOn(codec::PersonRecord record, const std::string& successor);
  void Expire(Instant until, bool is_end, journey::Person* person);
  void Wait(const codec::PersonRecord& record, journey::Person* person);
  std::string Pop(journey::Person* person);
  const std::string& First(const journey::Person& person) const;
  void LetGo(const std::string& waiting);
  void Settle(const std::string& id);
  std::optional<std::pair<Instant, std::string>> Earliest() const;  // Person's key.

  Options options_;
  std::map<std::string, Known> persons_;        // By key.
  std::map<std::string, std::string> waiting_;  // By key: one entry's batch each.
  journey::Clock clock_;
  bool has_clock_ = false;
  ErasedModel erased_;
  codec::Meta meta_;
  std::vector<std::string> placed_;
  std::vector<std::string> handed_on_;
  std::vector<std::string> dead_letters_;
};

}  // namespace foothold::sim
