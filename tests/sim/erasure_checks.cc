#include "tests/sim/erasure_checks.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/codec/journal.h"
#include "src/journey/erased_ids.h"
#include "state/schema.h"

namespace foothold::sim {
namespace {

using Who = std::pair<std::string, std::string>;  // Account, id.

class ErasureChecker {
 public:
  ErasureChecker(const Evidence& evidence, std::vector<std::string>* findings)
      : evidence_(evidence), findings_(findings) {}

  void Run() {
    std::map<Who, Erasure> erasures = ErasuresOf(evidence_);
    // Who may begin anew by now may be there.
    std::erase_if(erasures,
                  [&](const auto& erased) { return erased.second.until <= evidence_.wall_until; });
    for (const auto& [who, erased] : erasures) {
      CheckState(who);
      CheckOutputs(who, erased);
    }
    for (const std::string& name : evidence_.forgotten) {
      CheckNothingNames(name);
    }
  }

 private:
  void Say(std::string finding) { findings_->push_back(std::move(finding)); }

  // Values of a changelog as compaction leaves them.
  const std::map<std::string, std::string>& Last(const std::string& topic, std::int32_t partition) {
    const auto [found, is_new] = last_.try_emplace({topic, partition});
    if (is_new) {
      for (const Kept& record : evidence_.committed->of(topic, partition)) {
        found->second.erase(record.key.value_or(""));
        if (record.value.has_value()) {
          found->second.emplace(record.key.value_or(""), *record.value);
        }
      }
    }
    return found->second;
  }

  void CheckState(const Who& who) {
    const auto& [tenant, id] = who;
    const std::int32_t partition = PartitionOfKey(tenant, evidence_.journal_partitions);
    const auto check = [&](const std::string& where,
                           const std::map<std::string, std::string>& all) {
      const std::string user = state::UserKey(tenant, id);
      if (all.contains(user) || all.contains(state::GateKey(user))) {
        Say(fmt::format("{} has {} of {}, who was erased", where, id, tenant));
      }
      const std::string prefix = state::EmailKeyPrefix(tenant);
      for (auto email = all.lower_bound(prefix);
           email != all.end() && email->first.starts_with(prefix); ++email) {
        if (state::ParseValue(email->second).value().payload == id) {
          Say(fmt::format("an address in {} leads to {} of {}, who was erased", where, id, tenant));
        }
      }
    };
    check("the changelog", Last(evidence_.topics.changelog, partition));
    if (const auto store = evidence_.journey_stores.find(partition);
        store != evidence_.journey_stores.end()) {
      check("the store", store->second.content);
    }
  }

  void CheckOutputs(const Who& who, const Erasure& erased) {
    const auto& [tenant, id] = who;
    const std::string key = fmt::format("{}|{}", PercentEncode(tenant), PercentEncode(id));
    const std::string subject = SubjectOf(tenant, id);
    for (std::int32_t i = 0; i < evidence_.output_partitions; ++i) {
      const auto& statuses = Last(evidence_.topics.user_status, i);
      if (statuses.contains(key)) {
        Say(fmt::format("the status of {} of {}, who was erased, has no tombstone", id, tenant));
      }
      for (const std::string& topic : evidence_.topics.Logs()) {
        for (const Kept& record : evidence_.committed->of(topic, i)) {
          const std::map<std::string, std::string> headers(record.headers.begin(),
                                                           record.headers.end());
          const auto of = headers.find("ce_subject");
          const auto revision = headers.find("ce_fhrev");
          const bool is_behind = of != headers.end() && of->second == subject &&
                                 revision != headers.end() &&
                                 std::atoll(revision->second.c_str()) > erased.revisions.back();
          if (is_behind) {
            Say(fmt::format("{}: revision {} is of {} of {}, who was erased at {}", topic,
                            revision->second, id, tenant, erased.revisions.back()));
          }
        }
      }
    }
  }

  void CheckNothingNames(const std::string& name) {
    const auto check = [&](const std::string& where,
                           const std::map<std::string, std::string>& all) {
      for (const auto& [key, value] : all) {
        if (key.find(name) != std::string::npos || value.find(name) != std::string::npos) {
          Say(fmt::format("{} names {}, who was erased, under a key that begins with '{}'", where,
                          name, key.substr(0, 1)));
        }
      }
    };
    for (std::int32_t i = 0; i < evidence_.journal_partitions; ++i) {
      check("the changelog", Last(evidence_.topics.changelog, i));
    }
    for (std::int32_t i = 0; i < evidence_.people_partitions; ++i) {
      check("the people changelog", Last(evidence_.topics.people_changelog, i));
    }
    for (const std::string& topic : evidence_.topics.Statuses()) {
      for (std::int32_t i = 0; i < evidence_.output_partitions; ++i) {
        check(topic, Last(topic, i));
      }
    }
    for (const auto& [partition, volume] : evidence_.journey_stores) {
      check("the store of the journey", volume.content);
    }
    for (const auto& [partition, volume] : evidence_.people_stores) {
      check("the store of the people stage", volume.content);
    }
  }

  const Evidence& evidence_;
  std::vector<std::string>* findings_;
  std::map<std::pair<std::string, std::int32_t>, std::map<std::string, std::string>> last_;
};

}  // namespace

std::map<std::pair<std::string, std::string>, Erasure> ErasuresOf(const Evidence& evidence) {
  std::map<Who, Erasure> erasures;
  for (std::int32_t partition = 0; partition < evidence.journal_partitions; ++partition) {
    for (const Kept& record : evidence.committed->of(evidence.topics.journal, partition)) {
      const auto reader = codec::JournalBatchReader::Open(*record.value);
      for (std::size_t i = 0; reader.has_value() && i < reader->count(); ++i) {
        const codec::JournalEntry entry = reader->entry(i).value();
        const auto* control = std::get_if<codec::Control>(&entry);
        const auto* word =
            control == nullptr ? nullptr : std::get_if<codec::EraseWord>(&control->action);
        if (word == nullptr ||
            PartitionOfKey(word->tenant, evidence.journal_partitions) != partition) {
          continue;
        }
        for (const std::string& id : word->users) {
          Erasure& erasure = erasures[{word->tenant, id}];
          erasure.revisions.push_back((record.offset << 16) + static_cast<std::int64_t>(i));
          erasure.until = std::max(erasure.until, word->at + journey::kErasedFor);
        }
      }
    }
  }
  return erasures;
}

std::string SubjectOf(const std::string& tenant, const std::string& user) {
  return fmt::format("account/{}/user/{}", PercentEncode(tenant), PercentEncode(user));
}

void CheckErasures(const Evidence& evidence, std::vector<std::string>* findings) {
  ErasureChecker(evidence, findings).Run();
}

}  // namespace foothold::sim
