#include "tests/kafka/chaos/history_checks.h"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

namespace foothold::chaos {
namespace {

constexpr std::array<std::string_view, kAnomalyCount> kNames{
    "lost",    "duplicate",     "phantom", "misplaced", "reordered", "aborted read",
    "changed", "non-monotonic", "unseen",  "torn",      "hole"};

using InputPlace = std::pair<std::int32_t, std::int64_t>;
using RecordPlace = std::pair<Lane, std::int64_t>;

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  std::vector<Finding> Run() {
    CheckSource();
    CheckOutcomes();
    CheckReader();
    CheckTransactions();
    CheckNumbers();
    return std::move(findings_);
  }

 private:
  void Say(Anomaly anomaly, std::string what) { findings_.push_back({anomaly, std::move(what)}); }

  // What was acknowledged stands in each partition of the source, in its order, and nothing else.
  void CheckSource() {
    std::map<std::int32_t, std::vector<std::uint64_t>> sent;
    std::map<std::int32_t, std::vector<std::uint64_t>> stands;
    for (const auto& record : history_.sent) {
      sent[record.partition].push_back(record.hash);
    }
    for (const auto& input : history_.inputs) {
      stands[input.partition].push_back(input.hash);
      sent.try_emplace(input.partition);
    }
    for (const auto& [partition, hashes] : sent) {
      CompareSource(partition, hashes, stands[partition]);
    }
  }

  void CompareSource(std::int32_t partition, const std::vector<std::uint64_t>& sent,
                     const std::vector<std::uint64_t>& stands) {
    if (sent == stands) {
      return;
    }
    std::map<std::uint64_t, int> balance;
    for (const std::uint64_t hash : sent) {
      ++balance[hash];
    }
    for (const std::uint64_t hash : stands) {
      --balance[hash];
    }
    bool is_permutation = true;
    for (const auto& [hash, count] : balance) {
      if (count > 0) {
        Say(Anomaly::kLost, fmt::format("of the source's partition {} an acknowledged record is "
                                        "missing ({:x}, {} times)",
                                        partition, hash, count));
      } else if (count < 0) {
        const bool was_sent = std::ranges::find(sent, hash) != sent.end();
        Say(was_sent ? Anomaly::kDuplicate : Anomaly::kPhantom,
            fmt::format("the source's partition {} has a record too many ({:x}, {} times)",
                        partition, hash, -count));
      }
      is_permutation = is_permutation && count == 0;
    }
    if (is_permutation) {
      Say(Anomaly::kReordered,
          fmt::format("the source's partition {} is not in the order of the acknowledgements",
                      partition));
    }
  }

  // Every input is in exactly one of journal, people topic, dead letter and nowhere. What went by
  // the person comes to the journal as well, once and some time later.
  void CheckOutcomes() {
    std::set<InputPlace> of_people;
    for (const auto& input : history_.inputs) {
      if (input.fate == Fate::kPeople) {
        of_people.emplace(input.partition, input.offset);
      }
    }
    std::map<InputPlace, std::vector<const History::Outcome*>> found;
    std::map<InputPlace, int> placed;
    std::map<std::pair<Lane, std::int32_t>, std::int64_t> newest;
    for (const auto& outcome : history_.outcomes) {
      const InputPlace place{outcome.input_partition, outcome.input_offset};
      if (of_people.contains(place) && IsOf(TopicOf(outcome.lane), Fate::kJournal)) {
        if (++placed[place] > 1) {
          Say(Anomaly::kDuplicate,
              fmt::format("input {} was placed {} times, here at {}@{}", Name(place), placed[place],
                          history_.NameOf(outcome.lane), outcome.offset));
        }
        continue;
      }
      found[place].push_back(&outcome);
      const auto [before, is_first] =
          newest.try_emplace({outcome.lane, outcome.input_partition}, outcome.input_offset);
      if (!is_first && outcome.input_offset < before->second) {
        Say(Anomaly::kReordered, fmt::format("{}@{} is of input {} behind one of input @{}",
                                             history_.NameOf(outcome.lane), outcome.offset,
                                             Name(place), before->second));
      }
      before->second = std::max(before->second, outcome.input_offset);
    }
    for (const auto& input : history_.inputs) {
      const auto node = found.extract({input.partition, input.offset});
      CheckFate(input, node.empty() ? std::vector<const History::Outcome*>{} : node.mapped());
    }
    for (const auto& [place, outcomes] : found) {
      Say(Anomaly::kPhantom, fmt::format("{}@{} is of input {}, which is none",
                                         history_.NameOf(outcomes.front()->lane),
                                         outcomes.front()->offset, Name(place)));
    }
  }

