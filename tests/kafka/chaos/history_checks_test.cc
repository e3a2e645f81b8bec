// The checker finds what is planted in a history that was recorded on a real Kafka, and nothing
// where nothing was planted.

#include "tests/kafka/chaos/history_checks.h"

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/app/input_file.h"
#include "src/base/check.h"
#include "tests/kafka/chaos/history.h"
#include "tests/kafka/harness.h"

namespace foothold::chaos {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

// Three kills, some topics of all, and of the state's changelog one partition; small hashes.
History Recorded() {
  const auto file = kafka::Must(
      app::InputFile::Open(FOOTHOLD_SOURCE_DIR "/tests/kafka/chaos/recorded.history.gz"));
  std::stringstream text;
  while (const std::optional<app::InputFile::Line> line = kafka::Must(file->Next())) {
    text << line->text << '\n';
  }
  Result<History> history = ReadHistory(&text);
  FOOTHOLD_CHECK(history.has_value(), history.error().message());
  FOOTHOLD_CHECK(!history->polled.empty(), "an empty recording");
  return *std::move(history);
}

std::set<Anomaly> KindsIn(const History& history) {
  std::set<Anomaly> kinds;
  for (const Finding& finding : CheckHistory(history)) {
    kinds.insert(finding.anomaly);
  }
  return kinds;
}

// The place of the first for which `is_it` holds.
template <class List, class Is>
auto Find(List* list, const Is& is_it) {
  const auto found = std::ranges::find_if(*list, is_it);
  FOOTHOLD_CHECK(found != list->end(), "the recording has none");
  return found;
}

bool IsOf(const History& history, const Lane& lane, std::string_view ending) {
  return history.topics.at(static_cast<std::size_t>(lane.topic)).ends_with(ending);
}

// The first outcome in a topic.
auto OutcomeIn(History* history, std::string_view ending) {
  return Find(&history->outcomes, [&](const History::Outcome& outcome) {
    return IsOf(*history, outcome.lane, ending);
  });
}

auto InputWith(History* history, Fate fate) {
  return Find(&history->inputs, [&](const History::Input& input) { return input.fate == fate; });
}

TEST(HistoryChecksTest, InTheRecordingIsNothing) {
  EXPECT_THAT(CheckHistory(Recorded()), IsEmpty());
}

TEST(HistoryChecksTest, TheRecordingHasWhatIsToBeSpoiled) {
  History history = Recorded();

  for (const Fate fate : {Fate::kJournal, Fate::kPeople, Fate::kDeadLetter, Fate::kSkipped}) {
    InputWith(&history, fate);
  }
  Find(&history.records, [](const History::Record& record) { return !record.is_seen; });
  Find(&history.transactions,
       [](const History::Transaction& transaction) { return transaction.end == End::kAborted; });
}

TEST(HistoryChecksTest, AHistoryIsReadAsItWasWritten) {
  const History history = Recorded();
  std::stringstream once;
  WriteHistory(history, &once);
  std::stringstream twice;
  WriteHistory(ReadHistory(&once).value(), &twice);

  EXPECT_EQ(once.str(), twice.str());
}

TEST(HistoryChecksTest, AnAcknowledgedRecordThatIsNotInTheSourceIsLost) {
  History history = Recorded();
  const auto skipped = InputWith(&history, Fate::kSkipped);  // Nothing comes of it.
  history.inputs.erase(skipped);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kLost));
}

TEST(HistoryChecksTest, AnInputWithoutAnOutcomeIsLost) {
  for (const std::string_view topic : {"-journal", "-people", "dead-letter"}) {
    History history = Recorded();
    history.outcomes.erase(OutcomeIn(&history, topic));

    EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kLost)) << topic;
  }
}

TEST(HistoryChecksTest, WhatWasReadAndIsGoneIsLost) {
  History history = Recorded();
  const History::Polled polled = history.polled[history.polled.size() / 2];
  std::erase_if(history.records, [&](const History::Record& record) {
    return record.lane == polled.lane && record.offset == polled.offset;
  });

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kLost));
}

TEST(HistoryChecksTest, AnInputWithTwoOutcomesIsADuplicate) {
  for (const std::string_view topic : {"-journal", "-people", "dead-letter"}) {
    History history = Recorded();
    const auto found = OutcomeIn(&history, topic);
    History::Outcome again = *found;
    ++again.offset;
    history.outcomes.insert(found + 1, again);

    EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kDuplicate)) << topic;
  }
}

