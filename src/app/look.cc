#include "src/app/look.h"

#include <ostream>
#include <utility>

#include "src/app/progress_bar.h"
#include "src/app/settings.h"
#include "src/codec/state.h"
#include "state/schema.h"

namespace foothold::app {
namespace {

// A value's payload, decoded; nullopt if there is none.
template <class T>
Result<std::optional<T>> ReadSubject(const FinalPartition& partition, const std::string& key,
                                     Result<T> (*decode)(std::string_view)) {
  FOOTHOLD_ASSIGN(const std::optional<std::string> value, partition.store->Get(key));
  if (!value.has_value()) {
    return std::optional<T>();
  }
  FOOTHOLD_ASSIGN(const state::ParsedValue parsed, state::ParseValue(*value));
  FOOTHOLD_ASSIGN(T subject, decode(parsed.payload));
  return std::optional<T>(std::move(subject));
}

template <class T>
Status Scan(const FinalPartition& partition, const std::string& prefix,
            Result<T> (*decode)(std::string_view), const std::function<void(const T&)>& visit) {
  Status status;
  const auto look = [&](std::string_view /*key*/, std::string_view value) {
    const Result<state::ParsedValue> parsed = state::ParseValue(value);
    if (!parsed.has_value()) {
      status = parsed.error();
      return false;
    }
    const Result<T> subject = decode(parsed->payload);
    if (!subject.has_value()) {
      status = subject.error();
      return false;
    }
    visit(*subject);
    return true;
  };
  FOOTHOLD_TRY(partition.store->Scan(prefix, "", look));
  return status;
}

void ShowPersons(config::OutputTopic* topic) {
  topic->format = config::OutputFormat::kJson;
  topic->has_person = true;
}

}  // namespace

void AddLookFlags(Flags* flags, RerunFlags* given) {
  AddRerunFlags(flags, given);
  flags->AddText("--playbook", &given->playbook,
                 "Playbook file, for files; without it that of --config, or the default one");
}

Result<config::Config> LookConfigOf(const std::string& command, RerunFlags* given) {
  given->is_of_journal = given->files.empty();
  if (given->is_of_journal && given->config.empty()) {
    return Error(Code::kInvalid,
                 command + ": of what? Files of events, or -c foothold.yaml of a running system");
  }
  if (given->is_of_journal && (!given->playbook.empty() || !given->mapping.empty())) {
    return Error(Code::kInvalid,
                 command + ": --playbook and --mapping are for files; a journal has its own");
  }
  FOOTHOLD_ASSIGN(config::Config config, RerunConfigOf(command, *given));
  config::Outputs& outputs = config.outputs;
  for (config::OutputTopic* const topic :
       {&outputs.activation, &outputs.progress, &outputs.user_status, &outputs.account_status,
        &outputs.risk, &outputs.interventions_email, &outputs.interventions_in_app,
        &outputs.interventions_cs, &outputs.interventions_log}) {
    ShowPersons(topic);
  }
  return config;
}

int TakeLook(const std::string& command, const RerunFlags& asked, const Surroundings& surroundings,
             const Rerun::Take& take, Look* look) {
  RerunFlags given = asked;
  const SystemWallClock clock;
  const Logger logger(given.logging, clock);
  const Result<config::Config> config = LookConfigOf(command, &given);
  if (!config.has_value()) {
    surroundings.error << config.error().message() << '\n';
    return kExitConfig;
  }
  const Result<journey::Playbook> playbook =
      LoadPlaybook(given.playbook.empty() ? config->playbook : given.playbook, logger);
  if (!playbook.has_value()) {
    surroundings.error << playbook.error().message() << '\n';
    return kExitConfig;
  }
  ProgressBar bar(command, surroundings);
  const auto run = [&]() -> Status {
    FOOTHOLD_ASSIGN(look->rerun, Rerun::Open(given, *config, *playbook, &logger));
    FOOTHOLD_TRY(look->rerun->Run(take, [&](double share) { bar.Show(share); }));
    FOOTHOLD_ASSIGN(look->partitions, look->rerun->ReadState());
    return {};
  };
  const Status done = run();
  bar.Clear();
  if (!done.ok()) {
    surroundings.error << command << ": " << done.message() << '\n';
    return done.code() == Code::kInvalid ? kExitConfig : kExitFailure;
  }
  return kExitOk;
}

ToldRecord ToldOf(const log::RecordView& record) {
  constexpr std::string_view kPrefix = "foothold.";
  constexpr std::string_view kSuffix = ".v1";
  ToldRecord told{.topic = std::string(record.topic), .type = {}, .id = {}, .value = {}};
  for (const log::Header& header : record.headers) {
    std::string_view value = header.value.value_or("");
    if (header.key == "ce_id") {
      told.id = value;
    } else if (header.key == "ce_type") {
      value.remove_prefix(value.starts_with(kPrefix) ? kPrefix.size() : 0);
      value.remove_suffix(value.ends_with(kSuffix) ? kSuffix.size() : 0);
      told.type = value;
    }
  }
  return told;
}

Result<std::optional<journey::User>> ReadUser(const FinalPartition& partition,
                                              const std::string& tenant, const std::string& user) {
  return ReadSubject<journey::User>(partition, state::UserKey(tenant, user), codec::DecodeUser);
}

Result<std::optional<journey::Account>> ReadAccount(const FinalPartition& partition,
                                                    const std::string& tenant) {
  return ReadSubject<journey::Account>(partition, state::AccountKey(tenant), codec::DecodeAccount);
}

Status ForEachUser(const FinalPartition& partition, const std::string& tenant,
                   const std::function<void(const journey::User&)>& visit) {
  return Scan<journey::User>(partition, state::UserKeyPrefix(tenant), codec::DecodeUser, visit);
}

Status ForEachAccount(const FinalPartition& partition,
                      const std::function<void(const journey::Account&)>& visit) {
  const std::string prefix(1, static_cast<char>(state::KeyKind::kAccount));
  return Scan<journey::Account>(partition, prefix, codec::DecodeAccount, visit);
}

}  // namespace foothold::app
