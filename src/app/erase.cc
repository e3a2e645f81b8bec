#include "src/app/erase.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/control_desk.h"
#include "src/app/flags.h"
#include "src/app/stage_options.h"
#include "src/app/topic_reader.h"
#include "src/base/hash.h"
#include "src/base/names.h"
#include "src/codec/state.h"
#include "src/journey/erased_ids.h"
#include "src/journey/tracking.h"
#include "state/schema.h"

namespace foothold::app {
namespace {

// What is known of the person, as far as the changelogs tell now.
struct Known {
  std::optional<journey::User> user;
  std::set<std::string> ids;          // The user, and the ids that lead to it.
  std::set<std::string> in_accounts;  // Others that the person belongs to.
  bool is_person = false;             // The people stage knows it.
};

// The payload of a changelog record; nullopt: a tombstone.
Result<std::optional<std::string_view>> PayloadOf(const log::RecordView& record) {
  if (!record.value.has_value()) {
    return std::nullopt;
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*record.value));
  return parsed.payload;
}

Status ReadUserState(ControlDesk* desk, const std::string& tenant, const std::string& user,
                     Known* known) {
  FOOTHOLD_ASSIGN(std::vector<Stretch> stretches,
                  StretchesOf(desk->log(), TopicNamesOf(desk->config()).changelog));
  const std::int32_t partition = PartitionOfKey(tenant, desk->config().journal.partitions);
  std::erase_if(stretches, [&](const Stretch& stretch) {
    return stretch.source.partition.value != partition;
  });
  const std::string key = state::UserKey(tenant, user);
  return ReadStretches(desk->log(), stretches, [&](const log::RecordView& record) -> Result<bool> {
    if (record.key == key) {
      known->user.reset();
      FOOTHOLD_ASSIGN(const std::optional<std::string_view> payload, PayloadOf(record));
      if (payload.has_value()) {
        FOOTHOLD_ASSIGN(known->user, codec::DecodeUser(*payload));
      }
    }
    return true;
  });
}

// Former ids and addresses lead to the user as its successor.
Status ReadPersons(ControlDesk* desk, const std::string& tenant, const std::string& user,
                   Known* known) {
  FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches,
                  StretchesOf(desk->log(), TopicNamesOf(desk->config()).people_changelog));
  std::map<std::string, journey::Person> persons;
  const std::string person_tag(1, static_cast<char>(state::KeyKind::kPerson));
  FOOTHOLD_TRY(
      ReadStretches(desk->log(), stretches, [&](const log::RecordView& record) -> Result<bool> {
        if (!record.key.value_or("").starts_with(person_tag)) {
          return true;
        }
        FOOTHOLD_ASSIGN(const state::ParsedKey key, state::ParseKey(*record.key));
        persons.erase(key.id);
        FOOTHOLD_ASSIGN(const std::optional<std::string_view> payload, PayloadOf(record));
        if (payload.has_value()) {
          FOOTHOLD_ASSIGN(journey::Person person, codec::DecodePerson(*payload));
          if (person.id == user || !person.successor.empty()) {
            persons.emplace(key.id, std::move(person));
          }
        }
        return true;
      }));
  const auto belongs = [&](const journey::Person& person) {
    return person.accounts.empty() ||
           std::ranges::find(person.accounts, tenant) != person.accounts.end();
  };
  for (std::size_t size = 0; size != known->ids.size();) {
    size = known->ids.size();
    for (const auto& [id, person] : persons) {
      if (known->ids.contains(person.successor) && belongs(person)) {
        known->ids.insert(id);
      }
    }
  }
  if (const auto own = persons.find(user); own != persons.end()) {
    known->is_person = true;
    known->in_accounts.insert(own->second.accounts.begin(), own->second.accounts.end());
    known->in_accounts.erase(tenant);
  }
  return Status();
}

Result<Known> Look(ControlDesk* desk, const std::string& tenant, const std::string& user) {
  Known known;
  known.ids.insert(user);
  FOOTHOLD_TRY(ReadUserState(desk, tenant, user, &known));
  if (known.user.has_value()) {
    const std::string email =
        CanonicalEmail(journey::TraitText(known.user->traits, "email").value_or(""));
    if (!email.empty()) {
      known.ids.insert(EmailUserId(email));
    }
  }
  FOOTHOLD_TRY(ReadPersons(desk, tenant, user, &known));
  return known;
}

std::string RetentionText(const log::TopicInfo& info, const std::string& setting) {
  const auto found = info.configs.find(setting);
  const std::optional<std::int64_t> ms =
      found == info.configs.end() ? std::nullopt : std::optional(std::atoll(found->second.c_str()));
  if (!ms.has_value() || *ms < 0) {
    return ms.has_value() ? "for ever" : "as long as the broker says";
  }
  return *ms >= kDay.count() ? fmt::format("{} d", *ms / kDay.count())
                             : FormatDuration(milliseconds{*ms});
}

// Names of topics, by how long something stays in them.
using ByRetention = std::map<std::string, std::vector<std::string>>;

Status AddRetention(log::Admin* admin, const std::string& topic, const std::string& setting,
                    ByRetention* by_retention) {
  FOOTHOLD_ASSIGN(const std::optional<log::TopicInfo> info, admin->DescribeTopic(topic));
  if (info.has_value()) {
    (*by_retention)[RetentionText(*info, setting)].push_back(topic);
  }
  return Status();
}

