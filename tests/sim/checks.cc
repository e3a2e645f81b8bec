#include "tests/sim/checks.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "src/codec/state.h"
#include "src/stream/store_place.h"
#include "state/schema.h"
#include "tests/sim/erasure_checks.h"
#include "tests/sim/input_checks.h"
#include "tests/sim/people_model.h"

namespace foothold::sim {
namespace {

using Values = std::map<std::string, std::string>;

std::string Readable(const std::string& key) {
  std::string text;
  for (const char c : key) {
    text += c >= ' ' && c <= '~' ? std::string(1, c) : std::string("·");
  }
  return text;
}

// The first place where two texts part, with what stands around it.
std::string Difference(const std::string& expected, const std::string& found) {
  const auto at =
      static_cast<std::size_t>(std::ranges::mismatch(expected, found).in1 - expected.begin());
  const std::size_t begin = at < 60 ? 0 : at - 60;
  return fmt::format("expected ...{}..., found ...{}...", expected.substr(begin, 1400),
                     found.substr(std::min(begin, found.size()), 1400));
}

class Checker {
 public:
  explicit Checker(const Evidence& evidence, Shown* shown) : evidence_(evidence), shown_(shown) {}

  std::vector<std::string> Run() {
    PeopleOutcome people;
    for (std::int32_t i = 0; i < evidence_.people_partitions; ++i) {
      FoldPeople(i, &people);
    }
    CheckInputs(evidence_, people, &findings_);
    for (std::int32_t i = 0; i < evidence_.journal_partitions; ++i) {
      FoldJournal(i);
    }
    CompareOutputs();
    CheckSequences();
    CheckErasures(evidence_, &findings_);
    return findings_;
  }

 private:
  void Say(std::string finding) { findings_.push_back(std::move(finding)); }

  void FoldPeople(std::int32_t partition, PeopleOutcome* outcome) {
    PeopleModel model(
        {.mode = evidence_.mode, .waiting_bytes_max = evidence_.waiting_bytes_max, .app = kApp});
    for (const Kept& record : evidence_.committed->of(evidence_.topics.people, partition)) {
      if (std::string why = model.Fold(record.offset, *record.value); !why.empty()) {
        Say("people: " + why);
        return;
      }
    }
    outcome->placed.insert(model.placed().begin(), model.placed().end());
    outcome->handed_on.insert(model.handed_on().begin(), model.handed_on().end());
    outcome->dead_letters.insert(model.dead_letters().begin(), model.dead_letters().end());
    const std::string name = fmt::format("people[{}]", partition);
    CompareState(name + " in the changelog", model.State(),
                 Changelog(evidence_.topics.people_changelog, partition));
    CompareStore(name, model.State(), model.Timers(), evidence_.people_stores, partition);
  }

  void FoldJournal(std::int32_t partition) {
    JourneyModel model({.partition = partition,
                        .journal_partitions = evidence_.journal_partitions,
                        .app = kApp,
                        .salt = kSalt});
    for (const Kept& record : evidence_.committed->of(evidence_.topics.journal, partition)) {
      if (std::string why = model.Fold(record.offset, *record.value); !why.empty()) {
        Say("journal: " + why);
        return;
      }
    }
    CheckClock(model, partition);
    shown_->timers_fired += model.timers_fired();
    shown_->erased += model.erased_users();
    shown_->dropped += model.dropped();
    for (const ModelOutput& output : model.outputs()) {
      expected_[evidence_.topics.Of(output.topic)][output.key].push_back(
          Text(output.value, output.headers));
    }
    const std::string name = fmt::format("journal[{}]", partition);
    CompareState(name + " in the changelog", model.State(),
                 Changelog(evidence_.topics.changelog, partition));
    CompareStore(name, model.State(), model.Timers(), evidence_.journey_stores, partition);
  }

