// The predicted horizon against the sequences that are really learnt, on the adding problem (Hochreiter, Schmidhuber
// 1997): two marked numbers of a sequence are to be added, one in its first half, one in its second. For each network
// and length T: the horizon at the start, after 50 steps and at the end, and the first step, if any, at which the mean
// loss of 50 steps is below a twentieth of the constant's (1: the targets are standardised).
//     OMP_NUM_THREADS=1 build/release/bin/horizon_bench [--steps 2000] [--rate 1e-3] [--lengths 50,100] [--only gru]
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/observe/recurrence/recurrence.h"
#include "thalweg/optim/optimizer.h"

namespace {

using namespace thalweg;
using recipe::InitKind;
using recipe::Layer;
using recipe::LayerType;

struct Contender {
  const char* name;
  LayerType type = LayerType::rnn;
  InitKind init = InitKind::standard;
  double gain = 1.0;
};
const std::vector<Contender> kContenders{
    {"rnn, default"},
    {"rnn, orthogonal", LayerType::rnn, InitKind::orthogonal},
    {"rnn, identity", LayerType::rnn, InitKind::identity},
    {"gru", LayerType::gru},
    {"lstm", LayerType::lstm},
};

struct Rows {
  at::Tensor x, y;
};
Rows adding(std::int64_t rows, std::int64_t length, const at::Generator& generator) {
  const at::Tensor numbers = at::rand({rows, length}, generator), marks = at::zeros({rows, length});
  const std::int64_t half = length / 2;
  marks.scatter_(1, at::randint(half, {rows, 1}, generator, at::kLong), 1.0);
  marks.scatter_(1, at::randint(length - half, {rows, 1}, generator, at::kLong) + half, 1.0);
  return {at::stack({numbers, marks}, 2),
          ((numbers * marks).sum(1, true) - 1.0) * std::sqrt(6.0)};  // mean 0, variance 1
}

recipe::Model model_of(const Contender& c) {
  Layer layer{.type = c.type, .units = 32};
  layer.init = {.kind = c.init, .gain = c.gain};
  if (c.init != InitKind::standard) layer.init.bias = recipe::BiasInit::zeros;
  recipe::Model model;
  model.layers = {layer, {.units = 1}};
  return model;
}

class Run {
 public:
  Run(const Contender& c, std::int64_t length, double rate)
      : length_(length),
        rate_(rate),
        generator_(at::make_generator<at::CPUGeneratorImpl>(7)),
        network_(build_network(model_of(c), {.input = {length, 2}, .outputs = 1}, 1)) {
    recipe::Optimizer options;
    options.kind = recipe::OptimizerKind::adam;
    options.clip_norm = 1.0;
    optimizer_ = make_optimizer(options, network_->parameters());
  }

  double step() {
    const at::Tensor loss = this->loss();
    loss.backward();
    optimizer_->step(rate_);
    optimizer_->zero_grad();
    return loss.item<double>();
  }
  RecurrentLayer measured() {
    const Through through = [this](Tap& tap, const std::function<void(const at::Tensor&)>& use) {
      network_->tap(&tap);
      const at::Tensor loss = this->loss();
      network_->tap(nullptr);
      use(loss);
    };
    const auto weight_of = [this](std::string_view name) {
      for (const auto& [candidate, w] : network_->parameters()) {
        if (candidate == name) return w;
      }
      return at::Tensor();
    };
    return measure_recurrence(through, weight_of, {.exponents = 1, .powers = false}).front();
  }

 private:
  at::Tensor loss() {
    const Rows rows = adding(32, length_, generator_);
    return at::mse_loss(network_->forward(rows.x), rows.y);
  }

  std::int64_t length_;
  double rate_;
  at::Generator generator_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Optimizer> optimizer_;
};

std::string horizon_words(const RecurrentLayer& r) {
  if (r.horizon_seen) return fmt::format("{:.0f}", r.horizon.value);
  return std::isfinite(r.horizon.value) ? fmt::format("~{:.0f}", r.horizon.value) : std::string("none");
}

void contest(const Contender& c, std::int64_t length, std::int64_t steps, double rate) {
  const auto began = std::chrono::steady_clock::now();
  Run run(c, length, rate);
  const RecurrentLayer start = run.measured();
  RecurrentLayer later = start;
  constexpr std::int64_t kBlock = 50;
  constexpr double kLearnt = 1.0 / 20.0;
  double mean = 0.0, last = 0.0;
  std::int64_t learnt = -1;
  for (std::int64_t t = 1; t <= steps && learnt < 0; ++t) {
    mean += run.step() / static_cast<double>(kBlock);
    if (t % kBlock != 0) continue;
    if (t == kBlock) later = run.measured();
    if (mean < kLearnt) learnt = t;
    last = mean;
    mean = 0.0;
  }
  const RecurrentLayer end = run.measured();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print("{:<22} {:>4} {:>8.2f} {:>9.3f} {:>9} {:>9} {:>9} {:>9.4f} {:>8} {:>6.0f}\n", c.name, length, start.radius,
             start.exponents.front().value, horizon_words(start), horizon_words(later), horizon_words(end), last,
             learnt > 0 ? std::to_string(learnt) : "-", seconds);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t steps = 2000;
  double rate = 1e-3;
  std::string only;
  std::vector<std::int64_t> lengths{50, 100};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    if (key == "--steps") steps = std::stoll(argv[i + 1]);
    if (key == "--only") only = argv[i + 1];
    if (key == "--rate") rate = std::stod(argv[i + 1]);
    if (key != "--lengths") continue;
    lengths.clear();
    for (const char* at = argv[i + 1]; *at != '\0';) {
      char* end = nullptr;
      lengths.push_back(std::strtoll(at, &end, 10));
      at = *end == ',' ? end + 1 : end;
    }
  }
  fmt::print("{:<22} {:>4} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>6}\n", "network", "T", "radius", "exponent",
             "horizon", "after 50", "at end", "last loss", "learnt", "s");
  for (const auto length : lengths) {
    for (const Contender& c : kContenders) {
      if (std::string_view(c.name).find(only) != std::string_view::npos) contest(c, length, steps, rate);
    }
  }
  return 0;
}
