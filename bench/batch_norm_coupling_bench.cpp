// With and without batch norm: how smooth is the way of the loss, and how much do the layers feel each other?
//
// The protocol of Santurkar, Tsipras, Ilyas, Madry 2018 ("How Does Batch Normalization Help Optimization?", section
// 3.1), on the steps that training makes: at θ with the gradient g of the step's batch, for t · lr with t over a range,
//     loss          L(θ − t lr g): how far apart the lowest and the highest lie, over L(θ)
//     gradient      ‖∇L(θ − t lr g) − g‖ / ‖g‖: how well g predicts the gradient where the step leads
//     smoothness    max over t of ‖∇L(θ − t lr g) − g‖ / ‖t lr g‖: their "effective β"
// and the coupling between layers (observe/interaction/coupling.h) of the step −lr g: its share, what each layer does
// alone, and all together. Both arms see the same rows in the same order and start from the same linear weights; a
// layer and its norm count as one. The same batch throughout a look, normalised by itself, as in training.
//
//     batch_norm_coupling_bench RECIPE.toml [--steps N] [--every N] [--rate LR,LR,…] [--svg DIR]
// RECIPE: linear layers with an activation each; the arm with batch norm has one between each hidden layer and its
// activation.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "thalweg/observe/interaction/coupling.h"
#include "thalweg/recipe/parse.h"
#include "thalweg/report/coupling_panel.h"
#include "thalweg/spectral/parameters.h"
#include "thalweg/spectral/retained_gradient.h"
#include "thalweg/train/workbench.h"

namespace {

using namespace thalweg;
using Tensors = std::vector<at::Tensor>;

struct Options {
  std::string recipe, svg;
  int steps = 300, every = 50;
  std::vector<double> rates{0.1};
};

Options options_of(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto next = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
    if (word == "--steps") {
      options.steps = std::stoi(next());
    } else if (word == "--every") {
      options.every = std::stoi(next());
    } else if (word == "--svg") {
      options.svg = next();
    } else if (word == "--rate") {
      options.rates.clear();
      std::stringstream list(next());
      for (std::string rate; std::getline(list, rate, ',');) options.rates.push_back(std::stod(rate));
    } else {
      options.recipe = word;
    }
  }
  return options;
}

// A norm between each hidden layer and its activation.
recipe::Recipe normalised(recipe::Recipe r) {
  std::vector<recipe::Layer> layers;
  for (recipe::Layer layer : r.model.layers) {
    const bool hidden = layer.type == recipe::LayerType::linear && layer.activation != recipe::Activation::none;
    recipe::Layer norm{.type = recipe::LayerType::batch_norm, .activation = layer.activation};
    if (hidden) layer.activation = recipe::Activation::none;
    layers.push_back(layer);
    if (hidden) layers.push_back(norm);
  }
  r.model.layers = layers;
  return r;
}

double length(const Tensors& v) { return std::sqrt(dot(v, v)); }

// One arm of the experiment: a network in training, plain gradient descent on the batches of the recipe.
class Arm {
 public:
  Arm(const recipe::Recipe& r, double rate) : bench_(r), rate_(rate) {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : bench_.network->parameters()) names.push_back(name);
    for (LayerGroup& group : layer_groups(names, names.size())) {
      if (group.name.starts_with("batch_norm") && !layers_.empty()) {
        auto& before = layers_.back().parameters;
        before.insert(before.end(), group.parameters.begin(), group.parameters.end());
      } else {
        layers_.push_back(std::move(group));
      }
    }
  }

  struct Look {
    double loss = 0.0, spread = 0.0, predicts = 0.0, smoothness = 0.0;
    Coupling coupling;
  };

  void step(int number) {
    batch_ = bench_.batches.at(number / bench_.batches_per_epoch, number % bench_.batches_per_epoch);
    const auto g = torch::autograd::grad({loss()}, bench_.parameters);
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < g.size(); ++i) bench_.parameters[i].sub_(g[i], rate_);
  }

  // At the weights as they are, on the batch that comes next.
  Look look(int number) {
    batch_ = bench_.batches.at(number / bench_.batches_per_epoch, number % bench_.batches_per_epoch);
    const Tensors start = copies();
    const at::Tensor here = loss();
    const RetainedGradient gradient(here, bench_.parameters);
    const Tensors& g = gradient.gradient();
    Look look{.loss = here.item<double>()};
    look.coupling = measure_coupling({.layers = layers_,
                                      .weights = start,
                                      .gradient = g,
                                      .update = scaled(g, -rate_),
                                      .product = [&](const Tensors& v) { return gradient.hessian_vector_product(v); },
                                      .loss = [&](const Tensors& w) { return loss_at(w); },
                                      .loss_here = look.loss,
                                      .loss_error = machine_epsilon(at::kFloat) * look.loss});
    double lowest = look.loss, highest = look.loss;
    for (const double t : {0.5, 1.0, 2.0, 3.0, 4.0}) {  // of the step: Santurkar et al. take ½ to 4
      const Tensors u = scaled(g, -t * rate_);
      put(sum(start, u));
      const at::Tensor there = loss();
      const Tensors change = sum(torch::autograd::grad({there}, bench_.parameters), scaled(g, -1.0));
      lowest = std::min(lowest, there.item<double>());
      highest = std::max(highest, there.item<double>());
      look.predicts = std::max(look.predicts, length(change) / length(g));
      look.smoothness = std::max(look.smoothness, length(change) / length(u));
    }
    put(start);
    look.spread = (highest - lowest) / look.loss;
    return look;
  }

 private:
  at::Tensor loss() { return bench_.objective(bench_.network->forward(batch_.inputs), batch_.targets).total; }
  double loss_at(const Tensors& weights) {
    const at::NoGradGuard no_grad;
    const Tensors kept = copies();
    put(weights);
    const double value = loss().item<double>();
    put(kept);
    return value;
  }
  Tensors copies() const {
    Tensors result;
    for (const at::Tensor& p : bench_.parameters) result.push_back(p.detach().clone());
    return result;
  }
  // Past autograd's version counters: the graph at θ stays valid.
  void put(const Tensors& weights) {
    for (std::size_t i = 0; i < weights.size(); ++i) bench_.parameters[i].variable_data().copy_(weights[i]);
  }
  static Tensors scaled(const Tensors& v, double factor) {
    Tensors result;
    for (const at::Tensor& t : v) result.push_back(t.detach() * factor);
    return result;
  }
  static Tensors sum(const Tensors& a, const Tensors& b) {
    Tensors result;
    for (std::size_t i = 0; i < a.size(); ++i) result.push_back(a[i].detach() + b[i]);
    return result;
  }

  Workbench bench_;
  double rate_;
  std::vector<LayerGroup> layers_;
  Batch batch_;
};

