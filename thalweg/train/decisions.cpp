#include "thalweg/train/decisions.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/recipe/names.h"
#include "thalweg/record/error.h"
#include "thalweg/train/loss_terms.h"

namespace thalweg {

Decisions::Decisions(const recipe::Loss& loss, std::int64_t classes, recipe::MetricKind metric)
    : loss_(loss), classes_(classes), metric_(metric), threshold_(takes_logits(loss.kind) ? 0.0 : 0.5) {}

at::Tensor Decisions::entries(const Scored& scored) const {
  const at::Tensor fitted = entry_targets(scored.outputs, scored.targets, classes_);
  if (fitted.defined()) return fitted;
  throw UsageError(
      fmt::format("metric.kind = \"{}\": the network's outputs [{}] do not fit the targets [{}]; what fits: outputs of "
                  "the targets' shape, or one for "
                  "each of the {} classes",
                  recipe::name(metric_), fmt::join(scored.outputs.sizes(), ", "),
                  fmt::join(scored.targets.sizes(), ", "), classes_));
}

// One output decides 0 or 1 by the threshold, or among more classes the nearest number.
at::Tensor Decisions::predicted(const Scored& scored) const {
  const at::Tensor& o = scored.outputs;
  if (o.size(-1) > 1) {
    const auto [largest, index] = o.max(-1);
    return index.masked_fill(largest.isnan(), -1);
  }
  const at::Tensor one = o.squeeze(-1);
  const bool nearest_number = classes_ > 2 && !takes_logits(loss_.kind);
  return (nearest_number ? one.round() : (one > threshold_).to(one.scalar_type()))
      .nan_to_num(-1, -1, -1)
      .masked_fill(one.isnan(), -1)
      .to(at::kLong);
}

at::Tensor Decisions::wanted(const Scored& scored) const {
  const at::Tensor& t = scored.targets;
  if (!t.is_floating_point()) return t.to(at::kLong);
  return t.size(-1) > 1 ? t.argmax(-1) : (t.squeeze(-1) > 0.5).to(at::kLong);
}

at::Tensor Decisions::right_class(const Scored& scored) const { return predicted(scored) == wanted(scored); }

at::Tensor Decisions::among_five(const Scored& scored) const {
  const at::Tensor& o = scored.outputs;
  const at::Tensor target = wanted(scored).unsqueeze(-1);
  const at::Tensor own = o.gather(-1, target);
  const at::Tensor earlier = at::arange(o.size(-1), target.options()) < target;
  const at::Tensor before = (o > own) | o.isnan() | ((o == own) & earlier);
  return (before.sum(-1) < 5) & ~own.squeeze(-1).isnan();
}

at::Tensor Decisions::right_entries(const Scored& scored) const {
  const at::Tensor& o = scored.outputs;
  return ((o > threshold_) == (entries(scored) > 0.5)) & ~o.isnan();
}

// Comparable across rows: probabilities where the outputs are logits of classes.
at::Tensor Decisions::scores(const at::Tensor& outputs) const {
  const at::Tensor o = outputs.to(at::kDouble);
  return loss_.kind == recipe::LossKind::cross_entropy ? o.softmax(-1) : o;
}

Columns Decisions::columns(const Scored& scored) const {
  const at::Tensor& o = scored.outputs;
  if (scored.targets.is_floating_point() && !over_classes(loss_.kind)) {
    return {.scores = scores(o), .decided = (o > threshold_) & ~o.isnan(), .wanted = entries(scored) > 0.5};
  }
  const at::Tensor named = predicted(scored), target = wanted(scored);
  if (o.size(-1) > 2) {
    const at::Tensor each = at::arange(o.size(-1), target.options());
    return {.scores = scores(o), .decided = named.unsqueeze(-1) == each, .wanted = target.unsqueeze(-1) == each};
  }
  // A difference of logits orders rows as the probability does, and does not saturate.
  const at::Tensor d = o.to(at::kDouble);
  const bool logits = loss_.kind == recipe::LossKind::cross_entropy && o.size(-1) == 2;
  const at::Tensor last = d.slice(-1, o.size(-1) - 1);
  return {.scores = logits ? last - d.slice(-1, 0, 1) : last,
          .decided = (named == 1).unsqueeze(-1),
          .wanted = (target == 1).unsqueeze(-1)};
}

}  // namespace thalweg
