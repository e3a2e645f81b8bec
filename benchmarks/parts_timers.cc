// The timer index of a store on disk, by how many timers are pending: one is put, moved, or found
// due and moved on, as the journey does. The commit that writes it is part of it, for 100 at once.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "benchmarks/parts.h"
#include "src/base/check.h"
#include "src/base/random.h"
#include "state/schema.h"

namespace foothold::benchmarks {
namespace {

constexpr std::uint64_t kFillBatch = 10'000;
constexpr std::uint64_t kAtOnce = 100;
constexpr Instant kMonday = InstantFromMs(1'767'571'200'000);  // 2026-01-05T00:00:00Z.
constexpr milliseconds kSpread = 30 * kDay;

// A store in which each subject has one timer, within 30 days from `now` on. How many are pending
// stays the same: who gets one more has lost another.
class PendingTimers {
 public:
  explicit PendingTimers(std::uint64_t pending) : dues_(pending) {
    for (std::uint64_t begin = 0; begin < pending; begin += kFillBatch) {
      state::WriteBatch batch;
      for (std::uint64_t i = begin; i < std::min(begin + kFillBatch, pending); ++i) {
        dues_[i] = AnyDue();
        batch.Put(KeyOf(i), state::MakeValue("", dues_[i]), std::nullopt);
      }
      Write(batch);
    }
  }

  // Subjects that had a timer have none any more.
  void Drop() {
    Change([](Instant) { return std::nullopt; });
  }
  // And have one again.
  void Put() {
    state::WriteBatch batch;
    for (const std::uint64_t i : dropped_) {
      dues_[i] = AnyDue();
      batch.Put(KeyOf(i), state::MakeValue("", dues_[i]), std::nullopt);
    }
    dropped_.clear();
    Write(batch);
  }
  void Move() {
    Change([this](Instant) { return std::optional(AnyDue()); });
  }
  // The earliest are due: each gets another time. Nothing else is done after it.
  void Fire() {
    const Result<std::vector<state::DueTimer>> due =
        temporary_.store().TimersUntil(Instant::max(), std::nullopt, kAtOnce);
    FOOTHOLD_CHECK(due.has_value() && due->size() == kAtOnce, "as many are pending");
    state::WriteBatch batch;
    for (const state::DueTimer& timer : *due) {
      now_ = timer.due;
      batch.Put(timer.key, state::MakeValue("", now_ + kSpread), now_);
    }
    Write(batch);
  }

 private:
  Instant AnyDue() { return now_ + milliseconds(random_.Between(1, kSpread.count())); }
  void Write(const state::WriteBatch& batch) {
    FOOTHOLD_CHECK(temporary_.store().Write(batch).ok(), "the store can be written");
  }
  template <class Next>
  void Change(Next next) {
    state::WriteBatch batch;
    for (std::uint64_t left = kAtOnce; left > 0; --left) {
      std::uint64_t i = random_.Below(dues_.size());
      while (!dues_[i].has_value()) {
        i = random_.Below(dues_.size());
      }
      const Instant before = *dues_[i];
      dues_[i] = next(before);
      if (!dues_[i].has_value()) {
        dropped_.push_back(i);
      }
      batch.Put(KeyOf(i), state::MakeValue("", dues_[i]), before);
    }
    Write(batch);
  }

  TemporaryStore temporary_;
  Random random_{1};
  Instant now_ = kMonday;
  std::vector<std::optional<Instant>> dues_;  // By the subject's number.
  std::vector<std::uint64_t> dropped_;
};

}  // namespace

void RegisterTimers() {
  // One size at a time: the one before is given up when another is asked for.
  struct Kept {
    std::int64_t pending = 0;
    std::unique_ptr<PendingTimers> timers;
  };
  const auto kept = std::make_shared<Kept>();
  for (const std::int64_t pending : {10'000, 100'000, 1'000'000}) {
    const auto add = [&](const char* name, auto run) {
      benchmark::RegisterBenchmark(name, [kept, run](benchmark::State& state) {
        if (kept->pending != state.range(0)) {
          kept->timers.reset();
          kept->timers =
              std::make_unique<PendingTimers>(static_cast<std::uint64_t>(state.range(0)));
          kept->pending = state.range(0);
        }
        for (auto _ : state) {
          run(state, kept->timers.get());
        }
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kAtOnce));
      })->Arg(pending);
    };
    add("timers/put", [](benchmark::State& state, PendingTimers* timers) {
      state.PauseTiming();
      timers->Drop();
      state.ResumeTiming();
      timers->Put();
    });
    add("timers/move", [](benchmark::State&, PendingTimers* timers) { timers->Move(); });
    add("timers/fire", [](benchmark::State&, PendingTimers* timers) { timers->Fire(); });
  }
}

}  // namespace foothold::benchmarks