  // All has been read, so nothing may hold the clock.
  void CheckClock(const JourneyModel& model, std::int32_t partition) {
    constexpr milliseconds kBehindMax = 2 * kHour;  // More than any playbook's lateness here.
    if (evidence_.mode == journey::ClockMode::kEvent) {
      if (!model.is_at_end()) {
        Say(fmt::format("journal[{}] never comes to the end of its input", partition));
      }
      return;
    }
    if (model.now().value_or(kEpoch) < evidence_.events_until - kBehindMax) {
      Say(fmt::format("the clock of journal[{}] stands at {}, the last input is of {}: {}",
                      partition, FormatRfc3339(model.now().value_or(kEpoch)),
                      FormatRfc3339(evidence_.events_until), model.holder()));
    }
  }

  // The last value of each key; and how often a commit cut a stimulus.
  Values Changelog(const std::string& topic, std::int32_t partition) {
    Values values;
    std::optional<std::pair<NextOffset, std::uint32_t>> place;
    for (const Kept& record : evidence_.committed->of(topic, partition)) {
      const std::string key = record.key.value_or("");
      if (!record.value.has_value()) {
        values.erase(key);
        continue;
      }
      values[key] = *record.value;
      if (key != state::MetaKey()) {
        continue;
      }
      const codec::Meta meta =
          codec::DecodeMeta(state::ParseValue(*record.value).value().payload).value();
      const std::pair now{meta.journal_next, meta.next_entry};
      if (place.has_value() && now < *place) {
        Say(fmt::format("{}[{}]: the position went back from {} to {}", topic, partition,
                        place->first.value, now.first.value));
      }
      shown_->cut_stimuli += place == now || !meta.walks.empty() ? 1 : 0;
      place = now;
    }
    return values;
  }

  // The fold of a model makes no checkpoints.
  static bool IsSamePlace(std::string_view stored, std::string_view expected) {
    codec::Meta meta = codec::DecodeMeta(state::ParseValue(stored).value().payload).value();
    meta.counters.erase("checkpoint");
    return meta == codec::DecodeMeta(state::ParseValue(expected).value().payload).value();
  }

  void CompareState(const std::string& where, const Values& expected, const Values& found) {
    int differences = 0;
    const auto say = [&](const std::string& what) {
      if (++differences <= 3) {
        Say(where + ": " + what);
      }
    };
    for (const auto& [key, value] : expected) {
      const auto other = found.find(key);
      if (other == found.end()) {
        say("lacks " + Readable(key));
      } else if (other->second != value &&
                 (key != state::MetaKey() || !IsSamePlace(other->second, value))) {
        say("differs at " + Readable(key));
      }
    }
    for (const auto& [key, value] : found) {
      if (!expected.contains(key)) {
        say("has " + Readable(key) + " beyond the fold");
      }
    }
  }

  void CompareStore(const std::string& name, const Values& expected,
                    const std::map<std::string, Instant>& timers,
                    const std::map<std::int32_t, Evidence::Volume>& stores,
                    std::int32_t partition) {
    const auto store = stores.find(partition);
    if (store == stores.end()) {
      Say(name + ": nobody owned it at the end");
      return;
    }
    Values content = store->second.content;
    content.erase(stream::StorePlaceKey());
    CompareState(fmt::format("{} in the store of {}", name, store->second.owner), expected,
                 content);
    if (store->second.timers != timers) {
      Say(fmt::format("{}: the store of {} has {} timers that hold, of {}", name,
                      store->second.owner, store->second.timers.size(), timers.size()));
    }
  }

  static std::string Text(const std::optional<std::string>& value,
                          const std::vector<std::pair<std::string, std::string>>& headers) {
    std::string text = value.value_or("tombstone");
    for (const auto& [name, header] : headers) {
      text += "\n" + name + "=" + header;
    }
    return text;
  }

