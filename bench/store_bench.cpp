// What a reading costs: on the training thread (put), on the store's thread, on disk, and to read back.
//   put:      target below 50 ns, amortised, with the writer at work
//   lifetime: CPU time of the whole process a reading, writer included, and bytes a reading
#include <benchmark/benchmark.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "thalweg/diagnose/history.h"
#include "thalweg/store/store.h"

namespace {

using namespace thalweg;

constexpr int kReadings = 25;  // a step

std::vector<Reading> one_step(int count) {
  constexpr int kQuantities = static_cast<int>(Quantity::count_);
  std::vector<Reading> readings;
  for (int i = 0; i < count; ++i) {
    readings.push_back({.value = 1.0 / (i + 3.0),
                        .quantity = static_cast<Quantity>(i % kQuantities),
                        .scope = static_cast<Scope>(i / kQuantities)});
  }
  return readings;
}

std::filesystem::path fresh_file() {
  const auto file = std::filesystem::temp_directory_path() / "thalweg_store_bench.sqlite";
  std::filesystem::remove(file);
  return file;
}

// As a run does it: 25 readings a step, in bursts that the queue takes without waiting.
void put(benchmark::State& state) {
  const auto file = fresh_file();
  StoreWriter writer(file, {}, {});
  std::vector<Reading> readings = one_step(kReadings);
  std::int64_t step = 0;
  for (auto _ : state) {
    for (Reading& reading : readings) {
      reading.step = step;
      reading.value += 1e-6;
      writer.put(reading);
    }
    if (++step % 1000 == 0) {  // a run at full speed takes a second for this
      state.PauseTiming();
      writer.flush();
      state.ResumeTiming();
    }
  }
  state.counters["ns_per_put"] = benchmark::Counter(static_cast<double>(state.iterations()) * kReadings,
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["waited_s"] = writer.waited_seconds();
}
BENCHMARK(put)->Iterations(200'000);

// Everything a run's store costs in CPU time, opening and closing included.
void lifetime(benchmark::State& state) {
  constexpr std::int64_t kSteps = 40'000;
  const auto count = static_cast<int>(state.range(0));
  std::uintmax_t bytes = 0;
  for (auto _ : state) {
    const auto file = fresh_file();
    std::vector<Reading> readings = one_step(count);
    StoreWriter writer(file, {}, {});
    for (std::int64_t step = 0; step < kSteps; ++step) {
      for (Reading& reading : readings) {
        reading.step = step;
        reading.value += 1e-6;
        writer.put(reading);
      }
      if (step % 500 == 499) writer.flush();
    }
  }
  bytes = std::filesystem::file_size(std::filesystem::temp_directory_path() / "thalweg_store_bench.sqlite");
  const double readings = static_cast<double>(kSteps) * count;
  state.counters["cpu_per_reading"] = benchmark::Counter(readings * static_cast<double>(state.iterations()),
                                                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_reading"] = static_cast<double>(bytes) / readings;
}
BENCHMARK(lifetime)->Arg(3)->Arg(25)->Arg(250)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond)->Iterations(2);

void read(benchmark::State& state) {
  constexpr std::int64_t kSteps = 40'000;
  const auto file = fresh_file();
  {
    StoreWriter writer(file, {}, {});
    std::vector<Reading> readings = one_step(kReadings);
    for (std::int64_t step = 0; step < kSteps; ++step) {
      for (Reading& reading : readings) {
        reading.step = step;
        writer.put(reading);
      }
    }
  }
  const StoreReader reader(file);
  const auto quantity = state.range(0) == 1 ? std::optional(Quantity::gradient_sq) : std::nullopt;
  std::size_t count = 0;
  for (auto _ : state) count = reader.readings(quantity).size();
  state.counters["readings"] = static_cast<double>(count);
}
BENCHMARK(read)->ArgName("one_series")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

void history_put(benchmark::State& state) {
  History history;
  std::vector<Reading> readings = one_step(kReadings);
  std::int64_t step = 0;
  for (auto _ : state) {
    for (Reading& reading : readings) {
      reading.step = step;
      history.put(reading);
    }
    ++step;
  }
  state.counters["ns_per_put"] = benchmark::Counter(static_cast<double>(state.iterations()) * kReadings,
                                                    benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(history_put)->Iterations(200'000);

}  // namespace

BENCHMARK_MAIN();