  void CheckFate(const History::Input& input, const std::vector<const History::Outcome*>& found) {
    const std::string name = Name({input.partition, input.offset});
    if (found.empty()) {
      if (input.fate != Fate::kSkipped) {
        Say(Anomaly::kLost, fmt::format("input {} is not in {}", name, FateName(input.fate)));
      }
      return;
    }
    if (input.fate == Fate::kSkipped) {
      Say(Anomaly::kPhantom, fmt::format("input {} is to be passed over and is in {}", name,
                                         history_.NameOf(found.front()->lane)));
      return;
    }
    if (found.size() > 1) {
      Say(Anomaly::kDuplicate,
          fmt::format("input {} is at {}@{} and at {}@{}", name, history_.NameOf(found[0]->lane),
                      found[0]->offset, history_.NameOf(found[1]->lane), found[1]->offset));
    }
    const std::string& topic = TopicOf(found.front()->lane);
    if (!IsOf(topic, input.fate)) {
      Say(Anomaly::kMisplaced,
          fmt::format("input {} is in {} and not in {}", name, topic, FateName(input.fate)));
    }
  }

  static bool IsOf(std::string_view topic, Fate fate) {
    switch (fate) {
      case Fate::kJournal:
        return topic.ends_with("-journal");
      case Fate::kPeople:
        return topic.ends_with("-people");
      case Fate::kDeadLetter:
        return topic.ends_with("dead-letter");
      case Fate::kSkipped:
        break;
    }
    return false;
  }

  // Whoever read all the time was given what is committed, each once, in order, and all of it.
  void CheckReader() {
    std::map<RecordPlace, const History::Record*> records;
    for (const auto& record : history_.records) {
      records[{record.lane, record.offset}] = &record;
    }
    std::set<RecordPlace> given;
    std::set<Lane> read;
    std::map<std::pair<int, Lane>, std::int64_t> last;
    for (const auto& polled : history_.polled) {
      const std::string name = fmt::format("{}@{}", history_.NameOf(polled.lane), polled.offset);
      const auto before = last.find({polled.session, polled.lane});
      if (before != last.end() && polled.offset <= before->second) {
        Say(Anomaly::kNonMonotonic, fmt::format("{} was given after @{}", name, before->second));
      }
      last[{polled.session, polled.lane}] = polled.offset;
      read.insert(polled.lane);
      given.emplace(polled.lane, polled.offset);
      const auto found = records.find({polled.lane, polled.offset});
      if (found == records.end()) {
        Say(Anomaly::kLost, name + " was given to a reader and is not there any more");
      } else if (!found->second->is_seen) {
        Say(Anomaly::kAbortedRead, name + " was given to a reader of committed records");
      } else if (found->second->hash != polled.hash) {
        Say(Anomaly::kChanged, name + " was another record when it was given to a reader");
      }
    }
    for (const auto& [place, record] : records) {
      if (record->is_seen && read.contains(place.first) && !given.contains(place)) {
        Say(Anomaly::kUnseen, fmt::format("{}@{} was never given to the reader who passed it",
                                          history_.NameOf(place.first), place.second));
      }
    }
  }

  // What the coordinator decided of a transaction is what each of its partitions shows.
  void CheckTransactions() {
    std::map<std::pair<Lane, std::string>, std::vector<End>> decided;
    for (const auto& transaction : history_.transactions) {
      for (const Lane& lane : transaction.lanes) {
        decided[{lane, transaction.writer}].push_back(transaction.end);
      }
    }
    std::map<std::pair<Lane, std::string>, Shown> shown;
    for (const auto& record : history_.records) {
      if (record.writer.empty()) {
        Say(Anomaly::kTorn, fmt::format("{}@{} belongs to no transaction",
                                        history_.NameOf(record.lane), record.offset));
      } else {
        shown[{record.lane, record.writer}].records.push_back(&record);
        decided.try_emplace({record.lane, record.writer});
      }
    }
    for (const auto& marker : history_.markers) {
      shown[{marker.lane, marker.writer}].markers.push_back(&marker);
      decided.try_emplace({marker.lane, marker.writer});
    }
    for (const auto& [where, ends] : decided) {
      CheckEnds(where.first, where.second, ends, shown[where]);
    }
  }

