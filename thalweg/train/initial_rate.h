// A first learning rate by forwards alone: how far the optimizer's own first update can be stretched before it no
// longer descends on the batch that it was made from.
//
//     ε_c = smallest ε with L(θ + u(ε)) > L(θ)          u(ε): the optimizer's first update at the rate ε
// (the critical rate of Kalra, Barkeshli 2024, "Why warmup the learning rate?"). On a quadratic with u = −ε g it is
//     ε_c = 2 gᵀg / gᵀHg ≥ 2 / λmax.
// It is looked for from below, starting where the update is to gain a thousandth of the loss to first order; doubled,
// then bisected. Several batches give several ε_c: their extremes are the bracket.
//
// ε_c is where one step gains nothing. What is recommended is `share` of the lowest (bench/initial_rate.py has the
// experiment), less by 1 − momentum where a momentum without bias correction adds steps up.
//
// Weights, buffers, random state and .grad are afterwards what they were, bit for bit. Cost: a gradient and some 20
// forwards a batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "thalweg/train/workbench.h"

namespace thalweg {

struct InitialRateOptions {
  int batches = 4;
  double ratio = 1.05;       // a batch's ε_c is bracketed to: high ≤ ratio · low
  double first_gain = 1e-3;  // of the loss, to first order: where the search starts
  int most_doublings = 40;   // up; beyond that the loss never rises
  double widest = 10.0;      // cannot tell: the batches' ε_c differ by more than this factor
  double share = 0.0625;     // recommended = share · low (bench/initial_rate.py)
};

struct InitialRate {
  double low = std::numeric_limits<double>::quiet_NaN();  // lowest and highest ε_c of the batches
  double high = std::numeric_limits<double>::quiet_NaN();
  double recommended = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> critical;  // one a batch: the largest ε tried that did not rise, below the first that did
  std::int64_t forwards = 0;
  std::string reason;  // why it cannot tell; "" where it can
  bool known() const { return reason.empty(); }
};

// One batch: its loss at the present weights, always with the same random numbers; its gradient's update at a rate.
struct RateProblem {
  std::vector<at::Tensor> parameters;
  std::function<double(int batch)> loss;  // in double where that can be had
  std::function<std::vector<at::Tensor>(int batch)> gradient;
  std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& gradient, double rate)> update;
  double rounding = 1e-7;  // relative, of the loss: a change below rounding · |L| is none
  double momentum = 0.0;   // that adds up steps
};
InitialRate initial_rate(const RateProblem& problem, const InitialRateOptions& options = {});

// Of a recipe's network and optimizer, on batches of the recipe's size. The network stays as it is.
InitialRate initial_rate(Workbench& bench, const InitialRateOptions& options = {});

}  // namespace thalweg