  void CompareOutputs() {
    for (const std::string& topic : evidence_.topics.Outputs()) {
      if (topic == evidence_.topics.dead_letter) {
        continue;
      }
      const std::vector<std::string> statuses = evidence_.topics.Statuses();
      const bool is_status = std::ranges::count(statuses, topic) > 0;
      std::map<std::string, std::vector<std::string>> found;
      for (std::int32_t i = 0; i < evidence_.output_partitions; ++i) {
        for (const Kept& record : evidence_.committed->of(topic, i)) {
          found[record.key.value_or("")].push_back(Text(record.value, record.headers));
          Count(topic, record);
        }
      }
      std::map<std::string, std::vector<std::string>>& expected = expected_[topic];
      for (const auto& [key, texts] : expected) {
        CompareKey(topic + " of " + key, texts, found[key], is_status);
      }
      for (const auto& [key, texts] : found) {
        if (!expected.contains(key)) {
          Say(fmt::format("{} of {}: {} records that nothing led to", topic, key, texts.size()));
        }
      }
    }
  }

  void CompareKey(const std::string& what, const std::vector<std::string>& expected,
                  const std::vector<std::string>& found, bool is_status) {
    if (is_status) {
      if (found.empty() || found.back() != expected.back()) {
        Say(fmt::format("{}: the last one is another: {}", what,
                        found.empty() ? "none" : Difference(expected.back(), found.back())));
      }
      return;
    }
    if (expected == found) {
      return;
    }
    const std::size_t same =
        static_cast<std::size_t>(std::ranges::mismatch(expected, found).in1 - expected.begin());
    Say(fmt::format("{}: {} records instead of {}; number {} is another: {}", what, found.size(),
                    expected.size(), same,
                    Difference(same < expected.size() ? expected[same] : "none",
                               same < found.size() ? found[same] : "none")));
  }

  void Count(const std::string& topic, const Kept& record) {
    shown_->decisions += 1;
    for (const auto& [name, value] : record.headers) {
      shown_->corrections += name == "ce_fhmode" && value == "correction" ? 1 : 0;
    }
    const bool is_intervention = topic == evidence_.topics.interventions_email ||
                                 topic == evidence_.topics.interventions_in_app ||
                                 topic == evidence_.topics.interventions_cs;
    shown_->requests += is_intervention ? 1 : 0;
  }

  // Without a look at the model: a reader who sees the numbers alone sees no hole and no repeat.
  // Who was erased and begins anew begins with 1.
  void CheckSequences() {
    std::map<std::string, std::vector<std::int64_t>> words;
    for (const auto& [who, erasure] : ErasuresOf(evidence_)) {
      words[SubjectOf(who.first, who.second)] = erasure.revisions;
    }
    struct Last {
      std::int64_t number = 0;
      std::int64_t revision = 0;
    };
    for (const std::string& topic : evidence_.topics.Logs()) {
      std::map<std::string, Last> last;
      for (std::int32_t i = 0; i < evidence_.output_partitions; ++i) {
        for (const Kept& record : evidence_.committed->of(topic, i)) {
          std::map<std::string, std::string> headers(record.headers.begin(), record.headers.end());
          const std::string& subject = headers["ce_subject"];
          const Last now{.number = std::atoll(headers["ce_fhseq"].c_str()),
                         .revision = std::atoll(headers["ce_fhrev"].c_str())};
          Last& before = last[subject];
          const bool is_anew =
              now.number == 1 && std::ranges::any_of(words[subject], [&](std::int64_t word) {
                return before.revision <= word && word < now.revision;
              });
          if (now.number != before.number + 1 && !is_anew) {
            Say(fmt::format("{}: number {} of {} follows {}", topic, now.number, subject,
                            before.number));
          }
          before = now;
        }
      }
    }
  }

  const Evidence& evidence_;
  Shown* shown_;
  std::vector<std::string> findings_;
  // Topic -> key -> texts.
  std::map<std::string, std::map<std::string, std::vector<std::string>>> expected_;
};

}  // namespace

std::vector<std::string> CheckAll(const Evidence& evidence, Shown* shown) {
  shown->cut_stimuli += evidence.cut_stimuli;
  return Checker(evidence, shown).Run();
}

}  // namespace foothold::sim
