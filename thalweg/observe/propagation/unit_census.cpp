#include "thalweg/observe/propagation/unit_census.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace thalweg {
namespace {

at::Tensor gelu_slope(const at::Tensor& x) {
  const at::Tensor density = at::exp(-0.5 * x.square()) / std::sqrt(2.0 * std::numbers::pi);
  return 0.5 * (1.0 + at::erf(x / std::numbers::sqrt2)) + x * density;
}

at::Tensor silu_slope(const at::Tensor& x) {
  const at::Tensor s = at::sigmoid(x);
  return s * (1.0 + x * (1.0 - s));
}

constexpr double kLargestGeluSlope = 1.1290, kLargestSiluSlope = 1.0998;

// Entropy of the normalised singular values, exponentiated: from the eigenvalues of the covariance.
double effective_directions(const at::Tensor& covariance) {
  const at::Tensor sigma = at::linalg_eigvalsh(covariance).clamp_min(0.0).sqrt();
  const double total = sigma.sum().item<double>();
  if (!(total > 0.0)) return 0.0;
  const at::Tensor p = sigma / total;
  return std::exp(-at::xlogy(p, p).sum().item<double>());
}

}  // namespace

at::Tensor flat_mask(const HeardLayer& layer, double share) {
  const at::Tensor h = layer.output.detach(), x = layer.before.detach();
  const std::string& kind = layer.activation;
  if (kind == "tanh") return 1.0 - h.square() < share;
  if (kind == "sigmoid") return 4.0 * h * (1.0 - h) < share;
  if (kind == "elu" || kind == "selu") return x < std::log(share);  // φ' = e^x, or λα e^x, below 0
  if (kind == "gelu") return gelu_slope(x).abs() < share * kLargestGeluSlope;
  if (kind == "silu") return silu_slope(x).abs() < share * kLargestSiluSlope;
  return {};
}

void UnitCensus::add(const std::vector<HeardLayer>& layers) {
  if (layers.empty() || layers.front().input.dim() == 0) return;
  std::vector<const HeardLayer*> hidden;
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    const HeardLayer& layer = layers[i];
    if (!only_passes_on(layer) && layer.output.dim() >= 2 && layer.output.is_floating_point()) hidden.push_back(&layer);
  }
  if (tallies_.size() != hidden.size()) {  // the first, or another network's forward
    tallies_.assign(hidden.size(), {});
    rows_ = batches_ = 0;
  }
  for (std::size_t i = 0; i < hidden.size(); ++i) add(*hidden[i], tallies_[i]);
  rows_ += layers.front().input.size(0);
  ++batches_;
}

void UnitCensus::add(const HeardLayer& layer, Tally& tally) const {
  const at::Tensor h = by_units(layer.output.detach());
  const auto wide = h.options().dtype(at::kDouble).requires_grad(false);
  const std::int64_t units = h.size(1), some = std::min(units, options_.most_units);
  if (!tally.fired.defined() || tally.units != units) {
    tally = {.name = layer.name, .units = units};
    for (at::Tensor* t : {&tally.fired, &tally.size, &tally.flat}) *t = at::zeros({units}, wide);
    tally.sum = at::zeros({some}, wide);
    tally.gram = at::zeros({some, some}, wide);
  }
  tally.fired += h.ne(0.0).sum(0);
  tally.size += h.abs().sum(0, false, at::kDouble);
  if (const at::Tensor flat = flat_mask(layer, options_.flat); flat.defined()) {
    tally.can_be_flat = true;
    tally.flat += by_units(flat).sum(0);
  }
  tally.samples += h.size(0);
  const std::int64_t stride = std::max<std::int64_t>(h.size(0) / options_.pair_samples, 1);
  const at::Tensor part = h.slice(0, 0, std::nullopt, stride).narrow(1, 0, some).to(at::kDouble);
  tally.sum += part.sum(0);
  tally.gram.addmm_(part.t(), part);
  tally.pairs += part.size(0);
}

UnitShares UnitCensus::shares(const Tally& t) const {
  UnitShares s{.layer = t.name, .units = t.units};
  const auto n = static_cast<double>(t.samples), pairs = static_cast<double>(t.pairs);
  const at::Tensor live = t.fired > 0.0, mean = t.sum / pairs;
  const at::Tensor covariance = t.gram / pairs - at::outer(mean, mean);
  const at::Tensor variance = covariance.diagonal();
  // What rounding alone makes of the difference of two sums.
  const at::Tensor varies = variance > 1e-12 * t.gram.diagonal() / pairs;
  const at::Tensor scale = at::where(varies, variance.rsqrt(), at::zeros_like(variance));
  at::Tensor correlation = (covariance * scale.unsqueeze(0) * scale.unsqueeze(1)).abs();
  correlation.fill_diagonal_(0.0);
  const at::Tensor some =
      at::stack({t.fired.eq(0.0).to(at::kDouble).mean(),
                 (t.size <= options_.dormant * t.size.mean()).to(at::kDouble).mean(),
                 (t.flat >= options_.flat_share * n).to(at::kDouble).mean(),
                 std::get<0>(correlation.max(1)).gt(1.0 - options_.clone).to(at::kDouble).mean(), t.size.sum()})
          .cpu();
  const auto v = some.accessor<double, 1>();
  if (!std::isfinite(v[4])) return s;
  s.dead = v[0];
  s.dormant = v[1];
  if (t.can_be_flat) s.saturated = v[2];
  s.cloned = v[3];
  s.effective_rank =
      effective_directions(covariance.cpu()) / static_cast<double>(std::min(t.pairs, covariance.size(0)));
  return s;
}

std::vector<UnitShares> UnitCensus::take() {
  std::vector<UnitShares> result;
  for (const Tally& tally : tallies_) result.push_back(shares(tally));
  tallies_.clear();
  rows_ = batches_ = 0;
  return result;
}

}  // namespace thalweg
