#include "thalweg/observe/interaction/coupling.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "thalweg/spectral/parameters.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {
namespace {

using Tensors = CouplingProblem::Tensors;

// u_i: the update where the layer's own parameters move, zeros elsewhere.
Tensors part_of(const Tensors& update, const LayerGroup& layer) {
  Tensors result;
  for (const at::Tensor& u : update) result.push_back(at::zeros_like(u));
  for (const std::size_t p : layer.parameters) result[p] = update[p];
  return result;
}

double inner(const Tensors& a, const Tensors& b, const LayerGroup& layer) {
  Tensors left, right;
  for (const std::size_t p : layer.parameters) {
    left.push_back(a[p]);
    right.push_back(b[p]);
  }
  return dot(left, right);
}

void put_matrix(const CouplingProblem& problem, Coupling& c) {
  const std::size_t n = problem.layers.size();
  c.matrix.assign(n * n, 0.0);
  const double length_sq = dot(problem.update, problem.update);
  double largest = 0.0;
  for (std::size_t j = 0; j < n; ++j) {
    const Tensors column = problem.product(part_of(problem.update, problem.layers[j]));
    for (std::size_t i = 0; i < n; ++i) {
      const double entry = inner(problem.update, column, problem.layers[i]);
      c.matrix[i * n + j] += 0.5 * entry;
      c.matrix[j * n + i] += 0.5 * entry;
    }
    largest = std::max(largest, std::sqrt(length_sq * dot(column, column)));
  }
  // The rounding of one dot product of vectors of these norms.
  const double epsilon = problem.update.empty() ? 0.0 : machine_epsilon(problem.update.front().scalar_type());
  c.matrix_error = epsilon * largest;
  c.slope_error = epsilon * std::sqrt(length_sq * dot(problem.gradient, problem.gradient));
  c.products = static_cast<std::int64_t>(n);
}

void put_changes(const CouplingProblem& problem, Coupling& c) {
  const auto change = [&](const std::vector<std::size_t>& moved) {
    Tensors weights = problem.weights;
    for (const std::size_t p : moved) weights[p] = problem.weights[p] + problem.update[p];
    ++c.forwards;
    return problem.loss(weights) - problem.loss_here;
  };
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < c.size(); ++i) {
    c.layers[i].alone = change(problem.layers[i].parameters);
    all.insert(all.end(), problem.layers[i].parameters.begin(), problem.layers[i].parameters.end());
  }
  c.change = change(all);
  c.change_error = std::sqrt(2.0) * problem.loss_error;
}

}  // namespace

Coupling measure_coupling(const CouplingProblem& problem) {
  Coupling c;
  for (const LayerGroup& layer : problem.layers) {
    std::int64_t count = 0;
    for (const std::size_t p : layer.parameters) count += problem.update[p].numel();
    c.layers.push_back(
        {.name = layer.name, .parameters = count, .slope = inner(problem.gradient, problem.update, layer)});
  }
  put_matrix(problem, c);
  if (problem.loss) put_changes(problem, c);
  return c;
}

void LayerCoupling::after_update(const Step& step, ReadingSink& out) {
  const std::vector<LayerGroup> layers = layer_groups(step.names, options_.most_layers);
  const Tensors before(step.before.begin(), step.before.end());
  const double share = step.graph_share;
  const Coupling c = measure_coupling({.layers = layers,
                                       .weights = before,
                                       .gradient = step.gradient(),
                                       .update = step.update(),
                                       .product =
                                           [&](const Tensors& v) {
                                             Tensors product = step.graph->product(v);
                                             for (at::Tensor& t : product) t.div_(share);
                                             return product;
                                           },
                                       .loss = step.loss_at,
                                       .loss_here = step.objective,
                                       .loss_error = step.objective_error});
  const auto cost = static_cast<float>(1.0 + kOfALayer * static_cast<double>(c.size()));
  const auto put = [&](Quantity quantity, double value, double error, Scope scope = kWholeModel) {
    if (std::isnan(value) && std::isfinite(step.objective)) return;  // no curvature at all: nothing to take a share of
    out.put({.step = step.index,
             .value = value,
             .error = static_cast<float>(error),
             .cost = cost,
             .quantity = quantity,
             .scope = scope});
  };
  const auto n = static_cast<double>(c.size());
  const auto error_of_share = [&](double sum) { return sum > 0.0 ? std::min(1.0, n * c.matrix_error / sum) : 1.0; };
  double all = 0.0;
  for (const double entry : c.matrix) all += std::abs(entry);
  put(Quantity::coupling_share, c.share(), error_of_share(all));
  put(Quantity::change_alone, c.alone(), n * c.change_error);
  put(Quantity::change_interaction, c.interaction(), (n + 1.0) * c.change_error);
  put(Quantity::change_beyond_second, c.beyond_second(), c.change_error + c.slope_error + 0.5 * n * c.matrix_error);
  for (std::size_t i = 0; i < c.size(); ++i) {
    double row = 0.0;
    for (std::size_t j = 0; j < c.size(); ++j) row += std::abs(c.at(i, j));
    const Scope scope = step.scope_of(c.layers[i].name);
    put(Quantity::coupling_share, c.share(i), error_of_share(row), scope);
    put(Quantity::change_alone, c.layers[i].alone, c.change_error, scope);
  }
}

}  // namespace thalweg
