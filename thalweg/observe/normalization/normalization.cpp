#include "thalweg/observe/normalization/normalization.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace thalweg {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kVaries = 100.0;   // times eps: from here on a norm makes a standard deviation of 0.995 and more
constexpr double kSilenced = 1e-3;  // of the largest scale: what is divided by less than that is rounding
constexpr float kCost = 0.35F;

bool is_batch_norm(const Passage& p) { return p.type == "batch_norm" || p.module.starts_with("BatchNorm"); }

std::int64_t feature_axis(const Passage& p) { return p.type == "batch_norm" && p.input.dim() == 3 ? 2 : 1; }

std::vector<std::int64_t> all_but(std::int64_t axis, std::int64_t dimensions) {
  std::vector<std::int64_t> result;
  for (std::int64_t a = 0; a < dimensions; ++a) {
    if (a != axis) result.push_back(a);
  }
  return result;
}

struct Moments {
  at::Tensor mean, variance;  // double, over all axes but one
};
Moments moments(const at::Tensor& x, std::int64_t axis) {
  const at::Tensor values = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  const auto [variance, mean] = at::var_mean(values, all_but(axis, x.dim()), /*unbiased=*/false);
  return {mean.to(at::kDouble), variance.to(at::kDouble)};
}

at::Tensor parameter(const Step& step, const std::string& name) {
  const auto found = std::ranges::find(step.names, name);
  return found == step.names.end() ? at::Tensor()
                                   : step.parameters[static_cast<std::size_t>(found - step.names.begin())].detach();
}

// The first axis from 1 on that is as long as the statistics.
std::int64_t kept_axis(const Passage& p, const at::Tensor& statistics) {
  if (!statistics.defined()) return feature_axis(p);
  for (std::int64_t axis = 1; axis < p.input.dim(); ++axis) {
    if (p.input.size(axis) == statistics.numel()) return axis;
  }
  return feature_axis(p);
}

class Listener final : public Tap {
 public:
  explicit Listener(std::function<void(const Passage&)> heard) : heard_(std::move(heard)) {}
  void passed(const Passage& passage) override {
    if (is_batch_norm(passage) && passage.input.dim() >= 2) heard_(passage);
  }

 private:
  std::function<void(const Passage&)> heard_;
};

double mean_of(const at::Tensor& t) { return t.mean().item<double>(); }

}  // namespace

Normalization::Channels Normalization::channels_of(const Step& step, const Passage& p) const {
  const std::string layer(p.layer);
  const at::Tensor running = step.buffer ? step.buffer(layer + ".running_mean") : at::Tensor();
  Moments in = moments(p.input, kept_axis(p, running));
  const double entries = static_cast<double>(p.input.numel()) / static_cast<double>(in.mean.numel());
  Channels result{.mean = in.mean, .variance = in.variance, .entries = entries, .spread = kNone};
  const std::int64_t axis = feature_axis(p);
  const Moments features = moments(p.input, axis);
  at::Tensor deviation = moments(p.before, axis).variance.sqrt();
  at::Tensor counts = features.variance > kVaries * options_.eps;
  if (const at::Tensor scale = parameter(step, layer + ".weight");
      scale.defined() && scale.numel() == deviation.numel()) {
    const at::Tensor size = scale.to(at::kDouble).abs();
    counts = counts.logical_and(size > kSilenced * size.max());
    deviation = deviation / size.clamp_min(std::numeric_limits<double>::min());
  }
  const at::Tensor varying = deviation.masked_select(counts);
  if (varying.numel() >= 2) result.spread = (varying.max() / varying.min()).item<double>();
  return result;
}

void Normalization::say(const Step& step, const std::string& layer, const Channels& a, const Channels& b,
                        ReadingSink& out) const {
  const Scope scope = step.scope_of(layer);
  const auto put = [&](Quantity quantity, double value, double error) {
    if (std::isnan(value)) return;
    out.put({.step = step.index,
             .value = value,
             .error = static_cast<float>(error),
             .cost = 2.0F * kCost,
             .quantity = quantity,
             .scope = scope});
  };
  put(Quantity::feature_spread, b.spread, kNone);
  put(Quantity::constant_channels, mean_of((b.variance <= options_.eps).to(at::kDouble)), 0.0);
  const at::Tensor running_mean = step.buffer ? step.buffer(layer + ".running_mean") : at::Tensor();
  const at::Tensor running_var = step.buffer ? step.buffer(layer + ".running_var") : at::Tensor();
  if (!running_mean.defined() || running_mean.numel() != a.mean.numel()) return;

  const at::Tensor varies = at::minimum(a.variance, b.variance) > options_.eps;
  const auto of = [&](const at::Tensor& t) { return t.masked_select(varies); };
  const at::Tensor va = of(a.variance), vb = of(b.variance), middle = 0.5 * (va + vb);
  if (middle.numel() == 0) return;
  const at::Tensor luck = 0.5 * (va - vb).square() / middle.square();
  const double noise = std::sqrt(mean_of(luck) / mean_of(va * vb / middle.square()));
  const auto channels = static_cast<double>(middle.numel());
  const double scatter = middle.numel() > 1 ? luck.std().item<double>() / std::sqrt(channels) : kNone;
  put(Quantity::statistics_noise, noise, mean_of(luck) > 0.0 ? noise * scatter / mean_of(luck) : 0.0);

  // The running variance is the unbiased one (LibTorch).
  const auto unbiased = [&](const Channels& c) {
    return of(c.variance) * (c.entries / std::max(1.0, c.entries - 1.0));
  };
  const at::Tensor ua = unbiased(a), ub = unbiased(b), square = 0.5 * (ua + ub);
  const at::Tensor mean = 0.5 * (of(a.mean) + of(b.mean)), deviation = square.sqrt();
  const at::Tensor off = (of(running_mean.to(at::kDouble)) - mean).square() +
                         (of(running_var.to(at::kDouble)).clamp_min(0.0).sqrt() - deviation).square();
  const at::Tensor drawn = 0.25 * ((of(a.mean) - of(b.mean)).square() + (ua.sqrt() - ub.sqrt()).square());
  const double sampling = mean_of(drawn / square);
  put(Quantity::statistics_gap, std::sqrt(std::max(0.0, mean_of(off / square) - sampling)), std::sqrt(sampling));
}

void Normalization::after_backward(const Step& step, ReadingSink& out) {
  const at::NoGradGuard no_grad;
  std::map<std::string, Channels> now;
  Listener listener([&](const Passage& p) { now.insert_or_assign(std::string(p.layer), channels_of(step, p)); });
  step.through(listener, [](const at::Tensor&) {});
  if (step.index == last_ + 1) {
    for (const auto& [layer, channels] : now) {
      const auto first = before_.find(layer);
      if (first != before_.end()) say(step, layer, first->second, channels, out);
    }
  }
  last_ = step.index;
  before_ = std::move(now);
}

}  // namespace thalweg
