#include "tests/sim/input_checks.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/codec/journal.h"
#include "src/intake/decoder.h"
#include "src/intake/mapping.h"
#include "tests/sim/people_model.h"

namespace foothold::sim {
namespace {

// What must become of one input.
struct Fate {
  enum class Kind { kNowhere, kJournal, kPeople, kDeadLetter };
  Kind kind = Kind::kNowhere;
  std::string tenant;  // kJournal.
  std::string id;
  std::uint64_t fingerprint = 0;
  Instant at;
  std::string reason;  // kDeadLetter.
};
using Place = std::pair<std::int32_t, std::int64_t>;  // Partition, offset.

class InputChecker {
 public:
  InputChecker(const Evidence& evidence, const PeopleOutcome& people,
               std::vector<std::string>* findings)
      : evidence_(evidence), people_(people), findings_(findings) {}

  void Run() {
    Foretell();
    for (std::int32_t i = 0; i < evidence_.journal_partitions; ++i) {
      WalkJournal(i);
    }
    WalkPeople();
    WalkDeadLetters();
    for (const auto& [place, fate] : fates_) {
      const bool is_wanted = fate.kind == Fate::Kind::kJournal || fate.kind == Fate::Kind::kPeople;
      const int times = found_.contains(place) ? found_.at(place) : 0;
      if (times != (is_wanted ? 1 : 0)) {
        Say(fmt::format("input {}@{} is {} times in {}", place.first, place.second, times,
                        fate.kind == Fate::Kind::kPeople ? "the people topic" : "the journal"));
      }
    }
    Compare("placed", people_.placed, placed_);
    Compare("handed on", people_.handed_on, handed_on_);
    std::multiset<std::string> letters = people_.dead_letters;
    for (const auto& [place, fate] : fates_) {
      if (fate.kind == Fate::Kind::kDeadLetter) {
        letters.insert(fmt::format("{}@{} {}", place.first, place.second, fate.reason));
      }
    }
    Compare("dead letters", letters, dead_letters_);
  }

 private:
  void Say(std::string finding) { findings_->push_back(std::move(finding)); }

  void Compare(const std::string& what, const std::multiset<std::string>& expected,
               const std::multiset<std::string>& found) {
    std::vector<std::string> missing;
    std::vector<std::string> extra;
    std::ranges::set_difference(expected, found, std::back_inserter(missing));
    std::ranges::set_difference(found, expected, std::back_inserter(extra));
    if (!missing.empty()) {
      Say(fmt::format("{}: {} missing, such as {}", what, missing.size(), missing.front()));
    }
    if (!extra.empty()) {
      Say(fmt::format("{}: {} too many, such as {}", what, extra.size(), extra.front()));
    }
  }

  void Foretell() {
    intake::Decoder decoder({.mapping = intake::MakeMapping("segment", {}).value()});
    std::map<std::int32_t, Instant> max;
    for (const Produced& produced : evidence_.produced) {
      const auto start = evidence_.starts.find(produced.partition);
      if (start == evidence_.starts.end() || produced.offset < start->second) {
        fates_[{produced.partition, produced.offset}] = Fate{};
        continue;
      }
      const bool is_live = evidence_.mode == journey::ClockMode::kWall;
      const intake::Outcome outcome =
          decoder.Decode({.value = produced.value,
                          .schema_header = {},
                          .broker_time = is_live ? std::optional(produced.timestamp) : std::nullopt,
                          .event_time_max = {}});
      Fate fate = FateOf(outcome);
      Instant& so_far = max.try_emplace(produced.partition, kEpoch).first->second;
      const bool has_time = fate.kind == Fate::Kind::kJournal || fate.kind == Fate::Kind::kPeople;
      if (has_time && fate.at > so_far) {
        so_far = fate.at;
        reached_[produced.partition].emplace_back(so_far, produced.offset);
      }
      fates_[{produced.partition, produced.offset}] = std::move(fate);
    }
  }

  static Fate FateOf(const intake::Outcome& outcome) {
    if (const auto* accepted = std::get_if<intake::Accepted>(&outcome)) {
      return {.kind = Fate::Kind::kJournal,
              .tenant = std::string(accepted->event.tenant),
              .id = std::string(accepted->event.id),
              .fingerprint = accepted->event.fingerprint,
              .at = accepted->event.occurred_at,
              .reason = {}};
    }
    if (const auto* unplaced = std::get_if<intake::Unplaced>(&outcome)) {
      return {.kind = Fate::Kind::kPeople,
              .tenant = {},
              .id = std::string(unplaced->accepted.event.id),
              .at = unplaced->accepted.event.occurred_at,
              .reason = {}};
    }
    if (const auto* rejected = std::get_if<intake::Rejected>(&outcome)) {
      return {.kind = Fate::Kind::kDeadLetter,
              .tenant = {},
              .id = {},
              .at = {},
              .reason = std::string(intake::RejectReasonName(rejected->reason))};
    }
    return {};
  }

  void WalkJournal(std::int32_t partition) {
    std::map<std::int32_t, std::int64_t> last;     // Of each source partition, placed directly.
    std::map<std::int32_t, std::int64_t> covered;  // By progress: no such offset may follow.
    for (const Kept& record : evidence_.committed->of(evidence_.topics.journal, partition)) {
      const auto reader = codec::JournalBatchReader::Open(*record.value);
      for (std::size_t i = 0; reader.has_value() && i < reader->count(); ++i) {
        const codec::JournalEntry entry = reader->entry(i).value();
        if (const auto* progress = std::get_if<journey::Progress>(&entry)) {
          Cover(*progress, &covered);
        } else if (const auto* event = std::get_if<journey::Event>(&entry)) {
          TakeEvent(*event, partition, covered, &last);
        }
      }
    }
  }

