// Users and accounts <-> bytes, and the store on disk: 100,000 values of 500 bytes.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "benchmarks/parts.h"
#include "src/base/check.h"
#include "src/base/random.h"
#include "src/codec/state.h"
#include "state/schema.h"

namespace foothold::benchmarks {
namespace {

constexpr std::uint64_t kSubjects = 100'000;
constexpr std::size_t kValueBytes = 500;
constexpr std::uint64_t kFillBatch = 10'000;
constexpr Instant kMonday = InstantFromMs(1'767'571'200'000);  // 2026-01-05T00:00:00Z.

// An analyst and the account after three weeks.
Tenant Lived(const journey::Definition* definition) {
  std::vector<std::string> calls{SegmentCall({.event = "Account Created",
                                              .user = "ana",
                                              .role = "analyst",
                                              .at = kMonday,
                                              .properties = R"("role":"analyst")"})};
  const std::vector<std::string> events{"Dashboard Viewed", "Filter Applied", "Dashboard Created",
                                        "Report Exported"};
  for (std::size_t i = 0; i < 20; ++i) {
    calls.push_back(SegmentCall({.event = events[i % events.size()],
                                 .user = "ana",
                                 .role = "analyst",
                                 .at = kMonday + (i + 1) * 25 * kHour,
                                 .properties = R"("dashboardId":"d1")"}));
  }
  Tenant tenant(definition);
  for (const journey::Event& event : EventsOf(calls).events) {
    tenant.Do(event);
  }
  return tenant;
}

template <class Subject>
void Encode(benchmark::State& state, const Subject& subject,
            std::string (*encode)(const Subject&)) {
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string encoded = encode(subject);
    bytes = encoded.size();
    benchmark::DoNotOptimize(encoded.data());
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

template <class Subject>
void Decode(benchmark::State& state, const std::string& bytes,
            Result<Subject> (*decode)(std::string_view)) {
  for (auto _ : state) {
    const Result<Subject> subject = decode(bytes);
    FOOTHOLD_CHECK(subject.has_value(), "what was encoded can be decoded");
  }
}

// A store of kSubjects, filled at the first use.
class FilledStore {
 public:
  FilledStore() {
    for (std::uint64_t begin = 0; begin < kSubjects; begin += kFillBatch) {
      state::WriteBatch batch;
      for (std::uint64_t i = begin; i < begin + kFillBatch; ++i) {
        batch.PutUnindexed(KeyOf(i), Value());
      }
      FOOTHOLD_CHECK(temporary_.store().Write(batch).ok(), "the store can be written");
    }
    FOOTHOLD_CHECK(temporary_.store().Flush().ok(), "the store can be written");
  }

  state::Store& store() { return temporary_.store(); }
  std::string AnyKey() { return KeyOf(random_.Below(kSubjects)); }
  std::string Value() {
    std::string payload(kValueBytes, ' ');
    for (char& letter : payload) {  // Half of it compresses.
      letter = random_.Chance(0.5) ? 'a' : static_cast<char>('a' + random_.Below(26));
    }
    return state::MakeValue(payload, std::nullopt);
  }

 private:
  TemporaryStore temporary_;
  Random random_{1};
};

void Get(benchmark::State& state, FilledStore* filled) {
  for (auto _ : state) {
    const Result<std::optional<std::string>> value = filled->store().Get(filled->AnyKey());
    FOOTHOLD_CHECK(value.has_value() && value->has_value(), "the key is there");
  }
  state.SetItemsProcessed(state.iterations());
}

void GetMany(benchmark::State& state, FilledStore* filled) {
  std::vector<std::string> keys(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    for (std::string& key : keys) {
      key = filled->AnyKey();
    }
    FOOTHOLD_CHECK(filled->store().MultiGet(keys).has_value(), "the store can be read");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void WriteMany(benchmark::State& state, FilledStore* filled) {
  const std::string value = filled->Value();
  for (auto _ : state) {
    state::WriteBatch batch;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      batch.Put(filled->AnyKey(), value, std::nullopt);
    }
    FOOTHOLD_CHECK(filled->store().Write(batch).ok(), "the store can be written");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

void RegisterStore() {
  const auto filled = std::make_shared<std::unique_ptr<FilledStore>>();
  const auto in_store = [filled](void (*run)(benchmark::State&, FilledStore*)) {
    return [filled, run](benchmark::State& state) {
      if (*filled == nullptr) {
        *filled = std::make_unique<FilledStore>();
      }
      run(state, filled->get());
    };
  };
  benchmark::RegisterBenchmark("store/get", in_store(&Get));
  benchmark::RegisterBenchmark("store/get_many", in_store(&GetMany))->Arg(100);
  benchmark::RegisterBenchmark("store/write", in_store(&WriteMany))->Arg(1)->Arg(100)->Arg(1'000);
}

}  // namespace

void RegisterState() {
  const auto definition = std::make_shared<const journey::Definition>(ActivationPlaybook());
  const auto tenant = std::make_shared<const Tenant>(Lived(definition.get()));
  benchmark::RegisterBenchmark("state/encode_user", [definition, tenant](benchmark::State& state) {
    Encode(state, tenant->user("ana"), &codec::EncodeUser);
  });
  benchmark::RegisterBenchmark("state/decode_user", [definition, tenant](benchmark::State& state) {
    Decode(state, codec::EncodeUser(tenant->user("ana")), &codec::DecodeUser);
  });
  benchmark::RegisterBenchmark("state/encode_account",
                               [definition, tenant](benchmark::State& state) {
                                 Encode(state, tenant->account(), &codec::EncodeAccount);
                               });
  benchmark::RegisterBenchmark(
      "state/decode_account", [definition, tenant](benchmark::State& state) {
        Decode(state, codec::EncodeAccount(tenant->account()), &codec::DecodeAccount);
      });
  RegisterStore();
}

}  // namespace foothold::benchmarks