TEST(HistoryChecksTest, APersonsRecordThatIsPlacedTwiceIsADuplicate) {
  History history = Recorded();
  const History::Outcome of_people = *OutcomeIn(&history, "-people");
  const auto placed = Find(&history.outcomes, [&](const History::Outcome& outcome) {
    return IsOf(history, outcome.lane, "-journal") &&
           outcome.input_partition == of_people.input_partition &&
           outcome.input_offset == of_people.input_offset;
  });
  history.outcomes.push_back(*placed);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kDuplicate));
}

TEST(HistoryChecksTest, ARecordThatStandsInTheSourceTwiceIsADuplicate) {
  History history = Recorded();
  const auto found = InputWith(&history, Fate::kSkipped);
  History::Input again = *found;
  again.offset += 1'000'000;
  history.inputs.push_back(again);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kDuplicate));
}

TEST(HistoryChecksTest, WhatNobodySentIsAPhantom) {
  History history = Recorded();
  history.inputs.push_back(
      {.partition = 0, .offset = 1'000'000, .hash = 1, .fate = Fate::kSkipped});

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kPhantom));
}

TEST(HistoryChecksTest, AnOutcomeOfNoInputIsAPhantom) {
  History history = Recorded();
  History::Outcome outcome = *OutcomeIn(&history, "-journal");
  outcome.input_offset = 1'000'000;
  history.outcomes.push_back(outcome);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kPhantom));
}

TEST(HistoryChecksTest, AnOutcomeOfWhatIsToBePassedOverIsAPhantom) {
  History history = Recorded();
  const auto input = InputWith(&history, Fate::kSkipped);
  History::Outcome outcome = *OutcomeIn(&history, "dead-letter");
  outcome.input_partition = input->partition;
  outcome.input_offset = input->offset;
  history.outcomes.insert(history.outcomes.begin(), outcome);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kPhantom));
}

TEST(HistoryChecksTest, AnOutcomeInAnotherTopicIsMisplaced) {
  History history = Recorded();
  const int people = OutcomeIn(&history, "-people")->lane.topic;
  OutcomeIn(&history, "dead-letter")->lane = {people, 99};

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kMisplaced));
}

TEST(HistoryChecksTest, AnInputBehindALaterOneIsReordered) {
  History history = Recorded();
  std::set<std::pair<std::int32_t, std::int64_t>> of_journal;
  for (const History::Input& input : history.inputs) {
    if (input.fate == Fate::kJournal) {
      of_journal.emplace(input.partition, input.offset);
    }
  }
  const auto is_direct = [&](const History::Outcome& outcome) {
    return of_journal.contains({outcome.input_partition, outcome.input_offset});
  };
  const auto first = Find(&history.outcomes, is_direct);
  const auto second = std::find_if(first + 1, history.outcomes.end(), [&](const auto& outcome) {
    return is_direct(outcome) && outcome.lane == first->lane &&
           outcome.input_partition == first->input_partition;
  });
  ASSERT_NE(second, history.outcomes.end());
  std::swap(first->input_offset, second->input_offset);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kReordered));
}

TEST(HistoryChecksTest, ASourceInAnotherOrderThanTheAcknowledgementsIsReordered) {
  History history = Recorded();
  const auto first = history.inputs.begin();
  const auto second = std::find_if(first + 1, history.inputs.end(), [&](const auto& input) {
    return input.partition == first->partition && input.hash != first->hash;
  });
  ASSERT_NE(second, history.inputs.end());
  std::swap(first->hash, second->hash);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kReordered));
}

TEST(HistoryChecksTest, AReaderWhoWasGivenAnAbortedRecordIsFound) {
  History history = Recorded();
  const auto hidden =
      Find(&history.records, [](const History::Record& record) { return !record.is_seen; });
  history.polled.push_back(
      {.session = 99, .lane = hidden->lane, .offset = hidden->offset, .hash = hidden->hash});

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kAbortedRead));
}

TEST(HistoryChecksTest, ARecordThatWasAnotherOneWhenItWasReadIsFound) {
  History history = Recorded();
  ++history.polled[history.polled.size() / 2].hash;

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kChanged));
}

TEST(HistoryChecksTest, AReaderWhoWasGivenAPlaceAgainIsFound) {
  History history = Recorded();
  const auto middle =
      history.polled.begin() + static_cast<std::ptrdiff_t>(history.polled.size() / 2);
  history.polled.insert(middle, *middle);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kNonMonotonic));
}

