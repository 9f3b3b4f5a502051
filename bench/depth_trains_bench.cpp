// Whether the depth of a network in correlation lengths, measured by forwards alone before the first step, tells
// whether it will train: 12 weight scales × 6 depths of tanh networks, width 128, on Fashion-MNIST.
//
// 'Trains' is defined beforehand: the mean loss of steps 181 to 200 is below 0.8 of the best constant prediction's, ln
// 10; plain gradient descent, rate 0.05, batch 128, biases zero, weights N(0, σ_w²/fan_in). The score is depth / ξ
// (observe/propagation/correlation.h); printed are losses, scores, verdicts and the area under the ROC curve: the
// chance that of two networks, one that trains and one that does not, the one that does not has the higher score.
//
//     ./dev bench depth_trains_bench [--seed N]
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/observe/propagation/signal.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/train/through.h"
#include "thalweg/train/workbench.h"

namespace {

using namespace thalweg;

constexpr int kWidth = 128, kSteps = 200, kLast = 20;
constexpr double kRate = 0.05, kTrains = 0.8;
constexpr double kScales[] = {0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 1.8, 2.2, 2.8, 3.5};
constexpr int kDepths[] = {2, 4, 8, 12, 20, 30};

struct Trial {
  double scale = 0.0;
  int depth = 0;
  Signal signal;
  double loss = 0.0;
  bool trains = false;
};

std::string recipe_of(double scale, int depth, int seed) {
  std::string layers;
  for (int l = 0; l <= depth; ++l) {
    const double fan_in = l == 0 ? 784.0 : kWidth;
    layers += fmt::format(
        "  {{type=\"linear\", units={}, activation=\"{}\", init={{kind=\"normal\", std={:.9g}, "
        "bias=\"zeros\"}}}},\n",
        l < depth ? kWidth : 10, l < depth ? "tanh" : "none", scale / std::sqrt(fan_in));
  }
  return fmt::format(R"(
seed = {}
threads = 1
[data]
format = "idx"
path = "fashion-mnist"
limit = 12800
input_scaling = "standardize"
validation = 0.0
test = 0.02
[model]
layers = [
{}]
[batch]
size = 128
)",
                     seed, layers);
}

double trained_loss(Workbench& bench) {
  double last = 0.0;
  for (int step = 0; step < kSteps; ++step) {
    const Batch batch = bench.batches.at(step / bench.batches_per_epoch, step % bench.batches_per_epoch);
    const at::Tensor loss = bench.objective(bench.network->forward(batch.inputs), batch.targets).total;
    loss.backward();
    const c10::NoGradGuard no_graph;
    for (at::Tensor& p : bench.parameters) {
      p.sub_(p.grad(), kRate);
      p.mutable_grad().reset();
    }
    if (step >= kSteps - kLast) last += loss.item<double>() / kLast;
  }
  return last;
}

Trial run(double scale, int depth, int seed) {
  Workbench bench(recipe::parse_text(recipe_of(scale, depth, seed), "depth_trains_bench", "."));
  Trial trial{.scale = scale, .depth = depth, .signal = {}};
  trial.signal = measure_signal(through(*bench.network, bench.objective, bench.batches.at(0, 0)),
                                {.gradients = true, .units = false});
  trial.loss = trained_loss(bench);
  trial.trains = trial.loss < kTrains * std::log(10.0);
  return trial;
}

double area_under_curve(const std::vector<Trial>& trials) {
  double wins = 0.0, pairs = 0.0;
  for (const Trial& a : trials) {
    for (const Trial& b : trials) {
      if (!a.trains || b.trains) continue;
      pairs += 1.0;
      wins += a.signal.lengths < b.signal.lengths ? 1.0 : a.signal.lengths == b.signal.lengths ? 0.5 : 0.0;
    }
  }
  return wins / pairs;
}

// Gradient at the first layer over that at the last hidden one.
double gain(const Trial& t) {
  const auto& layers = t.signal.layers;
  return layers.front().gradient_rms / layers[layers.size() - 2].gradient_rms;
}

// What the limits of vanishing_gradient and exploding_gradient are set by.
void print_gains(const std::vector<Trial>& trials) {
  fmt::print("gradient at the first layer over that at the last hidden one (* trains)\n\n  σ_w  ");
  double scale = 0.0;
  for (const Trial& t : trials) {
    if (t.scale != scale) fmt::print("\n{:5.1f}  ", scale = t.scale);
    fmt::print("{:>12}", fmt::format("{:.1e}{}", gain(t), t.trains ? "*" : " "));
  }
  fmt::print("\n\n");
}

void print_table(const std::vector<Trial>& trials) {
  fmt::print("depth / ξ, verdict (+ passes, - too deep, ? cannot tell), loss after {} steps (* trains)\n\n  σ_w  ",
             kSteps);
  for (const int depth : kDepths) fmt::print("{:>20}", fmt::format("depth {}", depth));
  double scale = 0.0;
  for (const Trial& t : trials) {
    if (t.scale != scale) fmt::print("\n{:5.1f}  ", scale = t.scale);
    const char mark = t.signal.verdict == DepthVerdict::passes     ? '+'
                      : t.signal.verdict == DepthVerdict::too_deep ? '-'
                                                                   : '?';
    fmt::print("{:>20}", fmt::format("{:.1f}{} {:.2f}{}", t.signal.lengths, mark, t.loss, t.trains ? "*" : " "));
  }
  fmt::print("\n\n");
}

}  // namespace

int main(int argc, char** argv) {
  const int seed = argc > 2 && std::string_view(argv[1]) == "--seed" ? std::atoi(argv[2]) : 1;
  at::set_num_threads(1);
  std::vector<Trial> trials;
  for (const double scale : kScales) {
    for (const int depth : kDepths) trials.push_back(run(scale, depth, seed));
  }
  print_table(trials);
  print_gains(trials);
  const auto count = [&](DepthVerdict verdict, bool trains) {
    return std::count_if(trials.begin(), trials.end(),
                         [&](const Trial& t) { return t.signal.verdict == verdict && t.trains == trains; });
  };
  for (const DepthVerdict v : {DepthVerdict::passes, DepthVerdict::too_deep, DepthVerdict::cannot_tell}) {
    fmt::print("{:<12} {:>3} train, {:>3} do not\n", name(v), count(v, true), count(v, false));
  }
  fmt::print("area under the ROC curve of depth / ξ: {:.3f} ({} networks, seed {})\n", area_under_curve(trials),
             trials.size(), seed);
}
