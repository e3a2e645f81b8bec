#include "tests/kafka/chaos/segments.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace foothold::chaos {
namespace {

namespace fs = std::filesystem;

// A batch: baseOffset 8, length 4, leaderEpoch 4, magic 1, crc 4, attributes 2, lastOffsetDelta 4,
// times 8 + 8, producerId 8, producerEpoch 2, baseSequence 4, count 4; then the records.
constexpr std::size_t kLengthEnd = 12;
constexpr std::size_t kHeaderBytes = 61;
constexpr int kMagic = 2;
constexpr std::uint64_t kCompressionMask = 0x07;
constexpr std::uint64_t kTransactionalFlag = 0x10;
constexpr std::uint64_t kControlFlag = 0x20;
constexpr std::uint64_t kCommitMarker = 1;
constexpr std::string_view kStateTopic = "__transaction_state-";

// Takes big-endian numbers and the like from the front. Past the end all is 0 and is_whole() false.
class Taker {
 public:
  explicit Taker(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t Fixed(std::size_t size) {
    std::uint64_t number = 0;
    for (const char byte : Bytes(size)) {
      number = (number << 8U) | static_cast<unsigned char>(byte);
    }
    return number;
  }
  std::uint64_t Unsigned() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = Fixed(1);
      number |= (byte & 0x7fU) << shift;
      if (byte < 0x80) {
        break;
      }
    }
    return number;
  }
  std::int64_t Zigzag() {
    const std::uint64_t number = Unsigned();
    return static_cast<std::int64_t>(number >> 1U) ^ -static_cast<std::int64_t>(number & 1U);
  }
  std::string_view Bytes(std::size_t size) {
    is_whole_ = is_whole_ && size <= bytes_.size();
    const std::string_view taken = bytes_.substr(0, is_whole_ ? size : 0);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  bool is_whole() const { return is_whole_; }
  bool is_empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool is_whole_ = true;
};

struct PlainRecord {
  std::string_view key;
  std::optional<std::string_view> value;
};

PlainRecord TakeRecord(Taker* taker) {
  const std::int64_t length = taker->Zigzag();
  Taker record(taker->Bytes(static_cast<std::size_t>(std::max<std::int64_t>(0, length))));
  record.Fixed(1);  // Attributes.
  record.Zigzag();  // Time.
  record.Zigzag();  // Offset.
  PlainRecord plain;
  const std::int64_t key = record.Zigzag();
  plain.key = record.Bytes(static_cast<std::size_t>(std::max<std::int64_t>(0, key)));
  if (const std::int64_t value = record.Zigzag(); value >= 0) {
    plain.value = record.Bytes(static_cast<std::size_t>(value));
  }
  return plain;
}

LogBatch BatchOf(std::int64_t base, std::string_view body) {
  Taker taker(body);
  taker.Fixed(4 + 1 + 4);
  const std::uint64_t attributes = taker.Fixed(2);
  LogBatch batch;
  batch.first = base;
  batch.last = base + static_cast<std::int64_t>(taker.Fixed(4));
  taker.Bytes(16);
  batch.producer = static_cast<std::int64_t>(taker.Fixed(8));
  batch.is_transactional = (attributes & kTransactionalFlag) != 0;
  batch.is_marker = (attributes & kControlFlag) != 0 && batch.is_transactional;
  batch.is_compressed = (attributes & kCompressionMask) != 0;
  batch.payload = std::string(body.substr(kHeaderBytes - kLengthEnd));
  if (batch.is_marker) {
    Taker records(batch.payload);
    Taker key(TakeRecord(&records).key);
    key.Fixed(2);  // Version.
    batch.is_commit = key.Fixed(2) == kCommitMarker;
  }
  return batch;
}

std::string TextOf(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Status ReadSegment(const fs::path& path, std::vector<LogBatch>* batches) {
  const std::string bytes = TextOf(path);
  std::string_view left = bytes;
  while (left.size() > kHeaderBytes) {
    Taker taker(left);
    const auto base = static_cast<std::int64_t>(taker.Fixed(8));
    const std::size_t length = taker.Fixed(4);
    if (length == 0 || kLengthEnd + length > left.size()) {
      break;
    }
    const std::string_view body = left.substr(kLengthEnd, length);
    if (body[4] != kMagic) {
      return Error(Code::kCorrupt, fmt::format("{} has a batch of another format at {}",
                                               path.string(), bytes.size() - left.size()));
    }
    batches->push_back(BatchOf(base, body));
    left.remove_prefix(kLengthEnd + length);
  }
  return Status();
}

// The value of a transaction's state (TransactionLogValue): version 0 has lengths of fixed size,
// version 1 compact ones and tagged fields.
struct TransactionState {
  std::int64_t producer = -1;
  std::uint64_t status = 0;
  std::vector<std::pair<std::string, std::int32_t>> partitions;
};
constexpr std::uint64_t kPrepareCommit = 2;
constexpr std::uint64_t kPrepareAbort = 3;

class StateReader {
 public:
  explicit StateReader(std::string_view value) : taker_(value) {
    is_compact_ = taker_.Fixed(2) == 1;
  }

  Result<TransactionState> Read() {
    TransactionState state;
    state.producer = static_cast<std::int64_t>(taker_.Fixed(8));
    taker_.Fixed(2 + 4);  // Epoch and timeout.
    state.status = taker_.Fixed(1);
    const std::size_t topics = Count();
    for (std::size_t i = 0; i < topics && taker_.is_whole(); ++i) {
      const std::size_t size = is_compact_ ? taker_.Unsigned() - 1 : taker_.Fixed(2);
      const std::string topic(taker_.Bytes(size));
      const std::size_t partitions = Count();
      for (std::size_t k = 0; k < partitions && taker_.is_whole(); ++k) {
        state.partitions.emplace_back(topic, static_cast<std::int32_t>(taker_.Fixed(4)));
      }
      SkipTags();
    }
    if (!taker_.is_whole()) {
      return Error(Code::kCorrupt, "a transaction's state is cut short");
    }
    return state;
  }

 private:
  // An array's length; of a null one 0.
  std::size_t Count() {
    if (is_compact_) {
      return std::max<std::uint64_t>(1, taker_.Unsigned()) - 1;
    }
    const std::uint64_t count = taker_.Fixed(4);
    return count == 0xffffffffU ? 0 : count;
  }
  void SkipTags() {
    for (std::uint64_t tags = is_compact_ ? taker_.Unsigned() : 0; tags > 0; --tags) {
      taker_.Unsigned();
      taker_.Bytes(taker_.Unsigned());
    }
  }

  Taker taker_;
  bool is_compact_ = false;
};

Status TakeStates(const LogBatch& batch, std::set<std::string>* decided_now,
                  Coordinators* coordinators) {
  Taker records(batch.payload);
  while (!records.is_empty() && records.is_whole()) {
    const PlainRecord record = TakeRecord(&records);
    Taker key(record.key);
    const bool is_state = key.Fixed(2) == 0;
    const std::string id(key.Bytes(key.Fixed(2)));
    if (!is_state || !record.value.has_value()) {
      continue;
    }
    FOOTHOLD_ASSIGN(TransactionState state, StateReader(*record.value).Read());
    coordinators->ids[state.producer] = id;
    const bool is_decision = state.status == kPrepareCommit || state.status == kPrepareAbort;
    // A decision that is written twice in a row is one.
    if (is_decision && decided_now->insert(id).second) {
      coordinators->decided.push_back({.id = id,
                                       .is_commit = state.status == kPrepareCommit,
                                       .partitions = std::move(state.partitions)});
    } else if (!is_decision) {
      decided_now->erase(id);
    }
  }
  return Status();
}

}  // namespace

Result<std::vector<LogBatch>> ReadSegments(const fs::path& folder) {
  std::vector<fs::path> segments;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".log") {
      segments.push_back(entry.path());
    }
  }
  std::ranges::sort(segments);
  std::vector<LogBatch> batches;
  for (const fs::path& segment : segments) {
    FOOTHOLD_TRY(ReadSegment(segment, &batches));
  }
  return batches;
}

Result<Coordinators> ReadCoordinators(const fs::path& data) {
  Coordinators coordinators;
  for (const fs::directory_entry& entry : fs::directory_iterator(data)) {
    if (!entry.path().filename().string().starts_with(kStateTopic)) {
      continue;
    }
    FOOTHOLD_ASSIGN(const std::vector<LogBatch> batches, ReadSegments(entry.path()));
    std::set<std::string> decided_now;
    for (const LogBatch& batch : batches) {
      if (batch.is_compressed) {
        return Error(Code::kCorrupt, "transactions' states are not to be compressed");
      }
      FOOTHOLD_TRY(TakeStates(batch, &decided_now, &coordinators));
    }
  }
  return coordinators;
}

}  // namespace foothold::chaos
