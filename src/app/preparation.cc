#include "src/app/preparation.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "src/app/look.h"
#include "src/app/stage_options.h"
#include "src/app/topic_reader.h"
#include "src/base/hash.h"
#include "src/codec/journal.h"
#include "src/codec/state.h"
#include "src/stream/publishing.h"
#include "state/schema.h"

namespace foothold::app {
namespace {

// A transaction holds back all readers of the journal while it is open.
constexpr std::int64_t kTransactionBytes = 1LL << 20U;
// In one entry: a record of the journal has a bound.
constexpr std::size_t kOccurrencesMax = 200;

using Subjects = std::vector<std::pair<PartitionId, std::string>>;  // By their keys.

std::string KeyOf(const codec::Recollection& recollection) {
  return recollection.user.empty() ? state::AccountKey(recollection.tenant)
                                   : state::UserKey(recollection.tenant, recollection.user);
}

std::uint64_t HashOf(const codec::Recollection& recollection) {
  journey::User user;
  user.trackers = recollection.trackers;
  return Hash64(codec::EncodeUser(user));
}

std::vector<journey::TrackerState> Chosen(const std::vector<journey::TrackerState>& states,
                                          const std::set<std::uint64_t>& keys) {
  std::vector<journey::TrackerState> chosen;
  for (const journey::TrackerState& state : states) {
    if (keys.contains(state.key) && !state.kept.empty()) {
      chosen.push_back(state);
    }
  }
  return chosen;
}

std::size_t CountOf(const std::vector<journey::TrackerState>& states) {
  std::size_t count = 0;
  for (const journey::TrackerState& state : states) {
    count += state.kept.size();
  }
  return count;
}

// What the subject keeps; nothing if there is no such subject.
Result<std::vector<journey::TrackerState>> KeptBy(const FinalPartition& partition,
                                                  const std::string& key) {
  FOOTHOLD_ASSIGN(const state::ParsedKey parsed, state::ParseKey(key));
  if (parsed.kind == state::KeyKind::kAccount) {
    FOOTHOLD_ASSIGN(std::optional<journey::Account> account, ReadAccount(partition, parsed.tenant));
    return account.has_value() ? std::move(account->trackers)
                               : std::vector<journey::TrackerState>();
  }
  FOOTHOLD_ASSIGN(std::optional<journey::User> user, ReadUser(partition, parsed.tenant, parsed.id));
  return user.has_value() ? std::move(user->trackers) : std::vector<journey::TrackerState>();
}

}  // namespace

// Writes recollections into the journal, each subject's once for as long as it stays the same.
class Preparation::Writer {
 public:
  static Result<std::unique_ptr<Writer>> Open(log::Log* log, const config::Config& config) {
    std::unique_ptr<Writer> writer(new Writer(config));
    const stream::ControlWriter::Options limits = ControlOptionsOf(config, TopicNamesOf(config));
    FOOTHOLD_ASSIGN(writer->producer_,
                    log->NewProducer({.transactional_id = config.app + "-prepare",
                                      .topics = {writer->journal_},
                                      .transaction_timeout = limits.transaction_timeout,
                                      .message_bytes_max = limits.message_bytes_max}));
    FOOTHOLD_TRY(
        writer->retry_.Run([&] { return writer->producer_->Init(writer->retry_.call_timeout); }));
    return writer;
  }

  // All of one partition that is of the trackers with these keys.
  Status AddPartition(PartitionId number, const FinalPartition& partition,
                      const std::set<std::uint64_t>& keys) {
    Status written;
    std::vector<std::string> tenants;
    FOOTHOLD_TRY(ForEachAccount(partition, [&](const journey::Account& account) {
      tenants.push_back(account.tenant);
      std::vector<journey::TrackerState> chosen = Chosen(account.trackers, keys);
      if (written.ok() && !chosen.empty()) {
        written =
            Add(number, {.tenant = account.tenant, .user = {}, .trackers = std::move(chosen)});
      }
    }));
    for (const std::string& tenant : tenants) {
      FOOTHOLD_TRY(ForEachUser(partition, tenant, [&](const journey::User& user) {
        std::vector<journey::TrackerState> chosen = Chosen(user.trackers, keys);
        if (written.ok() && !chosen.empty()) {
          written =
              Add(number, {.tenant = user.tenant, .user = user.id, .trackers = std::move(chosen)});
        }
      }));
    }
    FOOTHOLD_TRY(written);
    return Write(number);
  }

  Status Commit() {
    uncommitted_bytes_ = 0;
    if (!std::exchange(is_open_, false)) {
      return Status();
    }
    return retry_.Run([&] { return producer_->Commit(retry_.call_timeout); });
  }

  // Whether each of the subjects that were written since the last call still keeps what was
  // written of it: it is nobody else by now, nor begun anew.
  Result<bool> AreAllThere(const std::vector<FinalPartition>& partitions,
                           const std::set<std::uint64_t>& keys) {
    for (const auto& [partition, key] : std::exchange(round_, {})) {
      FOOTHOLD_ASSIGN(const std::vector<journey::TrackerState> kept,
                      KeptBy(partitions[static_cast<std::size_t>(partition.value)], key));
      if (CountOf(Chosen(kept, keys)) < written_[key].count) {
        return false;
      }
    }
    return true;
  }
  bool has_round() const { return !round_.empty(); }
  std::int64_t subjects() const { return static_cast<std::int64_t>(written_.size()); }