TEST(HistoryChecksTest, AReaderWhoWasGivenThingsOutOfOrderIsFound) {
  History history = Recorded();
  const auto first = history.polled.begin();
  const auto second = std::find_if(first + 1, history.polled.end(),
                                   [&](const auto& polled) { return polled.lane == first->lane; });
  ASSERT_NE(second, history.polled.end());
  std::swap(*first, *second);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kNonMonotonic));
}

TEST(HistoryChecksTest, ANewSessionMayReadAgain) {
  History history = Recorded();
  History::Polled again = history.polled.front();
  again.session = 99;
  history.polled.push_back(again);

  EXPECT_THAT(CheckHistory(history), IsEmpty());
}

TEST(HistoryChecksTest, ARevisionThatFallsIsFound) {
  History history = Recorded();
  History::Numbered older = history.revisions.back();
  --older.number;
  history.revisions.push_back(older);

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kNonMonotonic));
}

TEST(HistoryChecksTest, ACommittedRecordThatTheReaderWasNeverGivenIsUnseen) {
  History history = Recorded();
  history.polled.erase(history.polled.begin() +
                       static_cast<std::ptrdiff_t>(history.polled.size() / 2));

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kUnseen));
}

TEST(HistoryChecksTest, ATransactionThatOnePartitionAbortsAndTheOthersCommitIsTorn) {
  History history = Recorded();
  // All that one partition shows of it agrees with itself.
  const auto marker = Find(&history.markers, [&](const History::Marker& candidate) {
    return candidate.end == End::kCommitted && IsOf(history, candidate.lane, "-state-changelog");
  });
  std::int64_t before = -1;
  for (const History::Marker& other : history.markers) {
    if (other.lane == marker->lane && other.writer == marker->writer &&
        other.offset < marker->offset) {
      before = std::max(before, other.offset);
    }
  }
  marker->end = End::kAborted;
  for (History::Record& record : history.records) {
    if (record.lane == marker->lane && record.writer == marker->writer && record.offset > before &&
        record.offset < marker->offset) {
      record.is_seen = false;
      std::erase_if(history.polled, [&](const History::Polled& polled) {
        return polled.lane == record.lane && polled.offset == record.offset;
      });
    }
  }

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kTorn));
}

TEST(HistoryChecksTest, ARecordThatIsVisibleInATransactionThatIsNotIsTorn) {
  History history = Recorded();
  Find(&history.records, [](const History::Record& record) {
    return !record.is_seen && !record.writer.empty();
  })->is_seen = true;

  EXPECT_THAT(KindsIn(history), Contains(Anomaly::kTorn));
}

TEST(HistoryChecksTest, ATransactionThatDoesNotEndInOnePartitionIsTorn) {
  History history = Recorded();
  history.markers.pop_back();

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kTorn));
}

TEST(HistoryChecksTest, ADecisionThatWasNotTheCoordinatorsIsTorn) {
  History history = Recorded();
  history.transactions.back().end =
      history.transactions.back().end == End::kCommitted ? End::kAborted : End::kCommitted;

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kTorn));
}

TEST(HistoryChecksTest, ARecordOutsideOfAnyTransactionIsTorn) {
  History history = Recorded();
  history.records.front().writer.clear();

  EXPECT_THAT(KindsIn(history), Contains(Anomaly::kTorn));
}

TEST(HistoryChecksTest, AMarkerThatADyingCoordinatorWritesAgainIsNone) {
  History history = Recorded();
  const auto last = history.markers.end() - 1;
  History::Marker again = *last;
  ++again.offset;
  history.markers.push_back(again);

  EXPECT_THAT(CheckHistory(history), IsEmpty());
}

TEST(HistoryChecksTest, AHoleInTheNumbersOfASubjectIsFound) {
  History history = Recorded();
  const auto second = Find(&history.numbers,
                           [](const History::Numbered& numbered) { return numbered.number == 2; });
  std::erase_if(history.numbers, [&, subject = second->subject](const auto& numbered) {
    return numbered.subject == subject && numbered.number == 1;
  });

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kHole));
}

TEST(HistoryChecksTest, ARepeatInTheNumbersOfASubjectIsFound) {
  History history = Recorded();
  history.numbers.push_back(history.numbers.back());

  EXPECT_THAT(KindsIn(history), ElementsAre(Anomaly::kHole));
}

}  // namespace
}  // namespace foothold::chaos