  // What is told of a source partition was read: everything up to where its time was reached.
  void Cover(const journey::Progress& progress, std::map<std::int32_t, std::int64_t>* covered) {
    if (progress.people.has_value()) {
      return;
    }
    for (const auto& [key, told] : progress.partitions) {
      if (!told.event_time_max.has_value()) {
        continue;
      }
      const auto& reached = reached_[key.partition];
      const auto first = std::ranges::lower_bound(reached, *told.event_time_max, {},
                                                  &std::pair<Instant, std::int64_t>::first);
      if (first == reached.end()) {
        Say(fmt::format("progress tells of {} in partition {}, where no input is of that time",
                        FormatRfc3339(*told.event_time_max), key.partition));
        continue;
      }
      std::int64_t& until = covered->try_emplace(key.partition, -1).first->second;
      until = std::max(until, first->second);
    }
  }

  void TakeEvent(const journey::Event& event, std::int32_t partition,
                 const std::map<std::int32_t, std::int64_t>& covered,
                 std::map<std::int32_t, std::int64_t>* last) {
    const Place place{event.position.partition.value, event.position.offset};
    const std::string name = fmt::format("{}@{}", place.first, place.second);
    const auto fate = fates_.find(place);
    if (fate == fates_.end()) {
      Say("the journal has an event of no input: " + name);
      return;
    }
    const std::int32_t right = PartitionOfKey(event.tenant, evidence_.journal_partitions);
    if (right != partition) {
      Say(fmt::format("{} is in partition {} of the journal, not {}", name, partition, right));
    }
    if (fate->second.kind == Fate::Kind::kPeople) {
      placed_.insert(fmt::format("{} -> {}", name, event.tenant));
      return;
    }
    if (fate->second.kind != Fate::Kind::kJournal) {
      Say("the journal has what must not be there: " + name);
      return;
    }
    ++found_[place];
    const Fate& expected = fate->second;
    if (expected.tenant != event.tenant || expected.id != event.id ||
        expected.fingerprint != event.fingerprint || expected.at != event.occurred_at) {
      Say("the journal has another event than the input " + name);
    }
    std::int64_t& before = last->try_emplace(place.first, -1).first->second;
    if (place.second <= before) {
      Say(fmt::format("{} follows {} in the journal", name, before));
    }
    before = place.second;
    const auto until = covered.find(place.first);
    if (until != covered.end() && place.second <= until->second) {
      Say(fmt::format("{} stands behind progress that covers {}", name, until->second));
    }
  }

  void WalkPeople() {
    for (std::int32_t partition = 0; partition < evidence_.people_partitions; ++partition) {
      for (const Kept& record : evidence_.committed->of(evidence_.topics.people, partition)) {
        const auto reader = codec::JournalBatchReader::Open(*record.value);
        for (std::size_t i = 0; reader.has_value() && i < reader->count(); ++i) {
          const codec::JournalEntry entry = reader->entry(i).value();
          if (const auto* person = std::get_if<codec::PersonRecord>(&entry)) {
            TakePerson(*person);
          } else if (const auto* fact = std::get_if<codec::PersonFact>(&entry)) {
            if (fact->hops > 0) {
              handed_on_.insert(PeopleModel::Describe(*fact));
            }
          }
        }
      }
    }
  }

  void TakePerson(const codec::PersonRecord& record) {
    if (record.hops > 0) {
      handed_on_.insert(PeopleModel::Describe(record));
      return;
    }
    if (record.is_for_previous) {
      return;
    }
    const Place place{record.event.position.partition.value, record.event.position.offset};
    const auto fate = fates_.find(place);
    if (fate == fates_.end() || fate->second.kind != Fate::Kind::kPeople) {
      Say(fmt::format("the people topic has what must not be there: {}@{}", place.first,
                      place.second));
      return;
    }
    ++found_[place];
  }

  void WalkDeadLetters() {
    for (std::int32_t partition = 0; partition < evidence_.output_partitions; ++partition) {
      for (const Kept& record : evidence_.committed->of(evidence_.topics.dead_letter, partition)) {
        std::map<std::string, std::string> headers(record.headers.begin(), record.headers.end());
        dead_letters_.insert(fmt::format("{}@{} {}", headers["dlq_partition"],
                                         headers["dlq_offset"], headers["dlq_reason"]));
      }
    }
  }

  const Evidence& evidence_;
  const PeopleOutcome& people_;
  std::vector<std::string>* findings_;
  std::map<Place, Fate> fates_;
  // Of each source partition: times that were reached, and the first offset of each.
  std::map<std::int32_t, std::vector<std::pair<Instant, std::int64_t>>> reached_;
  std::map<Place, int> found_;
  std::multiset<std::string> placed_;
  std::multiset<std::string> handed_on_;
  std::multiset<std::string> dead_letters_;
};

}  // namespace

void CheckInputs(const Evidence& evidence, const PeopleOutcome& people,
                 std::vector<std::string>* findings) {
  InputChecker(evidence, people, findings).Run();
}

}  // namespace foothold::sim
