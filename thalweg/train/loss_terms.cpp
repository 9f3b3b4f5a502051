#include "thalweg/train/loss_terms.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "thalweg/recipe/names.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

using recipe::LossKind;

std::string shape(at::IntArrayRef sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

// Whether each entry of `targets` has a row of outputs: [n] to [n, C], [n, T] to [n, T, C].
bool row_each(const at::Tensor& outputs, const at::Tensor& targets) {
  return outputs.dim() == targets.dim() + 1 &&
         outputs.sizes().slice(0, static_cast<std::size_t>(targets.dim())) == targets.sizes();
}

at::Tensor one_hot(const at::Tensor& outputs, const at::Tensor& targets) {
  return at::zeros_like(outputs.detach()).scatter_(-1, targets.to(at::kLong).unsqueeze(-1), 1.0);
}

std::string what_fits(LossKind kind, const at::Tensor& targets, std::int64_t classes) {
  std::string sizes = fmt::format("{}", fmt::join(targets.sizes(), ", "));
  if (targets.is_floating_point()) return fmt::format("outputs of the targets' shape, [{}]", sizes);
  if (over_classes(kind))
    return fmt::format("outputs [{}, {}] (units = \"classes\" in the last layer)", sizes, classes);
  return fmt::format("outputs [{0}, {1}] (one for each class) or [{0}, 1] (the class's number itself)", sizes, classes);
}

[[noreturn]] void refuse(LossKind kind, const at::Tensor& outputs, const at::Tensor& targets, std::int64_t classes) {
  const std::string of = targets.is_floating_point() ? "real numbers" : fmt::format("{} classes", classes);
  std::string hint;
  if (!targets.is_floating_point() && targets.dim() == 2 && outputs.dim() == 2)
    hint = "; for sequences let the last recurrent layer give return = \"all\"";
  throw UsageError(fmt::format(
      "loss.kind = \"{}\": the network's outputs {} do not fit the targets {} of {}; what fits: {}{}",
      recipe::name(kind), shape(outputs.sizes()), shape(targets.sizes()), of, what_fits(kind, targets, classes), hint));
}

// t log p, 0 where t is 0. The mask keeps the gradient there 0 as well, not 0 / 0.
at::Tensor weighted_log(const at::Tensor& t, const at::Tensor& p) { return t * at::where(t == 0, 1.0, p).log(); }

at::Tensor cross_entropy(const recipe::Loss& loss, const at::Tensor& z, const at::Tensor& targets) {
  const auto terms = [&](const at::Tensor& rows, const at::Tensor& t) {
    return at::cross_entropy_loss(rows, t, {}, at::Reduction::None, /*ignore_index=*/-100, loss.label_smoothing);
  };
  if (z.dim() == 2) return terms(z, targets);
  const bool shares = targets.dim() == z.dim();
  return terms(z.flatten(0, -2), shares ? targets.flatten(0, -2) : targets.flatten())
      .view(z.sizes().slice(0, static_cast<std::size_t>(z.dim() - 1)));
}

at::Tensor guarded(const recipe::Loss& loss, const at::Tensor& p) {
  return loss.clip > 0.0 ? p.clamp(loss.clip, 1.0 - loss.clip) : p;
}

at::Tensor nll_probabilities(const recipe::Loss& loss, const at::Tensor& outputs, const at::Tensor& targets) {
  const at::Tensor p = guarded(loss, loss.normalize ? outputs / outputs.sum(-1, /*keepdim=*/true) : outputs);
  const double smoothing = loss.label_smoothing;
  const double share = smoothing / static_cast<double>(p.size(-1));
  if (targets.is_floating_point()) return -weighted_log(targets * (1.0 - smoothing) + share, p).sum(-1);
  const at::Tensor picked = -p.gather(-1, targets.unsqueeze(-1)).squeeze(-1).log();
  return smoothing > 0.0 ? picked * (1.0 - smoothing) - p.log().sum(-1) * share : picked;
}

}  // namespace

bool over_classes(LossKind kind) { return kind == LossKind::cross_entropy || kind == LossKind::nll_probabilities; }
bool takes_logits(LossKind kind) { return kind == LossKind::cross_entropy || kind == LossKind::bce_logits; }

at::Tensor entry_targets(const at::Tensor& outputs, const at::Tensor& targets, std::int64_t classes) {
  if (outputs.sizes() == targets.sizes()) return targets.to(outputs.scalar_type());
  if (!row_each(outputs, targets)) return {};
  if (outputs.size(-1) == 1) return targets.to(outputs.scalar_type()).unsqueeze(-1);
  return !targets.is_floating_point() && outputs.size(-1) == classes ? one_hot(outputs, targets) : at::Tensor();
}

at::Tensor fit_targets(const recipe::Loss& loss, const at::Tensor& outputs, const at::Tensor& targets,
                       std::int64_t classes) {
  at::Tensor fitted;
  if (!over_classes(loss.kind)) {
    fitted = entry_targets(outputs, targets, classes);
  } else if (!targets.is_floating_point()) {
    const bool fits = row_each(outputs, targets) && outputs.size(-1) >= std::max<std::int64_t>(classes, 1);
    fitted = fits ? targets.to(at::kLong) : at::Tensor();
  } else if (outputs.dim() >= 2 && outputs.sizes() == targets.sizes()) {
    fitted = targets.to(outputs.scalar_type());
  }
  if (!fitted.defined()) refuse(loss.kind, outputs, targets, classes);
  return fitted;
}

at::Tensor loss_terms(const recipe::Loss& loss, const at::Tensor& outputs, const at::Tensor& targets) {
  switch (loss.kind) {
    case LossKind::cross_entropy:
      return cross_entropy(loss, outputs, targets);
    case LossKind::nll_probabilities:
      return nll_probabilities(loss, outputs, targets);
    case LossKind::mse:
      return at::mse_loss(outputs, targets, at::Reduction::None);
    case LossKind::mae:
      return at::l1_loss(outputs, targets, at::Reduction::None);
    case LossKind::huber:
      return at::huber_loss(outputs, targets, at::Reduction::None, loss.delta);
    case LossKind::bce: {
      const at::Tensor p = guarded(loss, outputs);
      return -(weighted_log(targets, p) + weighted_log(1.0 - targets, 1.0 - p));
    }
    case LossKind::bce_logits:
      return at::binary_cross_entropy_with_logits(outputs, targets, {}, {}, at::Reduction::None);
  }
  return {};
}

ReducedLoss reduced_loss(const recipe::Loss& loss, const at::Tensor& outputs, const at::Tensor& targets) {
  const bool mean = loss.reduction == recipe::Reduction::mean;
  if (loss.kind == LossKind::cross_entropy && !targets.is_floating_point() && loss.label_smoothing == 0.0) {
    const at::Tensor logs = (outputs.dim() == 2 ? outputs : outputs.flatten(0, -2)).log_softmax(-1);
    const at::Tensor classes = targets.dim() == 1 ? targets : targets.flatten();
    const at::Tensor terms = at::nll_loss(logs.detach(), classes, {}, at::Reduction::None);
    return {.total = at::nll_loss(logs, classes, {}, mean ? at::Reduction::Mean : at::Reduction::Sum),
            .terms = targets.dim() == 1 ? terms : terms.view(targets.sizes())};
  }
  const at::Tensor terms = loss_terms(loss, outputs, targets);
  return {.total = mean ? terms.mean() : terms.sum(), .terms = terms.detach()};
}

}  // namespace thalweg
