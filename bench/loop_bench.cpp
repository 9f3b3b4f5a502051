// What a training step costs over its forward and backward alone: one thread, batch 128, Fashion-MNIST, free
// instruments on and those of the 3% budget off. The two take turns of a few dozen steps in one process; the median of
// the ratios and their range are printed.
//
//     ./dev bench loop_bench
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <vector>

#include "thalweg/recipe/parse.h"
#include "thalweg/train/session.h"

namespace {

using namespace thalweg;

constexpr int kRounds = 21;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void measure(const char* name, const std::string& layers, int steps) {
  const std::string text = fmt::format(R"(
threads = 1
[data]
format = "idx"
path = "fashion-mnist"
limit = 20000
validation = 0.0
test = 0.02
[model]
layers = [{}]
[optimizer]
kind = "adamw"
[stop]
steps = 1000000
evaluate_every = 1000000
[watch]
instruments = ["step_norms"]
)",
                                       layers);
  const recipe::Recipe recipe = recipe::parse_text(text, "loop_bench", ".");
  const std::filesystem::path out = std::filesystem::temp_directory_path() / fmt::format("thalweg-loop-bench-{}", name);
  std::filesystem::remove_all(out);
  Session session(recipe, {.out = out});
  session.start();
  Workbench alone(recipe);
  std::int64_t k = 0;
  const auto forward_backward = [&] {
    const Batch batch = alone.batches.at(k / alone.batches_per_epoch, k % alone.batches_per_epoch);
    ++k;
    alone.objective(alone.network->forward(batch.inputs), batch.targets).total.backward();
    for (at::Tensor& p : alone.parameters) p.mutable_grad().reset();
  };
  std::vector<double> ratios;
  for (int round = -1; round < kRounds; ++round) {
    const double b = seconds([&] {
      for (int i = 0; i < steps; ++i) forward_backward();
    });
    const double a = seconds([&] {
      for (int i = 0; i < steps; ++i) session.step();
    });
    if (round >= 0) ratios.push_back(a / b);
  }
  std::sort(ratios.begin(), ratios.end());
  fmt::print("{:<6} step over forward and backward alone: median {:.3f} [{:.3f}, {:.3f}]\n", name, ratios[kRounds / 2],
             ratios.front(), ratios.back());
  std::filesystem::remove_all(out);
}

}  // namespace

int main() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
  measure(
      "mlp",
      R"({type="linear",units=512,activation="relu"},{type="linear",units=512,activation="relu"},{type="linear",units=10})",
      40);
  measure(
      "cnn",
      R"({type="conv",channels=16,kernel=3,padding=1,activation="relu"},{type="pool"},{type="conv",channels=32,kernel=3,padding=1,activation="relu"},{type="pool"},{type="linear",units=128,activation="relu"},{type="linear",units=10})",
      12);
  measure("lstm", R"({type="lstm",units=128,return="last"},{type="linear",units=10})", 12);
}