 private:
  // What was written of a subject last.
  struct Written {
    std::uint64_t hash = 0;
    std::size_t count = 0;  // Of occurrences.
  };

  explicit Writer(const config::Config& config)
      : retry_(RetryOf(config)), journal_(TopicNamesOf(config).journal) {}

  Status Add(PartitionId partition, codec::Recollection recollection) {
    std::string key = KeyOf(recollection);
    const Written now{.hash = HashOf(recollection), .count = CountOf(recollection.trackers)};
    const auto [known, is_new] = written_.try_emplace(key, now);
    if (!is_new && std::exchange(known->second, now).hash == now.hash) {
      return Status();
    }
    round_.emplace_back(partition, std::move(key));
    for (journey::TrackerState& state : recollection.trackers) {
      const std::span<journey::Occurrence> kept = state.kept;
      for (std::size_t i = 0; i < kept.size(); i += kOccurrencesMax) {
        const auto part = kept.subspan(i, std::min(kOccurrencesMax, kept.size() - i));
        batch_.Append(codec::Recollection{
            .tenant = recollection.tenant,
            .user = recollection.user,
            .trackers = {{.key = state.key, .kept = {part.begin(), part.end()}}}});
        if (batch_.is_full()) {
          FOOTHOLD_TRY(Write(partition));
        }
      }
    }
    return Status();
  }

  // Writes what waits for this partition. Before another partition's are added.
  Status Write(PartitionId partition) {
    if (batch_.is_empty()) {
      return Status();
    }
    if (!std::exchange(is_open_, true)) {
      FOOTHOLD_TRY(producer_->Begin());
    }
    const std::string batch = batch_.Take();
    const log::OutgoingRecord record{.topic = journal_,
                                     .partition = partition,
                                     .key = std::nullopt,
                                     .value = batch,
                                     .headers = {},
                                     .timestamp = std::nullopt};
    FOOTHOLD_TRY(retry_.Run([&] { return producer_->Send(record); }));
    uncommitted_bytes_ += static_cast<std::int64_t>(batch.size());
    return uncommitted_bytes_ < kTransactionBytes ? Status() : Commit();
  }

  stream::RetryPolicy retry_;
  std::string journal_;
  std::unique_ptr<log::TransactionalProducer> producer_;
  codec::JournalBatchWriter batch_;
  std::map<std::string, Written> written_;  // By the subject's key.
  Subjects round_;
  std::int64_t uncommitted_bytes_ = 0;
  bool is_open_ = false;  // A transaction is.
};

Result<PreparationCost> CostOfPreparation(ControlDesk* desk) {
  PreparationCost cost;
  FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches,
                  StretchesOf(desk->log(), TopicNamesOf(desk->config()).journal));
  for (const Stretch& stretch : stretches) {
    if (stretch.from > 0) {
      return Error(Code::kInvalid,
                   fmt::format("{} begins at offset {}: what came before is no longer retained",
                               log::ToString(stretch.source), stretch.from));
    }
    ++cost.partitions;
    cost.records += stretch.until;
  }
  return cost;
}

Preparation::~Preparation() = default;

Result<std::unique_ptr<Preparation>> Preparation::Open(const std::string& config_path,
                                                       ControlDesk* desk,
                                                       const journey::Playbook& current,
                                                       const journey::Playbook& next,
                                                       const Logger* logger) {
  RerunFlags given;
  given.config = config_path;
  given.is_of_journal = true;
  given.has_own_playbook = true;
  FOOTHOLD_ASSIGN(const config::Config config, RerunConfigOf("playbook", given));
  std::unique_ptr<Preparation> preparation(new Preparation());
  FOOTHOLD_ASSIGN(preparation->rerun_, Rerun::Open(given, config, next, logger));
  FOOTHOLD_ASSIGN(preparation->writer_, Writer::Open(desk->log(), desk->config()));
  for (const journey::Tracker& tracker : stream::NotKept(current, next)) {
    preparation->keys_.insert(tracker.key);
  }
  return preparation;
}

Status Preparation::Read(const Rerun::Progress& progress) {
  const Rerun::Take nobody = [](std::span<const log::RecordView>) { return Status(); };
  if (std::exchange(has_run_, true)) {
    return rerun_->RunOn(nobody, progress);
  }
  // The first time takes long, and what came meanwhile is to be little.
  FOOTHOLD_TRY(rerun_->Run(nobody, progress));
  return rerun_->RunOn(nobody, progress);
}

Result<bool> Preparation::Write() {
  FOOTHOLD_ASSIGN(const std::vector<FinalPartition> partitions, rerun_->ReadState());
  if (writer_->has_round()) {
    FOOTHOLD_ASSIGN(const bool are_all_there, writer_->AreAllThere(partitions, keys_));
    if (are_all_there) {
      return true;
    }
  }
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const PartitionId number{static_cast<std::int32_t>(i)};
    FOOTHOLD_TRY(writer_->AddPartition(number, partitions[i], keys_));
  }
  FOOTHOLD_TRY(writer_->Commit());
  return !writer_->has_round();
}

std::int64_t Preparation::subjects() const { return writer_->subjects(); }

}  // namespace foothold::app
