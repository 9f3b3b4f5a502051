#include "thalweg/train/precise_statistics.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/train/random_state.h"

namespace thalweg {
namespace {

constexpr double kMoves = 1e-6;  // a norm of less momentum keeps its statistics fixed on purpose

struct Norm {
  std::string layer;
  at::Tensor mean, variance;         // the buffers
  at::Tensor sum, square;            // Σ n μ, Σ n (σ² + μ²), double
  double momentum = 0.0, count = 0;  // N
};

std::vector<Norm> norms_of(const Network& network) {
  constexpr std::string_view kMean = ".running_mean";
  std::vector<Norm> result;
  for (const auto& [name, buffer] : network.buffers()) {
    if (!name.ends_with(kMean)) continue;
    Norm norm{.layer = name.substr(0, name.size() - kMean.size()), .mean = buffer};
    for (const auto& [other, variance] : network.buffers()) {
      if (other == norm.layer + ".running_var") norm.variance = variance;
    }
    norm.sum = norm.square = at::zeros_like(buffer, at::kDouble);
    if (norm.variance.defined()) result.push_back(std::move(norm));
  }
  return result;
}

// Counts the entries that each layer is given.
class Entries final : public Tap {
 public:
  explicit Entries(Network& network) : network_(network) { network_.tap(this); }
  ~Entries() override { network_.tap(nullptr); }
  Entries(const Entries&) = delete;
  Entries& operator=(const Entries&) = delete;
  void passed(const Passage& p) override { entries_[std::string(p.layer)] = static_cast<double>(p.input.numel()); }
  double of(const Norm& norm) const { return entries_.at(norm.layer) / static_cast<double>(norm.mean.numel()); }

 private:
  Network& network_;
  std::map<std::string, double> entries_;
};

// Training mode and torch's random stream, put back.
class InTraining {
 public:
  explicit InTraining(Network& network) : network_(network), was_(network.training()), random_(random_state()) {
    network_.train(true);
  }
  ~InTraining() {
    network_.train(was_);
    set_random_state(random_);
  }
  InTraining(const InTraining&) = delete;
  InTraining& operator=(const InTraining&) = delete;
  void same_numbers() const { set_random_state(random_); }

 private:
  Network& network_;
  bool was_;
  at::Tensor random_;
};

// By which power of two a start of the running mean is larger than anything that a batch adds to it: m would drown in
// the rounding of means that are larger than the start.
double far_above(const at::Tensor& means) {
  const double most = at::nan_to_num(means, 0.0, 0.0, 0.0).abs().max().item<double>();
  return std::exp2(std::ceil(std::log2(std::max(1.0, most))) + 10.0);
}

void find_momentum(Network& network, const InTraining& mode, const at::Tensor& inputs, std::vector<Norm>& norms) {
  const auto means_from = [&](const std::vector<double>& starts) {
    for (std::size_t i = 0; i < norms.size(); ++i) norms[i].mean.fill_(starts[i]);
    mode.same_numbers();
    network.forward(inputs);
    std::vector<at::Tensor> means;
    means.reserve(norms.size());
    for (const Norm& norm : norms) means.push_back(norm.mean.to(at::kDouble));
    return means;
  };
  const std::vector<at::Tensor> low = means_from(std::vector<double>(norms.size(), 0.0));
  std::vector<double> starts;
  starts.reserve(low.size());
  for (const at::Tensor& means : low) starts.push_back(far_above(means));
  const std::vector<at::Tensor> high = means_from(starts);
  for (std::size_t i = 0; i < norms.size(); ++i) {
    // A channel that is not finite is no reason to lose the others.
    norms[i].momentum = 1.0 - ((high[i] - low[i]) / starts[i]).nanmedian().item<double>();
  }
}

void add(Norm& norm, double n) {
  if (!(norm.momentum >= kMoves)) return;
  const at::Tensor mean = norm.mean.to(at::kDouble) / norm.momentum;
  const at::Tensor variance = norm.variance.to(at::kDouble) * ((n - 1.0) / n / norm.momentum);
  norm.sum = norm.sum + n * mean;
  norm.square = norm.square + n * (variance + mean.square());
  norm.count += n;
}

at::Tensor order_of(std::int64_t all, const PreciseStatistics& options) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  const at::Tensor order = at::randperm(all, generator, at::kLong);
  return options.rows > 0 ? order.slice(0, 0, options.rows) : order;
}

}  // namespace

int make_precise(Network& network, const Part& part, const PreciseStatistics& options) {
  const torch::NoGradGuard no_grad;
  std::vector<Norm> norms = norms_of(network);
  const at::Tensor order = order_of(part.rows(), options);
  if (norms.empty() || order.numel() < network.fewest_rows()) return 0;
  const InTraining mode(network);
  const Entries entries(network);
  std::vector<std::pair<at::Tensor, at::Tensor>> kept;
  kept.reserve(norms.size());
  for (const Norm& norm : norms) kept.emplace_back(norm.mean.clone(), norm.variance.clone());
  const std::int64_t at_once = std::max(options.at_once, network.fewest_rows());
  for (std::int64_t first = 0; first < order.numel(); first += at_once) {
    const Batch batch = part.gather(order.slice(0, first, first + at_once));
    if (batch.rows < network.fewest_rows()) break;
    if (first == 0) find_momentum(network, mode, batch.inputs, norms);
    for (Norm& norm : norms) {
      norm.mean.zero_();
      norm.variance.zero_();
    }
    network.forward(batch.inputs);
    for (Norm& norm : norms) add(norm, entries.of(norm));
  }
  int renewed = 0;
  for (std::size_t i = 0; i < norms.size(); ++i) {
    Norm& norm = norms[i];
    if (norm.count == 0.0) {
      norm.mean.copy_(kept[i].first);
      norm.variance.copy_(kept[i].second);
      continue;
    }
    const at::Tensor mean = norm.sum / norm.count;
    norm.mean.copy_(mean);
    norm.variance.copy_((norm.square / norm.count - mean.square()).clamp_min(0.0) * (norm.count / (norm.count - 1.0)));
    ++renewed;
  }
  return renewed;
}

}  // namespace thalweg
