#include "thalweg/train/start_in_time.h"

#include <algorithm>

#include "thalweg/observe/recurrence/recurrence.h"
#include "thalweg/train/through.h"

namespace thalweg {
namespace {

constexpr std::int64_t kRows = 128;    // as the rest of the start (start.h); eight of them are followed
constexpr std::int64_t kMatrix = 512;  // its eigenvalues take half a second

}  // namespace

std::vector<RecurrentLayer> start_in_time(const Workbench& bench) {
  Network& network = *bench.network;
  const std::int64_t rows = std::min(kRows, bench.data.train->rows());
  const Through through = thalweg::through(network, bench.objective, bench.sample_batches(1, rows).front());
  const auto weight_of = [&](std::string_view name) {
    const auto found = std::ranges::find(network.parameters(), name, &NamedParameters::value_type::first);
    return found == network.parameters().end() ? at::Tensor() : found->second;
  };
  const bool training = network.training();
  network.train(true);
  auto layers = measure_recurrence(through, weight_of, {.exponents = 1, .powers = false, .matrix = kMatrix});
  network.train(training);
  return layers;
}

}  // namespace thalweg
