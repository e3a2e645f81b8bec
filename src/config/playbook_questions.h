#pragma once

// The questions that conditions ask. For playbook_conditions.cc; the language stands there.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/config/playbook_conditions.h"

namespace foothold::config {

// Reads one question: the verb of a map with what stands beside it. Each Read...() fills
// `question_` and returns false, with the problem added, if it could not be read. Not thread-safe.
class QuestionReader {
 public:
  // All outlive it.
  QuestionReader(MapReader* reader, const ConditionScope& scope, Draft* draft)
      : reader_(*reader), scope_(scope), draft_(draft) {}

  std::optional<Question> Read();

 private:
  struct Verb {
    std::string_view word;
    bool is_of_user;
    bool (QuestionReader::*read)(const YamlNode& value);
    const char* of_account;  // The word that asks the like of an account; may be empty.
  };

  static std::span<const Verb> Verbs();
  static const Verb* VerbOf(std::string_view word);
  void AddNoQuestion();
  bool Wrong(const YamlNode& node, std::string_view what);
  bool Take(journey::ConditionNode node, std::string label);
  static journey::ConditionNode NodeOf(journey::ConditionKind kind);
  std::optional<milliseconds> Span(const YamlNode& value, const std::string& path);
  std::optional<journey::Moment> MomentAt(std::string_view key, const YamlNode& value);
  bool ReadOccurrences(const YamlNode& value, Actor actor);
  bool ReadDid(const YamlNode& value);
  bool ReadAccountDid(const YamlNode& value);
  bool ReadMembers(const YamlNode& value);
  // Words of a closed set, or of any if `known` is empty.
  bool ReadWords(const YamlNode& value, journey::ConditionKind kind, std::string_view noun,
                 std::vector<std::string> known);
  bool ReadRole(const YamlNode& value);
  bool ReadState(const YamlNode& value);
  bool ReadRisk(const YamlNode& value);
  bool ReadStage(const YamlNode& value);
  bool ReadStageLate(const YamlNode& value);
  // A trait with what its value must be; without a value it must be there.
  bool ReadTraitOf(std::string name, std::string_view written, bool is_of_account,
                   const YamlNode* value);
  // `segment: [mid_market, enterprise]`: a fact of the account by its own name.
  bool ReadFact(const YamlNode& value);
  template <std::size_t kSize>
  bool ReadAttributeOf(const YamlNode& value, bool is_of_account,
                       const std::array<std::string_view, kSize>& facts);
  bool ReadAttribute(const YamlNode& value);
  bool ReadUserAttribute(const YamlNode& value);
  bool ReadAnyTrait(const YamlNode& value, bool is_of_account);
  bool ReadTrait(const YamlNode& value);
  bool ReadUserTrait(const YamlNode& value);
  bool ReadMrrPerSeat(const YamlNode& value);
  bool ReadSince(const YamlNode& value);
  bool ReadIdle(const YamlNode& value);
  bool ReadSpan(const YamlNode& value, journey::ConditionKind kind, std::string label);
  bool ReadStepNotMet(const YamlNode& value);
  // {at_least: 3}: the count, and no other key.
  std::optional<std::int32_t> AtLeast(const YamlNode& value, std::int32_t max);
  bool ReadSessions(const YamlNode& value);
  bool ReadActiveDays(const YamlNode& value);
  bool ReadCoreTime(const YamlNode& value);
  bool ReadRepeated(const YamlNode& value);
  bool ReadMeasurement(const YamlNode& value);

  MapReader& reader_;
  const ConditionScope& scope_;
  Draft* const draft_;
  Question question_;
};

}  // namespace foothold::config
