#include "src/app/explain.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "src/app/explanation.h"
#include "src/app/look.h"
#include "src/base/text.h"
#include "src/journey/tracking.h"

namespace foothold::app {
namespace {

constexpr std::size_t kNamesShown = 5;

struct ExplainFlags {
  RerunFlags rerun;
  std::string output = "text";
  std::vector<std::string> who;  // Tenant, maybe user.
};

// "TENANT|USER" is TENANT USER.
void SplitSubject(std::vector<std::string>* who) {
  if (who->size() == 1 && who->front().find('|') != std::string::npos) {
    const std::string both = who->front();
    const std::size_t bar = both.find('|');
    *who = {both.substr(0, bar), both.substr(bar + 1)};
  }
}

// Keeps the log records about one tenant: its own, and those of each user.
class Keeper {
 public:
  explicit Keeper(std::string tenant) : tenant_(std::move(tenant)) {}

  Status Take(std::span<const log::RecordView> records) {
    for (const log::RecordView& record : records) {
      if (record.key != tenant_ || !record.value.has_value()) {
        continue;
      }
      ToldRecord told = ToldOf(record);
      Result<intake::JsonTree> value = intake::JsonTree::Read(*record.value);
      const bool is_log =
          told.type.starts_with("activation.") || told.type.starts_with("onboarding.progress") ||
          told.type.starts_with("dropoff.") || told.type.starts_with("intervention.");
      if (!is_log || !value.has_value()) {
        continue;
      }
      told.value = std::move(*value);
      const intake::JsonTree& user = told.value["userId"];
      by_user_[user.is_null() ? "" : user.text].push_back(std::move(told));
    }
    return {};
  }

  // `user`: "" for the account's own.
  std::vector<ToldRecord> Of(const std::string& user) const {
    const auto found = by_user_.find(user);
    return found == by_user_.end() ? std::vector<ToldRecord>() : found->second;
  }

 private:
  std::string tenant_;
  std::map<std::string, std::vector<ToldRecord>> by_user_;
};

std::string EmailOf(const journey::User& user) {
  return journey::TraitText(user.traits, "email").value_or("");
}

// The user of that id, or whose address it is. kInvalid names near ones.
Result<journey::User> FindUser(const FinalPartition& partition, const std::string& tenant,
                               const std::string& name) {
  FOOTHOLD_ASSIGN(std::optional<journey::User> user, ReadUser(partition, tenant, name));
  if (user.has_value()) {
    return std::move(*user);
  }
  std::vector<std::string> names;
  FOOTHOLD_TRY(ForEachUser(partition, tenant, [&](const journey::User& other) {
    if (EmailOf(other) == name) {
      user = other;
    }
    names.push_back(other.id);
  }));
  if (user.has_value()) {
    return std::move(*user);
  }
  const std::string nearest(NearestWord(name, names));
  names.resize(std::min(names.size(), kNamesShown));
  return Error(
      Code::kInvalid,
      nearest.empty()
          ? fmt::format("account {} has no user '{}'; it has {}{}", tenant, name,
                        fmt::join(names, ", "), names.size() == kNamesShown ? ", ..." : "")
          : fmt::format("account {} has no user '{}'; did you mean '{}'?", tenant, name, nearest));
}

Result<std::string> NoAccount(const std::vector<FinalPartition>& partitions,
                              const std::string& tenant) {
  std::vector<std::string> tenants;
  for (const FinalPartition& partition : partitions) {
    FOOTHOLD_TRY(ForEachAccount(
        partition, [&](const journey::Account& account) { tenants.push_back(account.tenant); }));
  }
  std::ranges::sort(tenants);
  const std::string nearest(NearestWord(tenant, tenants));
  const std::size_t count = tenants.size();
  tenants.resize(std::min(count, kNamesShown));
  return Error(Code::kInvalid,
               fmt::format("there is no account '{}'{}", tenant,
                           nearest.empty() ? fmt::format("; there are {}: {}{}", count,
                                                         fmt::join(tenants, ", "),
                                                         count > kNamesShown ? ", ..." : "")
                                           : fmt::format("; did you mean '{}'?", nearest)));
}

Result<std::string> Explain(const ExplainFlags& given, const Look& look, const Keeper& keeper) {
  const std::string& tenant = given.who.front();
  for (const FinalPartition& partition : look.partitions) {
    FOOTHOLD_ASSIGN(const std::optional<journey::Account> account, ReadAccount(partition, tenant));
    if (!account.has_value() || partition.definition == nullptr) {
      continue;
    }
    Explanation explanation;
    if (given.who.size() == 2) {
      FOOTHOLD_ASSIGN(const journey::User user, FindUser(partition, tenant, given.who[1]));
      explanation = ExplainUser(partition, user, *account, keeper.Of(user.id));
    } else {
      explanation = ExplainAccount(partition, *account, keeper.Of(""));
    }
    return given.output == "json" ? JsonOf(explanation) : TextOf(explanation);
  }
  return NoAccount(look.partitions, tenant);
}

}  // namespace

int RunExplain(std::span<const std::string> arguments, const Surroundings& surroundings) {
  ExplainFlags given;
  Flags flags("explain",
              "Why a user or an account is where it is: what it rests on, what did not fire and "
              "what is missing, what time brings.");
  AddLookFlags(&flags, &given.rerun);
  flags.AddTexts("--in", &given.rerun.files,
                 "Events, one JSON record a line; .gz; - is stdin; several files are one source");
  flags.AddChoice("-o,--output", &given.output, {"text", "json"}, "Sentences, or one JSON object");
  flags.AddPositionals("WHO", &given.who, 1, "TENANT, or TENANT and USER (an id or an address)");
  if (const std::optional<int> code = flags.Parse(arguments, surroundings); code.has_value()) {
    return *code;
  }
  SplitSubject(&given.who);
  if (given.who.size() > 2) {
    surroundings.error << "explain: TENANT, or TENANT and USER; files go behind --in\n";
    return kExitConfig;
  }
  Keeper keeper(given.who.front());
  Look look;
  const int code = TakeLook(
      "explain", given.rerun, surroundings,
      [&](std::span<const log::RecordView> records) { return keeper.Take(records); }, &look);
  if (code != kExitOk) {
    return code;
  }
  const Result<std::string> explained = Explain(given, look, keeper);
  if (!explained.has_value()) {
    surroundings.error << "explain: " << explained.error().message() << '\n';
    return explained.error().code() == Code::kInvalid ? kExitConfig : kExitFailure;
  }
  surroundings.out << *explained;
  return kExitOk;
}

}  // namespace foothold::app
