// The losses themselves: one term an entry, from outputs and targets that fit.
//
//     cross_entropy       −log softmax(z)_t                              nll_probabilities   −log p_t
//       with label smoothing ε over C classes: (1 − ε)·(that) + ε/C·Σ_c −log p_c;  soft targets t: −Σ_c t_c log p_c
//     mse (z − t)²    mae |z − t|    huber ½(z − t)² to δ, then δ(|z − t| − ½δ)   (Huber 1964)
//     bce                 −t log p − (1 − t) log(1 − p)                  bce_logits          the same of σ(z), without
//     overflow
// Probabilities are taken as they are: log 0 is −inf, log of a negative number NaN. A term with weight 0 is 0, whatever
// its logarithm.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

// Whether the loss weighs classes against each other (its targets are classes or their shares), rather than entry by
// entry.
bool over_classes(recipe::LossKind kind);
bool takes_logits(recipe::LossKind kind);

// Targets as the entry-by-entry losses need them: of the outputs' shape and type. Classes become one-hot where there
// are as many outputs, themselves where there is one. Undefined where they do not fit.
at::Tensor entry_targets(const at::Tensor& outputs, const at::Tensor& targets, std::int64_t classes);

// Targets as `loss` needs them: whole numbers [n] or [n, T] for losses over classes (or shares of the outputs' shape),
// else entry_targets. A UsageError names both shapes and what would fit.
at::Tensor fit_targets(const recipe::Loss& loss, const at::Tensor& outputs, const at::Tensor& targets,
                       std::int64_t classes);

// With graph: [n] or [n, T] for losses over classes, else of the outputs' shape. `targets` as fit_targets gives them.
at::Tensor loss_terms(const recipe::Loss& loss, const at::Tensor& outputs, const at::Tensor& targets);

struct ReducedLoss {
  at::Tensor total;  // with graph: mean or sum of the terms
  at::Tensor terms;  // detached
};
// The same, reduced. Cross-entropy of classes has exactly the graph and the bits of torch's own reduction.
ReducedLoss reduced_loss(const recipe::Loss& loss, const at::Tensor& outputs, const at::Tensor& targets);

}  // namespace thalweg