  struct Shown {
    std::vector<const History::Record*> records;
    std::vector<const History::Marker*> markers;
  };

  // A coordinator that died while it wrote markers writes them all again: so a marker that ends
  // nothing may repeat the one before it. `counts` are the numbers of decisions that the markers so
  // far may stand for.
  void CheckEnds(const Lane& lane, const std::string& writer, const std::vector<End>& ends,
                 const Shown& shown) {
    const std::string where = fmt::format("{} by {}", history_.NameOf(lane), writer);
    std::set<std::size_t> counts{0};
    auto record = shown.records.begin();
    for (const History::Marker* marker : shown.markers) {
      bool ends_records = false;
      for (; record != shown.records.end() && (*record)->offset < marker->offset; ++record) {
        ends_records = true;
        if ((*record)->is_seen != (marker->end == End::kCommitted)) {
          Say(Anomaly::kTorn,
              fmt::format("{}: @{} is {}, and the marker @{} that ends it says {}", where,
                          (*record)->offset, (*record)->is_seen ? "visible" : "hidden",
                          marker->offset, marker->end == End::kCommitted ? "commit" : "abort"));
        }
      }
      std::set<std::size_t> next;
      for (const std::size_t count : counts) {
        if (count < ends.size() && ends[count] == marker->end) {
          next.insert(count + 1);
        }
        if (!ends_records && count > 0 && ends[count - 1] == marker->end) {
          next.insert(count);
        }
      }
      if (next.empty()) {
        Say(Anomaly::kTorn, fmt::format("{}: the marker @{} is not what the coordinator decided",
                                        where, marker->offset));
        return;
      }
      counts = std::move(next);
    }
    if (record != shown.records.end()) {
      Say(Anomaly::kTorn, fmt::format("{}: @{} belongs to a transaction that never ends here",
                                      where, (*record)->offset));
    } else if (!counts.contains(ends.size())) {
      Say(Anomaly::kTorn, fmt::format("{}: {} transactions were decided and {} end here", where,
                                      ends.size(), *counts.rbegin()));
    }
  }

  void CheckNumbers() {
    std::map<std::string_view, std::int64_t> last;
    for (const auto& numbered : history_.numbers) {
      const std::int64_t expected = ++last[numbered.subject];
      if (numbered.number != expected) {
        Say(Anomaly::kHole, fmt::format("{}: {} where {} was to come", numbered.subject,
                                        numbered.number, expected));
        last[numbered.subject] = numbered.number;
      }
    }
    std::map<std::string_view, std::int64_t> newest;
    for (const auto& numbered : history_.revisions) {
      const auto [before, is_first] = newest.try_emplace(numbered.subject, numbered.number);
      // A stimulus that a commit cuts gives two statuses of one revision, the second the newer.
      if (!is_first && numbered.number < before->second) {
        Say(Anomaly::kNonMonotonic, fmt::format("{}: revision {} after {}", numbered.subject,
                                                numbered.number, before->second));
      }
      before->second = std::max(before->second, numbered.number);
    }
  }

  const std::string& TopicOf(const Lane& lane) const {
    return history_.topics.at(static_cast<std::size_t>(lane.topic));
  }
  static std::string Name(const InputPlace& place) {
    return fmt::format("{}@{}", place.first, place.second);
  }

  const History& history_;
  std::vector<Finding> findings_;
};

}  // namespace

std::string_view AnomalyName(Anomaly anomaly) {
  return kNames.at(static_cast<std::size_t>(anomaly));
}

std::vector<Finding> CheckHistory(const History& history) { return Checker(history).Run(); }

std::map<std::string, int> CountAborted(const History& history) {
  std::map<std::string, int> counts;
  for (const auto& transaction : history.transactions) {
    counts[transaction.writer] += transaction.end == End::kAborted ? 1 : 0;
  }
  return counts;
}

}  // namespace foothold::chaos
