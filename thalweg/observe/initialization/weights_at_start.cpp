#include "thalweg/observe/initialization/weights_at_start.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <numeric>

#include "thalweg/observe/initialization/spectral_scale.h"

namespace thalweg {
namespace {

using Members = std::vector<std::size_t>;  // indices of parameters

// Rows side by side: [units, …], of the members that have as many rows as the first matrix.
at::Tensor rows_of(const std::vector<at::Tensor>& tensors, const Members& members) {
  std::vector<at::Tensor> parts;
  std::int64_t units = 0;
  for (const std::size_t i : members) {
    if (tensors[i].defined() && tensors[i].dim() > 1) units = units == 0 ? tensors[i].size(0) : units;
  }
  for (const std::size_t i : members) {
    const at::Tensor& t = tensors[i];
    if (t.defined() && t.dim() > 0 && t.size(0) == units) parts.push_back(t.detach().reshape({units, -1}));
  }
  return parts.empty() ? at::Tensor() : at::cat(parts, 1);
}

// Each row's sum with one random vector, in double.
std::vector<double> projected(const at::Tensor& rows, const at::Tensor& random) {
  const at::Tensor sums = rows.to(at::kCPU, at::kDouble).mv(random.narrow(0, 0, rows.size(1))).contiguous();
  return {sums.data_ptr<double>(), sums.data_ptr<double>() + sums.numel()};
}

// Numbers the values: such as lie within `near` of each other, one after the next, have the same number.
std::vector<int> groups_of(const std::vector<double>& values, double near) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return values[i]; });
  std::vector<int> group(values.size(), 0);
  for (std::size_t i = 1; i < order.size(); ++i) {
    const bool same = values[order[i]] - values[order[i - 1]] <= near;
    group[order[i]] = group[order[i - 1]] + (same ? 0 : 1);
  }
  return group;
}

// Units that share both their weights and their gradient with another. Equal rows have equal sums but for the order in
// which a product adds up, in double.
double symmetric_share(const at::Tensor& weights, const at::Tensor& gradients, const WeightsAtStartOptions& options) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const std::int64_t units = weights.size(0);
  if (units < 2 || gradients.size(1) != weights.size(1)) return kNone;
  const auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  const at::Tensor random = at::randn({weights.size(1)}, generator, at::kDouble);
  const auto longest = [](const at::Tensor& rows) { return rows.to(at::kDouble).norm(2, {1}).max().item<double>(); };
  const double length = longest(weights), pull = longest(gradients);
  if (!std::isfinite(length) || !std::isfinite(pull)) return kNone;
  const std::vector<int> same_weights = groups_of(projected(weights, random), 1e-12 * length),
                         same_gradient = groups_of(projected(gradients, random), options.rounding * pull);
  std::map<std::pair<int, int>, std::int64_t> sizes;
  for (std::size_t u = 0; u < same_weights.size(); ++u) ++sizes[{same_weights[u], same_gradient[u]}];
  std::int64_t copies = 0;
  for (const auto& [group, size] : sizes) copies += size > 1 ? size : 0;
  return static_cast<double>(copies) / static_cast<double>(units);
}

double sum_of_squares(const std::vector<at::Tensor>& tensors, const Members& members) {
  double sum = 0.0;
  for (const std::size_t i : members) {
    if (tensors[i].defined()) sum += tensors[i].detach().to(at::kDouble).square().sum().item<double>();
  }
  return sum;
}

bool one_number(const std::vector<at::Tensor>& tensors, const Members& members) {
  return std::ranges::all_of(members, [&](std::size_t i) {
    if (tensors[i].dim() < 2) return true;
    const auto [low, high] = at::aminmax(tensors[i].detach());
    return low.item<double>() == high.item<double>();
  });
}

// Of the layer's first matrix; of several (recurrent), of the one that amplifies most.
void fill_scales(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& update, const Members& members,
                 WeightsAtStart& layer) {
  for (const std::size_t i : members) {
    if (weights[i].dim() < 2) continue;
    const double norm = spectral_norm(weights[i]);
    const double rows = static_cast<double>(weights[i].size(0));
    const double scale = norm * std::sqrt(static_cast<double>(weights[i].numel()) / (rows * rows));
    if (!(layer.spectral_scale >= scale)) layer.spectral_scale = scale;
    if (update.empty() || !update[i].defined() || !(norm > 0.0)) continue;
    const double change = spectral_norm(update[i]) / norm;
    if (!(layer.update_scale >= change)) layer.update_scale = change;
  }
}

}  // namespace

double WeightsAtStart::pull(double loss) const { return std::sqrt(gradient_sq) * std::sqrt(weight_sq) / loss; }

std::string layer_of(std::string_view parameter) {
  const std::size_t dot = parameter.rfind('.');
  std::string layer(dot == std::string_view::npos ? parameter : parameter.substr(0, dot));
  const std::size_t part = parameter.rfind("_l");
  const bool recurrent = part != std::string_view::npos && dot != std::string_view::npos && part > dot &&
                         part + 2 < parameter.size() &&
                         std::isdigit(static_cast<unsigned char>(parameter[part + 2])) != 0;
  return recurrent ? layer.append(parameter.substr(part)) : layer;
}

std::vector<WeightsAtStart> weights_at_start(const NamedParameters& parameters,
                                             const std::vector<at::Tensor>& gradients,
                                             const std::vector<at::Tensor>& update,
                                             const WeightsAtStartOptions& options) {
  const at::NoGradGuard no_grad;
  std::vector<std::pair<std::string, Members>> layers;
  std::vector<at::Tensor> weights;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const std::string name = layer_of(parameters[i].first);
    weights.push_back(parameters[i].second);
    const auto known = std::ranges::find(layers, name, &std::pair<std::string, Members>::first);
    if (known == layers.end()) {
      layers.push_back({name, {i}});
    } else {
      known->second.push_back(i);
    }
  }
  std::vector<WeightsAtStart> result;
  for (const auto& [name, members] : layers) {
    const at::Tensor rows = rows_of(weights, members);
    if (!rows.defined() || rows.numel() == 0) continue;
    WeightsAtStart layer{.layer = name, .units = rows.size(0), .weight_sq = sum_of_squares(weights, members)};
    layer.constant = one_number(weights, members);
    fill_scales(weights, update, members, layer);
    if (!gradients.empty()) {
      layer.gradient_sq = sum_of_squares(gradients, members);
      const at::Tensor pulled = rows_of(gradients, members);
      if (pulled.defined()) layer.symmetric = symmetric_share(rows, pulled, options);
    }
    result.push_back(layer);
  }
  return result;
}

std::vector<Reading> start_readings(const std::vector<WeightsAtStart>& layers,
                                    const std::function<Scope(std::string_view layer)>& scope_of) {
  std::vector<Reading> readings;
  for (const WeightsAtStart& layer : layers) {
    const auto put = [&](Quantity quantity, double value) {
      readings.push_back({.value = value, .quantity = quantity, .scope = scope_of(layer.layer)});
    };
    put(Quantity::weight_spectral_scale, layer.spectral_scale);
    if (!std::isnan(layer.update_scale)) put(Quantity::update_spectral_scale, layer.update_scale);
    if (!std::isnan(layer.symmetric)) put(Quantity::symmetric_units, layer.symmetric);
  }
  return readings;
}

}  // namespace thalweg
