#include "src/app/state_reader.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "src/app/stage_options.h"
#include "src/app/topic_reader.h"
#include "src/base/hash.h"
#include "src/stream/store_place.h"
#include "src/stream/store_shelf.h"
#include "state/schema.h"

namespace foothold::app {
namespace {

constexpr std::size_t kDiffersShown = 10;

Result<std::vector<Stretch>> ChangelogOf(log::Log* log, const config::Config& config,
                                         const StateChoice& choice) {
  const stream::TopicNames topics = TopicNamesOf(config);
  FOOTHOLD_ASSIGN(
      std::vector<Stretch> stretches,
      StretchesOf(log, choice.is_of_people ? topics.people_changelog : topics.changelog));
  if (choice.partition.has_value()) {
    std::erase_if(stretches, [&](const Stretch& stretch) {
      return stretch.source.partition.value != *choice.partition;
    });
    if (stretches.empty()) {
      return Error(Code::kInvalid, fmt::format("there is no partition {}", *choice.partition));
    }
  }
  return stretches;
}

stream::FolderShelf::Options ShelfOf(const config::Config& config, const StateChoice& choice) {
  const stream::FolderShelf::Options journey = ShelfOptionsOf(config, false);
  return choice.is_of_people ? PeopleShelfOptionsOf(journey) : journey;
}

// The partitions that have a folder: opening a store would make one.
Result<std::vector<std::int32_t>> FoldersOf(const config::Config& config,
                                            const StateChoice& choice) {
  const stream::FolderShelf::Options shelf = ShelfOf(config, choice);
  const std::int32_t count =
      choice.is_of_people ? config.people.partitions : config.journal.partitions;
  std::vector<std::int32_t> partitions;
  for (std::int32_t i = 0; i < count; ++i) {
    const bool is_meant = choice.partition.value_or(i) == i;
    if (is_meant && std::filesystem::exists(fmt::format("{}/{}", shelf.root, i))) {
      partitions.push_back(i);
    }
  }
  if (partitions.empty()) {
    return Error(Code::kInvalid,
                 fmt::format("{} holds no store: is state.dir that of the instance?", shelf.root));
  }
  return partitions;
}

std::string Printable(std::string_view key) {
  std::string text;
  for (const char byte : key) {
    const bool is_plain = byte >= 0x20 && byte < 0x7F;
    text += is_plain ? std::string(1, byte)
                     : fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  }
  return text;
}

// The last record of a key.
struct LastChange {
  std::uint64_t hash = 0;  // 0: a tombstone.
  std::int64_t offset = 0;
  bool is_in_store = false;
};

Result<StoreComparison> Compare(log::Log* log, const Stretch& changelog,
                                const state::Store& store) {
  StoreComparison comparison{.partition = changelog.source.partition.value};
  std::map<std::string, LastChange, std::less<>> last;
  FOOTHOLD_TRY(ReadStretches(log, {changelog}, [&](const log::RecordView& record) {
    last[std::string(record.key.value_or(""))] = {
        .hash = record.value.has_value() ? Hash64(*record.value) : 0, .offset = record.offset};
    return Result<bool>(true);
  }));
  const std::string place_key = stream::StorePlaceKey();
  FOOTHOLD_ASSIGN(const std::optional<std::string> noted, stream::ReadPayload(store, place_key));
  const std::optional<stream::StorePlace> place = stream::DecodeStorePlace(noted.value_or(""));
  // Without a place the store was never written: all of it is still to come.
  const std::int64_t written_until = place.has_value() ? place->next.value : 0;
  const auto differs = [&](std::string_view key) {
    ++comparison.differ;
    if (comparison.differs.size() < kDiffersShown) {
      comparison.differs.push_back(Printable(key));
    }
  };
  FOOTHOLD_TRY(store.Scan("", "", [&](std::string_view key, std::string_view value) {
    if (key == place_key) {
      return true;
    }
    const auto found = last.find(key);
    if (found == last.end()) {
      differs(key);
      return true;
    }
    found->second.is_in_store = true;
    if (found->second.hash == Hash64(value)) {
      ++comparison.equal;
    } else if (found->second.offset >= written_until) {
      ++comparison.behind;
    } else {
      differs(key);
    }
    return true;
  }));
  for (const auto& [key, change] : last) {
    if (change.is_in_store || change.hash == 0) {
      continue;
    }
    if (change.offset >= written_until) {
      ++comparison.behind;
    } else {
      differs(key);
    }
  }
  return comparison;
}

}  // namespace

Status ReadChangelog(log::Log* log, const config::Config& config, const StateChoice& choice,
                     const TakeState& take) {
  FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches, ChangelogOf(log, config, choice));
  for (const Stretch& stretch : stretches) {
    std::map<std::string, std::string, std::less<>> values;
    FOOTHOLD_TRY(ReadStretches(log, {stretch}, [&](const log::RecordView& record) {
      const std::string_view key = record.key.value_or("");
      if (key.starts_with(choice.prefix)) {
        if (record.value.has_value()) {
          values.insert_or_assign(std::string(key), std::string(*record.value));
        } else if (const auto known = values.find(key); known != values.end()) {
          values.erase(known);
        }
      }
      return Result<bool>(true);
    }));
    for (const auto& [key, value] : values) {
      FOOTHOLD_TRY(take(stretch.source.partition.value, key, value));
    }
  }
  return Status();
}

Status ReadStores(const config::Config& config, const StateChoice& choice, const TakeState& take) {
  FOOTHOLD_ASSIGN(const std::vector<std::int32_t> partitions, FoldersOf(config, choice));
  stream::FolderShelf shelf(ShelfOf(config, choice));
  for (const std::int32_t partition : partitions) {
    FOOTHOLD_ASSIGN(const std::unique_ptr<state::Store> store, shelf.Open(PartitionId{partition}));
    Status taken;
    FOOTHOLD_TRY(store->Scan(choice.prefix, "", [&](std::string_view key, std::string_view value) {
      if (key != stream::StorePlaceKey()) {
        taken = take(partition, key, value);
      }
      return taken.ok();
    }));
    FOOTHOLD_TRY(taken);
  }
  return Status();
}

Result<std::vector<StoreComparison>> CompareStores(log::Log* log, const config::Config& config,
                                                   const StateChoice& choice) {
  FOOTHOLD_ASSIGN(const std::vector<Stretch> stretches, ChangelogOf(log, config, choice));
  FOOTHOLD_ASSIGN(const std::vector<std::int32_t> partitions, FoldersOf(config, choice));
  stream::FolderShelf shelf(ShelfOf(config, choice));
  std::vector<StoreComparison> comparisons;
  for (const Stretch& stretch : stretches) {
    const std::int32_t partition = stretch.source.partition.value;
    if (std::find(partitions.begin(), partitions.end(), partition) == partitions.end()) {
      continue;
    }
    FOOTHOLD_ASSIGN(const std::unique_ptr<state::Store> store, shelf.Open(PartitionId{partition}));
    FOOTHOLD_TRY(store->Verify());
    FOOTHOLD_ASSIGN(StoreComparison comparison, Compare(log, stretch, *store));
    comparisons.push_back(std::move(comparison));
  }
  return comparisons;
}

}  // namespace foothold::app
