// Events <-> batches of the journal; what is printed is the cost of a batch and of an entry.

#include <memory>
#include <string>
#include <variant>

#include <benchmark/benchmark.h>

#include "benchmarks/parts.h"
#include "src/base/check.h"
#include "src/codec/journal.h"

namespace foothold::benchmarks {
namespace {

constexpr std::size_t kEntries = 200;  // Their batch has some 50 KB: below the bound.

void EncodeBatch(benchmark::State& state, const EventList& list) {
  codec::JournalBatchWriter writer;
  std::size_t bytes = 0;
  for (auto _ : state) {
    for (const journey::Event& event : list.events) {
      writer.Append(event);
    }
    bytes = writer.bytes();
    benchmark::DoNotOptimize(writer.Take());
  }
  const auto entries = static_cast<std::int64_t>(list.events.size());
  state.SetItemsProcessed(state.iterations() * entries);
  state.counters["bytes_an_entry"] = static_cast<double>(bytes) / static_cast<double>(entries);
}

void DecodeBatch(benchmark::State& state, const EventList& list) {
  codec::JournalBatchWriter writer;
  for (const journey::Event& event : list.events) {
    writer.Append(event);
  }
  const std::string batch = writer.Take();
  for (auto _ : state) {
    const Result<codec::JournalBatchReader> reader = codec::JournalBatchReader::Open(batch);
    FOOTHOLD_CHECK(reader.has_value(), "what was just written can be read");
    for (std::size_t i = 0; i < reader->count(); ++i) {
      const Result<codec::JournalEntry> entry = reader->entry(i);
      FOOTHOLD_CHECK(entry.has_value() && std::holds_alternative<journey::Event>(*entry),
                     "what was just written can be read");
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(list.events.size()));
}

}  // namespace

void RegisterJournal() {
  const auto list = std::make_shared<const EventList>(EventsOf(SegmentCalls(kEntries)));
  benchmark::RegisterBenchmark("journal/encode",
                               [list](benchmark::State& state) { EncodeBatch(state, *list); });
  benchmark::RegisterBenchmark("journal/decode",
                               [list](benchmark::State& state) { DecodeBatch(state, *list); });
}

}  // namespace foothold::benchmarks