void print(const char* arm, int step, const Arm::Look& look) {
  const Coupling& c = look.coupling;
  fmt::print("  {:<8} {:>5} {:>8.4f} {:>8.3f} {:>9.3f} {:>8.3g} {:>7.1f}% {:>+10.2e} {:>+10.2e} {:>+10.2e}\n", arm,
             step, look.loss, look.spread, look.predicts, look.smoothness, 100.0 * c.share(), c.alone(),
             c.interaction(), c.beyond_second());
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? std::nan("") : values[values.size() / 2];
}

void run(const Options& options, const recipe::Recipe& plain, double rate) {
  std::map<std::string, Arm> arms;
  arms.try_emplace("without", plain, rate);
  arms.try_emplace("with", normalised(plain), rate);
  fmt::print("\nlr {}, batches of {} rows; t · lr with t from 0.5 to 4\n", rate, plain.batch.size);
  fmt::print("  {:<8} {:>5} {:>8} {:>8} {:>9} {:>8} {:>8} {:>10} {:>10} {:>10}\n", "arm", "step", "loss", "spread",
             "gradient", "smooth", "coupled", "alone", "together", "beyond 2nd");
  std::map<std::string, std::vector<Arm::Look>> looks;
  for (int step = 0; step <= options.steps; ++step) {
    for (auto& [name, arm] : arms) {
      if (step % options.every == 0) {
        looks[name].push_back(arm.look(step));
        print(name.c_str(), step, looks[name].back());
      }
      if (step < options.steps) arm.step(step);
    }
  }
  for (const auto& [name, all] : looks) {
    const auto of = [&](auto value) {
      std::vector<double> values;
      for (std::size_t i = 1; i < all.size(); ++i) values.push_back(value(all[i]));
      return median(values);
    };
    fmt::print("  median {:<8} spread {:.3g}  gradient {:.3g}  smooth {:.3g}  coupled {:.1f}%  taken {:.0f}%\n", name,
               of([](const auto& l) { return l.spread; }), of([](const auto& l) { return l.predicts; }),
               of([](const auto& l) { return l.smoothness; }),
               100.0 * of([](const auto& l) { return l.coupling.share(); }),
               100.0 * of([](const auto& l) { return l.coupling.interaction() / -l.coupling.alone(); }));
  }
  for (auto& [name, all] : looks) {
    Coupling& last = all.back().coupling;
    last.subject = fmt::format("{} batch norm, lr {}, step {}", name, rate, options.steps);
    fmt::print("\n  u_i'Hu_j {}\n{}", last.subject, report::coupling_heat_map(last, {.width = 100}));
    if (options.svg.empty()) continue;
    std::ofstream(fmt::format("{}/coupling-{}-{}.svg", options.svg, name, rate)) << report::coupling_svg(last);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = options_of(argc, argv);
  if (options.recipe.empty()) {
    std::fputs("usage: batch_norm_coupling_bench RECIPE.toml [--steps N] [--every N] [--rate LR,…] [--svg DIR]\n",
               stderr);
    return 2;
  }
  try {
    const recipe::Recipe plain = recipe::parse_file(options.recipe);
    for (const double rate : options.rates) run(options, plain, rate);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