// What only time removes, and when.
Result<std::string> DescribeRetention(ControlDesk* desk) {
  FOOTHOLD_ASSIGN(const std::unique_ptr<log::Admin> admin, desk->log()->NewAdmin());
  const stream::TopicNames topics = TopicNamesOf(desk->config());
  std::vector<std::string> names{topics.journal, topics.people};
  std::ranges::copy(topics.Logs(), std::back_inserter(names));
  names.push_back(topics.dead_letter);
  ByRetention by_retention;
  for (const std::string& name : names) {
    FOOTHOLD_TRY(AddRetention(admin.get(), name, "retention.ms", &by_retention));
  }
  std::vector<std::string> compacted{topics.changelog, topics.people_changelog};
  std::ranges::copy(topics.Statuses(), std::back_inserter(compacted));
  ByRetention by_tombstones;
  for (const std::string& name : compacted) {
    FOOTHOLD_TRY(AddRetention(admin.get(), name, "delete.retention.ms", &by_tombstones));
  }
  std::string text = "what only retention removes, with all that it says of the person:\n";
  for (const auto& [retention, topics_so] : by_retention) {
    text += fmt::format("  kept {}: {}\n", retention, fmt::join(topics_so, ", "));
  }
  for (const auto& [retention, topics_so] : by_tombstones) {
    text += fmt::format("  its id as the key of tombstones, {} after compaction: {}\n", retention,
                        fmt::join(topics_so, ", "));
  }
  text +=
      "  and the source topics, which are not ours. Copies of what went out are the receivers'.\n";
  return text;
}

std::string DescribeKnown(const Known& known, const std::string& tenant, const std::string& user) {
  std::string text = fmt::format("{} of {}: ", user, tenant);
  if (known.user.has_value()) {
    const auto is_open = [](const journey::RungState& rung) {
      return rung.phase == journey::RungState::Phase::kRequested && !rung.is_cancelled;
    };
    const auto& rungs = known.user->care.rungs;
    text += fmt::format(
        "role {}, e-mail {}, {} requested and not concluded, {} waiting for the gate\n",
        known.user->contribution.role.empty() ? "unknown" : known.user->contribution.role,
        journey::TraitText(known.user->traits, "email").has_value() ? "known" : "not known",
        std::ranges::count_if(rungs, is_open),
        std::ranges::count(rungs, journey::RungState::Phase::kWaiting, &journey::RungState::phase));
  } else {
    text += "no state; what still comes of it will be dropped all the same\n";
  }
  for (const std::string& id : known.ids) {
    if (id != user) {
      text += fmt::format("  also goes by {}\n", id);
    }
  }
  if (!known.in_accounts.empty()) {
    text += fmt::format("  stays in {}: there it is another user, to be erased apart\n",
                        fmt::join(known.in_accounts, ", "));
  }
  return text;
}

Result<std::string> Erase(ControlDesk* desk, const std::string& tenant, const std::string& user,
                          bool executes, Instant now) {
  const config::Config& config = desk->config();
  FOOTHOLD_ASSIGN(const stream::ControlWriter::Ledger ledger, desk->Read());
  if (!ledger.playbook.has_value()) {
    return Error(Code::kInvalid, "the system has no journal yet: there is nobody to erase");
  }
  FOOTHOLD_ASSIGN(const Known known, Look(desk, tenant, user));
  std::string text = DescribeKnown(known, tenant, user);
  text += fmt::format(
      "{} {}-control, into {} partitions of the journal and {} of the people topic:\n"
      "  the state is deleted, with timers, addresses and what waits; open interventions are\n"
      "  cancelled (erased); the account no longer counts the person; the status gets a "
      "tombstone\n"
      "  what comes of the person until {} is dropped and counted; then the id may begin anew\n",
      executes ? "written through" : "would be written through", config.app,
      config.journal.partitions, config.people.partitions,
      FormatRfc3339(now + journey::kErasedFor));
  FOOTHOLD_ASSIGN(const std::string retention, DescribeRetention(desk));
  text += retention;
  if (!executes) {
    return text + "nothing was written; --execute does\n";
  }
  const codec::EraseWord word{
      .tenant = tenant, .at = now, .users = {known.ids.begin(), known.ids.end()}, .hashes = {}};
  FOOTHOLD_ASSIGN(const stream::ControlWriter::Ledger said, desk->Say(word, std::nullopt));
  return text + Describe(said.history.back()) +
         "\nit takes effect where each partition reads it; instances that are down, when they "
         "start\n";
}

}  // namespace

int RunErase(std::span<const std::string> arguments, const Surroundings& surroundings) {
  std::string config_path;
  bool executes = false;
  std::vector<std::string> words;
  LogOptions logging{.level = LogLevel::kWarning};
  Flags flags("erase",
              "Forgets a person of one account: state, timers, changelog, statuses. Reads the "
              "ledger and both changelogs, whether instances run or not.");
  flags.AddText("-c,--config", &config_path, "foothold.yaml of the system");
  flags.AddSwitch("--execute", &executes, "Erase; without this it is only planned");
  flags.AddLogging(&logging);
  flags.AddPositionals("WORD", &words, 1, "TENANT USER");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  if (words.size() != 2 || words[0].empty() || words[1].empty()) {
    return Refuse("erase", Status(Code::kInvalid, "whom? TENANT USER"), surroundings);
  }
  const SystemWallClock clock;
  const Logger logger(logging, clock);
  const Result<std::unique_ptr<ControlDesk>> desk = ControlDesk::Open(config_path, &logger);
  if (!desk.has_value()) {
    return Refuse("erase", desk.error(), surroundings);
  }
  const Result<std::string> done = Erase(desk->get(), words[0], words[1], executes, clock.Now());
  if (!done.has_value()) {
    return Refuse("erase", done.error(), surroundings);
  }
  surroundings.out << *done;
  return kExitOk;
}

}  // namespace foothold::app
