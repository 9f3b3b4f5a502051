// The predicted horizon against the sequences that are really learnt, on the adding problem (Hochreiter, Schmidhuber
// 1997): two marked numbers of a sequence are to be added, one in its first half, one in its second. For each network
// and length T: the horizon at the start, after 50 steps and at the end, and the first step, if any, at which the mean
// loss of 50 steps is below a twentieth of the constant's (1: the targets are standardised). Then, for each
// kind of network and length, of two runs of one seed: how often the one with the longer horizon at its start did
// better, by having learnt sooner or by the last loss. With --memories gates that begin to remember so long are added.
//     OMP_NUM_THREADS=1 build/release/bin/horizon_bench [--steps 2000] [--rate 1e-3] [--lengths 50,100] [--only gru]
//         [--seeds 1,2] [--memories 20,200]
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/observe/recurrence/recurrence.h"
#include "thalweg/optim/optimizer.h"
#include "thalweg/recipe/names.h"

namespace {

using namespace thalweg;
using recipe::InitKind;
using recipe::Layer;
using recipe::LayerType;

struct Contender {
  std::string name;
  LayerType type = LayerType::rnn;
  InitKind init = InitKind::standard;
  std::int64_t memory = 0;
};

std::vector<Contender> contenders(const std::vector<std::int64_t>& memories) {
  std::vector<Contender> result{{"rnn, default"},
                                {"rnn, orthogonal", LayerType::rnn, InitKind::orthogonal},
                                {"rnn, identity", LayerType::rnn, InitKind::identity},
                                {"gru", LayerType::gru},
                                {"lstm", LayerType::lstm}};
  for (const std::int64_t memory : memories) {
    for (const LayerType type : {LayerType::gru, LayerType::lstm}) {
      result.push_back({fmt::format("{}, memory {}", recipe::name(type), memory), type, InitKind::standard, memory});
    }
  }
  return result;
}

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
  Layer layer{.type = c.type, .units = 32, .memory = c.memory};
  layer.init = {.kind = c.init};
  if (c.init != InitKind::standard) layer.init.bias = recipe::BiasInit::zeros;
  recipe::Model model;
  model.layers = {layer, {.units = 1}};
  return model;
}

class Run {
 public:
  Run(const Contender& c, std::int64_t length, double rate, std::uint64_t seed)
      : length_(length),
        rate_(rate),
        generator_(at::make_generator<at::CPUGeneratorImpl>(6 + seed)),
        network_(build_network(model_of(c), {.input = {length, 2}, .outputs = 1}, seed)) {
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

struct Result {
  LayerType type = LayerType::rnn;
  std::int64_t length = 0;
  std::uint64_t seed = 0;
  RecurrentLayer start;
  double last = 0.0;
  std::int64_t learnt = -1;
};

Result contest(const Contender& c, std::int64_t length, std::uint64_t seed, std::int64_t steps, double rate) {
  const auto began = std::chrono::steady_clock::now();
  Run run(c, length, rate, seed);
  Result result{.type = c.type, .length = length, .seed = seed, .start = run.measured()};
  RecurrentLayer later = result.start;
  constexpr std::int64_t kBlock = 50;
  constexpr double kLearnt = 1.0 / 20.0;
  double mean = 0.0;
  for (std::int64_t t = 1; t <= steps && result.learnt < 0; ++t) {
    mean += run.step() / static_cast<double>(kBlock);
    if (t % kBlock != 0) continue;
    if (t == kBlock) later = run.measured();
    if (mean < kLearnt) result.learnt = t;
    result.last = mean;
    mean = 0.0;
  }
  const RecurrentLayer end = run.measured();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  fmt::print("{:<18} {:>4} {:>4} {:>7.2f} {:>9.3f} {:>8} {:>8} {:>8} {:>9.4f} {:>7} {:>5.0f}\n", c.name, length, seed,
             result.start.radius, result.start.exponents.front().value, horizon_words(result.start),
             horizon_words(later), horizon_words(end), result.last,
             result.learnt > 0 ? std::to_string(result.learnt) : "-", seconds);
  std::fflush(stdout);
  return result;
}

// A horizon that is not there (no fall to a hundredth) is longer than any.
double reach(const RecurrentLayer& r) {
  return std::isfinite(r.horizon.value) ? r.horizon.value : std::numeric_limits<double>::infinity();
}

bool did_better(const Result& a, const Result& b) {
  if (a.learnt > 0 || b.learnt > 0) return a.learnt > 0 && (b.learnt < 0 || a.learnt < b.learnt);
  return a.last < b.last;
}

// Of two runs of one kind, length and seed.
void print_pairs(const std::vector<Result>& results, std::int64_t length, LayerType type) {
  int pairs = 0, won = 0;
  for (const Result& a : results) {
    for (const Result& b : results) {
      const bool pair = a.length == length && b.length == length && a.type == type && b.type == type &&
                        a.seed == b.seed && reach(a.start) > reach(b.start);
      pairs += pair ? 1 : 0;
      won += pair && did_better(a, b) ? 1 : 0;
    }
  }
  if (pairs == 0) return;
  fmt::print("T = {}, {}: the longer horizon at the start did better in {} of {} pairs\n", length, recipe::name(type),
             won, pairs);
}

std::vector<std::int64_t> numbers(const char* text) {
  std::vector<std::int64_t> result;
  for (const char* at = text; *at != '\0';) {
    char* end = nullptr;
    result.push_back(std::strtoll(at, &end, 10));
    at = *end == ',' ? end + 1 : end;
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t steps = 2000;
  double rate = 1e-3;
  std::string only;
  std::vector<std::int64_t> lengths{50, 100}, seeds{1}, memories;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view key = argv[i];
    if (key == "--steps") steps = std::stoll(argv[i + 1]);
    if (key == "--only") only = argv[i + 1];
    if (key == "--rate") rate = std::stod(argv[i + 1]);
    if (key == "--lengths") lengths = numbers(argv[i + 1]);
    if (key == "--seeds") seeds = numbers(argv[i + 1]);
    if (key == "--memories") memories = numbers(argv[i + 1]);
  }
  fmt::print("{:<18} {:>4} {:>4} {:>7} {:>9} {:>8} {:>8} {:>8} {:>9} {:>7} {:>5}\n", "network", "T", "seed", "radius",
             "exponent", "horizon", "after 50", "at end", "last loss", "learnt", "s");
  std::vector<Result> results;
  for (const auto length : lengths) {
    for (const Contender& c : contenders(memories)) {
      if (c.name.find(only) == std::string::npos) continue;
      for (const auto seed : seeds) {
        results.push_back(contest(c, length, static_cast<std::uint64_t>(seed), steps, rate));
      }
    }
  }
  for (const auto length : lengths) {
    for (const LayerType type : {LayerType::rnn, LayerType::gru, LayerType::lstm}) print_pairs(results, length, type);
  }
  return 0;
}
