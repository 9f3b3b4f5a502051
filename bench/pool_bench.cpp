// What the fused 2×2 max-pooling with relu wins on a small conv net, forward and backward on one thread:
//   conv 16, relu, pool, conv 32, relu, pool, linear 128, relu, linear 10, on 128 images of 28×28.
// `own` is the network as Thalweg builds it, `aten` the same weights with at::relu and at::max_pool2d one after the
// other. Both run turn about in one process; compare their lines, not either with another run.
#include <benchmark/benchmark.h>
#include <malloc.h>
#include <torch/torch.h>

#include "thalweg/model/max_pool.h"
#include "thalweg/model/network.h"

namespace {

using thalweg::Network;
using namespace thalweg::recipe;

constexpr std::int64_t kRows = 128;

std::unique_ptr<Network> conv_net() {
  const Layer pool{.type = LayerType::pool, .kernel = 2, .stride = 2};
  const auto conv = [](std::int64_t channels) {
    return Layer{.type = LayerType::conv, .activation = Activation::relu, .channels = channels, .padding = 1};
  };
  Model model;
  model.layers = {conv(16),
                  pool,
                  conv(32),
                  pool,
                  {.type = LayerType::linear, .activation = Activation::relu, .units = 128},
                  {.type = LayerType::linear, .units = 10}};
  return thalweg::build_network(model, {.input = {1, 28, 28}, .outputs = 10}, 0);
}

at::Tensor plain_forward(const Network& network, const at::Tensor& images) {
  const auto p = [&](std::size_t i) { return network.parameters()[i].second; };
  const auto stage = [](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    return at::max_pool2d(at::relu(at::conv2d(x, weight, bias, {1, 1}, {1, 1})), {2, 2});
  };
  const at::Tensor features = stage(stage(images, p(0), p(1)), p(2), p(3)).flatten(1);
  return at::linear(at::relu(at::linear(features, p(4), p(5))), p(6), p(7));
}

template <typename Forward>
void train(benchmark::State& state, const Forward& forward) {
  at::set_num_threads(1);
  torch::manual_seed(0);
  const auto network = conv_net();
  const at::Tensor images = torch::rand({kRows, 1, 28, 28});
  const at::Tensor labels = torch::randint(10, {kRows}, at::kLong);
  for (auto _ : state) {
    const at::Tensor loss = at::cross_entropy_loss(forward(*network, images), labels);
    loss.backward();
    for (const auto& [name, parameter] : network->parameters()) parameter.mutable_grad() = at::Tensor();
  }
  state.SetItemsProcessed(state.iterations() * kRows);
}

void own(benchmark::State& state) {
  train(state, [](Network& network, const at::Tensor& images) { return network.forward(images); });
}

void aten(benchmark::State& state) { train(state, plain_forward); }

template <bool kOwn>
void pool_alone(benchmark::State& state) {
  at::set_num_threads(1);
  torch::manual_seed(0);
  const at::Tensor x = torch::randn({kRows, 16, 28, 28}).requires_grad_();
  const at::Tensor dy = torch::randn({kRows, 16, 14, 14});
  for (auto _ : state) {
    const at::Tensor y = kOwn ? thalweg::max_pool_2x2(x, {.relu = true}) : at::max_pool2d(at::relu(x), {2, 2});
    benchmark::DoNotOptimize(torch::autograd::grad({y}, {x}, {dy}));
  }
}

BENCHMARK(own)->Unit(benchmark::kMillisecond);
BENCHMARK(aten)->Unit(benchmark::kMillisecond);
BENCHMARK(pool_alone<true>)->Unit(benchmark::kMillisecond);
BENCHMARK(pool_alone<false>)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // as thalweg-torch does: freed memory stays in the heap
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
