#include "thalweg/train/neighbours.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <algorithm>
#include <limits>

#include "thalweg/train/loss_terms.h"

namespace thalweg {
namespace {

constexpr std::int64_t kNeighbours = 8, kFewestRows = 32;
constexpr double kSmallest = 1e-6;  // a share this near to 0 or 1 is one of rounding

// The neighbours' targets, summed: [n, columns].
at::Tensor summed(const at::Tensor& inputs, const at::Tensor& targets) {
  const at::Tensor x = inputs.flatten(1).to(at::kFloat);
  at::Tensor distances = at::cdist(x, x);
  distances.fill_diagonal_(std::numeric_limits<double>::infinity());
  const at::Tensor nearest = std::get<1>(distances.topk(kNeighbours, -1, /*largest=*/false));  // [n, k]
  return targets.index_select(0, nearest.flatten()).view({x.size(0), kNeighbours, -1}).sum(1);
}

bool of_probabilities(recipe::LossKind kind) {
  return over_classes(kind) || kind == recipe::LossKind::bce || kind == recipe::LossKind::bce_logits;
}

// As the network would have to put it out for `kind`.
at::Tensor as_outputs(const at::Tensor& p, recipe::LossKind kind) {
  const at::Tensor inside = p.clamp(kSmallest, 1.0 - kSmallest);
  if (kind == recipe::LossKind::cross_entropy) return inside.log();
  return kind == recipe::LossKind::bce_logits ? at::logit(inside) : inside;
}

}  // namespace

double neighbour_loss(const NeighbourProblem& problem, const NeighbourOptions& options) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const std::int64_t n = std::min(options.rows, problem.part.rows());
  if (problem.info.tokens || problem.info.targets == recipe::TargetKind::sequence || n < kFewestRows) return kNone;
  const torch::NoGradGuard no_grad;
  auto generator = at::make_generator<at::CPUGeneratorImpl>(options.seed);
  const Batch batch = problem.part.gather(at::randperm(problem.part.rows(), generator, at::kLong).slice(0, 0, n));
  if (batch.targets.dim() > 2) return kNone;
  const bool classes = !batch.targets.is_floating_point();
  if (classes && (batch.targets.dim() > 1 || options.outputs < problem.info.classes)) return kNone;
  const at::Tensor targets = classes ? at::one_hot(batch.targets.to(at::kLong), options.outputs).to(at::kFloat)
                                     : batch.targets.to(at::kFloat).view({n, -1});
  const recipe::LossKind kind = problem.loss.kind;
  const at::Tensor sum = summed(batch.inputs, targets);
  const at::Tensor outputs = of_probabilities(kind)
                                 ? as_outputs((sum + targets.mean(0, /*keepdim=*/true)) / (kNeighbours + 1.0), kind)
                                 : sum / static_cast<double>(kNeighbours);
  return problem.objective(batch.targets.dim() == 1 && !classes ? outputs.squeeze(1) : outputs, batch.targets).loss();
}

}  // namespace thalweg
