#include "thalweg/observe/curvature/standpoint.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <stdexcept>

#include "thalweg/spectral/hessian.h"
#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr double kProduct = 2.7;   // gradient units of a Hessian-vector product on one batch, at the outside
constexpr double kForward = 0.4;   // and of a forward
constexpr int kWalkForwards = 24;  // of three walks, on each batch that they are fitted to
constexpr int kFewestProducts = 12;
constexpr double kLive = 1e-3;         // a whole length of the weight changes the loss by this share, or it is dead
constexpr double kSmallWeight = 0.01;  // length of a weight that is zero or nearly so
constexpr int kDoublings = 12, kHalvings = 6;

// Mean and 95% half-width; 97.5% quantiles of Student's t for 1 … 9 degrees of freedom (Fisher, Yates 1938).
Measured mean_of(const std::vector<double>& values) {
  constexpr std::array kStudent{12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262};
  const auto n = static_cast<double>(values.size());
  double mean = 0.0, squares = 0.0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double student = kStudent[std::min(values.size() - 2, kStudent.size() - 1)];
  return {mean, student * std::sqrt(squares / (n * (n - 1.0)))};
}

std::vector<at::Tensor> gradient_of(const at::Tensor& objective, const std::vector<at::Tensor>& parameters) {
  auto gradient = torch::autograd::grad({objective}, parameters, {}, std::nullopt, false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (!gradient[i].defined()) gradient[i] = at::zeros_like(parameters[i]);
  }
  return gradient;
}

// The parameters moved away, and put back bit for bit when this goes.
class Away {
 public:
  explicit Away(const std::vector<at::Tensor>& parameters) : parameters_(parameters) {
    for (const at::Tensor& p : parameters) kept_.push_back(p.detach().clone());
  }
  ~Away() { go({}, 0.0); }
  Away(const Away&) = delete;
  Away& operator=(const Away&) = delete;

  void go(const std::vector<at::Tensor>& direction, double length) {
    const c10::NoGradGuard no_graph;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      parameters_[i].copy_(kept_[i]);
      if (length != 0.0) parameters_[i].add_(direction[i], length);
    }
  }

 private:
  const std::vector<at::Tensor>& parameters_;
  std::vector<at::Tensor> kept_;
};

class Look {
 public:
  Look(const StandpointProblem& problem, const StandpointOptions& options) : problem_(problem), options_(options) {
    if (options.fit < 1 || problem.batches < options.fit + 2) {
      throw std::invalid_argument(
          fmt::format("a standpoint is judged by 2 batches or more beside those it is fitted to: "
                      "{} batches with {} to fit are too few",
                      problem.batches, options.fit));
    }
  }

  std::optional<Standpoint> go() {
    if (!affordable()) return std::nullopt;
    point_.gradient = sample_gradient(problem_.parameters, problem_.batches, problem_.objective);
    point_.gradient_units += problem_.batches;
    for (int k = 0; k < problem_.batches; ++k) losses_.push_back(problem_.loss(k));
    const at::Tensor lowest = curvature();
    judge(lowest);
    if (lowest.defined()) escape(lowest);
    descend();
    point_.gradient_units += kForward * problem_.batches;
    return point_;
  }

 private:
  int judges() const { return problem_.batches - options_.fit; }

  // Times one gradient, and takes as many products as the time is enough for.
  bool affordable() {
    const auto start = Clock::now();
    direction_ = gradient_of(problem_.objective(0), problem_.parameters);
    const double unit = seconds_since(start);
    const double fixed =
        problem_.batches + (1.0 + kProduct) * judges() + kForward * (kWalkForwards * options_.fit + 3.0 * judges());
    const double products = (options_.seconds / unit - fixed) / (kProduct * options_.fit);
    products_ = static_cast<int>(std::min<double>(options_.products, products));
    point_.gradient_units = 1.0;
    return products >= kFewestProducts;
  }

  // The ends of the spectrum; the vector of the lower one, where that is negative. And the mean gradient of the fit.
  at::Tensor curvature() {
    std::vector<LossOnBatch> batches;
    for (int k = 0; k < options_.fit; ++k) {
      batches.push_back({.loss = [this, k] { return problem_.objective(k); }, .weight = 1.0 / options_.fit});
    }
    try {
      HessianOperator hessian(std::move(batches), problem_.parameters);
      direction_ = unflatten(hessian.gradient(), problem_.parameters);
      const LanczosResult found = lanczos(
          hessian,
          {.top = 1, .bottom = 1, .tolerance = 0.05, .margin = 0.1, .max_products = products_, .seed = options_.seed});
      point_.gradient_units += options_.fit * hessian.cost().gradient_units;
      const RitzPair &top = found.top.front(), &bottom = found.bottom.front();
      point_.lambda_max = {top.value, std::max(top.error, found.above - top.value)};
      point_.lambda_min = {bottom.value, std::max(bottom.error, bottom.value - found.below)};
      // A Ritz value is never below the smallest eigenvalue: negative beyond rounding is certain, converged or not.
      return bottom.value < -found.noise ? bottom.vector : at::Tensor();
    } catch (const NoSecondDerivative&) {
    } catch (const NotFinite&) {
    }
    return {};
  }

