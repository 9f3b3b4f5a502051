// What taps cost while nobody looks: a layer then pays one comparison of a pointer that it shares with its network.
//
// The network cannot be built without it, so the comparison is timed by itself, as the layers make it (through a
// std::shared_ptr<Tap*>, one for each layer), and held beside the forward of the thinnest network there is: 30 linear
// layers of 8 units with relu, 8 rows. Any other layer takes longer. Medians of 21 rounds, one thread.
//
//     ./dev bench taps_bench
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/recipe/parse.h"

namespace {

using namespace thalweg;

constexpr int kLayers = 30, kWidth = 8, kRounds = 21;

double nanoseconds(int times, const std::function<void()>& work) {
  std::vector<double> rounds;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i) work();
    rounds.push_back(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() /
                     times);
  }
  std::sort(rounds.begin(), rounds.end());
  return rounds[kRounds / 2];
}

std::unique_ptr<Network> thinnest() {
  std::string layers;
  for (int l = 0; l < kLayers; ++l)
    layers += fmt::format("{{type=\"linear\", units={}, activation=\"relu\"}},", kWidth);
  const recipe::Recipe recipe = recipe::parse_text(
      fmt::format("[data]\nformat = \"idx\"\npath = \"fashion-mnist\"\n[model]\nlayers = [{}]\n", layers), "taps_bench",
      ".");
  return build_network(recipe.model, {.input = {kWidth}}, 1);
}

}  // namespace

int main() {
  at::set_num_threads(1);
  std::vector<std::shared_ptr<Tap*>> taps(kLayers, std::make_shared<Tap*>(nullptr));
  const double check = nanoseconds(100000,
                                   [&] {
                                     for (const auto& tap : taps) {
                                       bool set = *tap != nullptr;
                                       benchmark::DoNotOptimize(set);
                                       benchmark::ClobberMemory();
                                     }
                                   }) /
                       kLayers;
  const std::unique_ptr<Network> network = thinnest();
  const at::Tensor rows = at::ones({8, kWidth});
  const double graph = nanoseconds(500, [&] { network->forward(rows); }) / kLayers;
  const c10::NoGradGuard no_graph;
  const double bare = nanoseconds(500, [&] { network->forward(rows); }) / kLayers;
  fmt::print("a comparison {:.2f} ns; a layer's forward {:.0f} ns ({:.0f} ns without a graph): {:.3f}% ({:.3f}%)\n",
             check, graph, bare, 100.0 * check / graph, 100.0 * check / bare);
}
