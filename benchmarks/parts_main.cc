// What the single parts cost, by google-benchmark:
//
//   foothold_parts [--benchmark_filter=REGEX] [--benchmark_min_time=SECONDS]

#include <benchmark/benchmark.h>

#include "benchmarks/parts.h"

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 1;
  }
  foothold::benchmarks::RegisterDecoding();
  foothold::benchmarks::RegisterJournal();
  foothold::benchmarks::RegisterEngine();
  foothold::benchmarks::RegisterState();
  foothold::benchmarks::RegisterTimers();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::ClearRegisteredBenchmarks();  // They own stores, which RocksDB's own end would outrun.
  benchmark::Shutdown();
  return 0;
}