  // On the judging batches: what pulls at the weights, and the curvature along `lowest`.
  void judge(const at::Tensor& lowest) {
    std::vector<double> squares(problem_.parameters.size(), 0.0), curvatures;
    const auto v = lowest.defined() ? unflatten(lowest, problem_.parameters) : std::vector<at::Tensor>();
    for (int k = options_.fit; k < problem_.batches; ++k) {
      const at::Tensor objective = problem_.objective(k);
      std::vector<at::Tensor> gradient;
      if (lowest.defined()) {
        const RetainedGradient graph(objective, problem_.parameters);
        curvatures.push_back(dot(v, graph.hessian_vector_product(v)));
        gradient = graph.gradient();
      } else {
        gradient = gradient_of(objective, problem_.parameters);
      }
      for (std::size_t i = 0; i < squares.size(); ++i) {
        squares[i] += gradient[i].square().sum(at::kDouble).item<double>() / judges();
      }
      point_.gradient_units += 1.0 + (lowest.defined() ? kProduct : 0.0);
    }
    if (lowest.defined()) point_.escape_curvature = mean_of(curvatures);
    point_.live_weights = live(squares);
  }

  double live(const std::vector<double>& squares) const {
    const double loss = std::abs(mean_of(losses_).value);
    double alive = 0.0, all = 0.0;
    for (std::size_t i = 0; i < squares.size(); ++i) {
      const at::Tensor& w = problem_.parameters[i];
      const auto n = static_cast<double>(w.numel());
      const double length = std::sqrt(w.detach().square().sum(at::kDouble).item<double>());
      alive += std::sqrt(squares[i]) * std::max(length, kSmallWeight * std::sqrt(n)) >= kLive * loss ? n : 0.0;
      all += n;
    }
    return alive / all;
  }

  double fitted_loss() const {
    double sum = 0.0;
    for (int k = 0; k < options_.fit; ++k) sum += problem_.loss(k) / options_.fit;
    return sum;
  }

  struct Walk {
    double length = 0.0;  // signed; 0: the loss falls nowhere
    double loss = 0.0;
  };

  // Doubles while the loss falls; halves where it does not fall at once.
  Walk walk(Away& away, const std::vector<at::Tensor>& direction, double first) {
    Walk best{.loss = start_loss()};
    double length = first;
    for (int tries = 0; tries < kDoublings; ++tries) {
      away.go(direction, length);
      const double loss = fitted_loss();
      point_.gradient_units += kForward * options_.fit;
      if (loss < best.loss) {
        best = {length, loss};
        length *= 2.0;
      } else if (best.length == 0.0 && tries < kHalvings) {
        length *= 0.5;
      } else {
        break;
      }
    }
    return best;
  }

  double start_loss() const {
    double sum = 0.0;
    for (int k = 0; k < options_.fit; ++k) sum += losses_[static_cast<std::size_t>(k)] / options_.fit;
    return sum;
  }

  Measured gain(Away& away, const std::vector<at::Tensor>& direction, double length) const {
    if (length == 0.0) return {0.0, 0.0};
    away.go(direction, length);
    std::vector<double> gains;
    for (int k = options_.fit; k < problem_.batches; ++k) {
      gains.push_back(losses_[static_cast<std::size_t>(k)] - problem_.loss(k));
    }
    return mean_of(gains);
  }

  void escape(const at::Tensor& lowest) {
    const auto v = unflatten(lowest, problem_.parameters);
    const double whole = std::sqrt(2.0 * std::abs(start_loss()) / std::abs(point_.lambda_min.value));
    Away away(problem_.parameters);
    Walk best{.loss = start_loss()};
    for (const double sign : {1.0, -1.0}) {
      const Walk found = walk(away, v, sign * whole / 16.0);
      if (found.loss < best.loss) best = found;
    }
    point_.escape_length = {std::abs(best.length), 0.0};
    point_.escape_gain = gain(away, v, best.length);
  }

  void descend() {
    const double length = std::sqrt(dot(direction_, direction_));
    if (!(length > 0.0)) {
      point_.descent_gain = {0.0, 0.0};
      return;
    }
    Away away(problem_.parameters);
    const Walk best = walk(away, direction_, -std::abs(start_loss()) / (256.0 * length * length));
    point_.descent_gain = gain(away, direction_, best.length);
  }

  const StandpointProblem& problem_;
  const StandpointOptions& options_;
  Standpoint point_;
  std::vector<double> losses_;         // at θ, one a batch
  std::vector<at::Tensor> direction_;  // the gradient that is walked down: the fit's, or of the first batch
  int products_ = 0;
};

}  // namespace

std::optional<Standpoint> look_at_standpoint(const StandpointProblem& problem, const StandpointOptions& options) {
  return Look(problem, options).go();
}

void put(const Standpoint& point, std::int64_t step, const std::function<void(const Reading&)>& out) {
  const auto put = [&](Quantity quantity, const Measured& measured) {
    if (!measured.known()) return;
    out({.step = step,
         .value = measured.value,
         .error = static_cast<float>(measured.error),
         .cost = quantity == Quantity::gradient_norm ? static_cast<float>(point.gradient_units) : 0.0F,
         .quantity = quantity});
  };
  const SampledGradient& g = point.gradient;
  const auto root = [](double square) { return std::sqrt(std::max(0.0, square)); };
  put(Quantity::gradient_norm, {g.norm(), std::max(root(g.high) - g.norm(), g.norm() - root(g.low))});
  put(Quantity::gradient_noise, {root(g.noise_sq), 0.0});
  put(Quantity::live_weights, {point.live_weights, 0.0});
  put(Quantity::lambda_max, point.lambda_max);
  put(Quantity::lambda_min, point.lambda_min);
  put(Quantity::escape_curvature, point.escape_curvature);
  put(Quantity::escape_length, point.escape_length);
  put(Quantity::escape_gain, point.escape_gain);
  put(Quantity::descent_gain, point.descent_gain);
}

}  // namespace thalweg
