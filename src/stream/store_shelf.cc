#include "src/stream/store_shelf.h"

#include <utility>

#include <fmt/format.h>

namespace foothold::stream {

FolderShelf::FolderShelf(Options options) : options_(std::move(options)) {}

state::StoreOptions FolderShelf::OptionsOf(PartitionId partition) const {
  return {.path = fmt::format("{}/{}", options_.root, partition.value),
          .identity = fmt::format("{}/{}", options_.app, partition.value),
          .memory = options_.memory,
          .in_memory = options_.in_memory};
}

Result<std::unique_ptr<state::Store>> FolderShelf::Open(PartitionId partition) {
  return state::Store::Open(OptionsOf(partition));
}

Status FolderShelf::Destroy(PartitionId partition) {
  return state::Store::Destroy(OptionsOf(partition));
}

}  // namespace foothold::stream
