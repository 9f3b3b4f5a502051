#include "thalweg/record/quantity.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace thalweg {
namespace {

constexpr std::string_view kDefinition = "definition";
constexpr std::string_view kTextbook = "Goodfellow, Bengio, Courville 2016, section 8.2.1";

// In the order of the enumeration; the assertion below holds it to that.
constexpr std::array<QuantityInfo, static_cast<std::size_t>(Quantity::count_)> kQuantities = {{
    {Quantity::loss, "loss", "loss", "L(θ) = 1/B Σ ℓ(f(x_i; θ), y_i)",
     "The surrogate that training minimises, averaged over the rows of one mini-batch, before the step and without "
     "penalties. It jumps from batch to batch: look at its median over a window.",
     kDefinition},
    {Quantity::objective, "objective", "loss", "J(θ) = L(θ) + penalties",
     "What is really differentiated: the mini-batch loss with the l2 penalty, scaled as the recipe's reduction says.",
     kDefinition},
    {Quantity::heldout_loss, "heldout_loss", "loss", "1/n Σ ℓ(f(x_i; θ), y_i) over rows that training never sees",
     "The loss on data held out from training, with an interval over its rows.", kDefinition},
    {Quantity::heldout_metric, "heldout_metric", "of the metric", "the recipe's first metric over held-out rows",
     "What the user is after (accuracy, say), on data held out from training. It decides; the loss only stands in for "
     "it.",
     kDefinition},
    {Quantity::train_loss, "train_loss", "loss", "1/n Σ ℓ(f(x_i; θ), y_i) over the training part",
     "The loss over the training part, taken as the held-out loss is (evaluation mode). Held-out minus this is the "
     "generalisation gap.",
     kDefinition},
    {Quantity::train_metric, "train_metric", "of the metric", "the recipe's first metric over the training part",
     "The metric over the training part, taken as the held-out metric is.", kDefinition},
    {Quantity::initial_loss, "initial_loss", "loss", "L(θ₀)",
     "The loss before the first step. A sane start is near the best constant's loss; many times that says that inputs, "
     "targets or initial weights have the wrong scale.",
     "Karpathy 2019, A recipe for training neural networks"},
    {Quantity::constant_loss, "constant_loss", "loss", "min over c of 1/n Σ ℓ(c, y_i)",
     "The loss of the best prediction that ignores the input: class frequencies for cross-entropy, the mean for "
     "squared error. A network that does not get below it has learnt nothing.",
     kDefinition},
    {Quantity::neighbour_loss, "neighbour_loss", "loss",
     "1/n Σ ℓ(c_i, y_i), c_i: from the 8 rows nearest to row i among 1024 rows of the training part",
     "The loss of a prediction that only looks up the nearest rows, each row left out of its own. It is reached "
     "without "
     "training, so that a run that stands above it has not learnt what the inputs tell.",
     "Cover, Hart 1967, Nearest neighbor pattern classification"},
    {Quantity::gradient_sq, "gradient_sq", "loss²/weight²", "gᵀg",
     "Squared length of the mini-batch gradient, of the whole model or of one parameter. In healthy training it may "
     "well grow.",
     kTextbook},
    {Quantity::weight_sq, "weight_sq", "weight²", "wᵀw", "Squared length of the weights after the step.", kDefinition},
    {Quantity::update_sq, "update_sq", "weight²", "uᵀu, u = θ after − θ before",
     "Squared length of the step that the optimizer really made.", kDefinition},
    {Quantity::gradient_update, "gradient_update", "loss", "gᵀu",
     "What the step promises to first order: negative when it goes downhill.", kDefinition},
    {Quantity::learning_rate, "learning_rate", "of the optimizer", "ε",
     "The rate in force at this step, schedule included.", kDefinition},
    {Quantity::gradient_variance, "gradient_variance", "loss²/weight²", "E‖g − G‖², G = E g",
     "How far the gradient of one step scatters around its mean over batches, from two or more gradients at the same "
     "weights. Its error bar is a 95% interval over the last looks.",
     "definition; McCandlish, Kaplan, Amodei et al. 2018, appendix A"},
    {Quantity::gradient_signal, "gradient_signal", "loss²/weight²", "‖G‖² = E gₐᵀg_b, a ≠ b independent batches",
     "Squared length of the gradient without its noise, estimated without bias, so that it may come out below zero. "
     "Where its error bar reaches zero the gradient is not told from noise.",
     "definition; McCandlish, Kaplan, Amodei et al. 2018, appendix A"},
    {Quantity::noise_scale, "noise_scale", "rows", "B = tr Σ / ‖G‖², Σ: covariance of one row's gradient",
     "The batch size at which a step's gradient is half signal, half noise: smaller batches learn as much from each "
     "row, far larger ones waste rows. In batches of one step where the loop does not say their rows. Said only where "
     "the gradient is told from its noise.",
     "McCandlish, Kaplan, Amodei et al. 2018; jackknife interval"},
    {Quantity::moment_surprise, "moment_surprise", "1", "√(mean of g²/v̂)",
     "How large the gradient is against the average v̂ that an adaptive optimizer divides by. Near 1 when v̂ is up to "
     "date; well above it v̂ lags behind, and the step is too long: above 2.3 or so a jump of the loss often follows.",
     "Wortsman, Dettmers, Zettlemoyer et al. 2023"},
    {Quantity::moment_staleness, "moment_staleness", "1", "√(Σ v̂ / Σ g²)",
     "The other direction: how far v̂ is above the gradients of today, as after a spike that it has not forgotten. "
     "Steps "
     "are too short by about this factor. Gradients that are small by chance raise it for one step; look at its "
     "median.",
     kDefinition},
    {Quantity::actual_change, "actual_change", "loss", "L(θ+u) − L(θ), same rows, same random state",
     "By how much the step changed the loss of its own batch. Positive: the step went uphill on the very rows it was "
     "computed from.",
     kDefinition},
    {Quantity::midpoint_change, "midpoint_change", "loss", "L(θ+u/2) − L(θ), same rows, same random state",
     "The loss half way. Lower than at both ends: the step bounces from one wall of a valley to the other, and half of "
     "it would do better. Not lower, while the loss stands: the step is not what holds the run up.",
     "Xing, Arpit, Tsirigotis, Bengio 2018, A walk with SGD"},
    {Quantity::predicted_change, "predicted_change", "loss", "gᵀu + ½ uᵀHu",
     "What the quadratic model promises of the step, with the exact curvature. Compare it with actual_change: where "
     "they agree the model tells the truth.",
     kTextbook},
    {Quantity::curvature_along_gradient, "curvature_along_gradient", "loss³/weight⁴", "gᵀHg",
     "Curvature of the mini-batch loss along its gradient, exact (one Hessian-vector product). The textbook watches it "
     "beside gᵀg: a step −εg is uphill to second order where ½ε gᵀHg > gᵀg.",
     kTextbook},
    {Quantity::curvature_along_update, "curvature_along_update", "loss", "uᵀHu",
     "Curvature of the mini-batch loss along the step really made, exact (one Hessian-vector product).", kTextbook},
    {Quantity::curvature_secant, "curvature_secant", "loss", "2 (L(θ+u) − L(θ) − gᵀu)",
     "Curvature along the step from one more forward pass: what the step really met, the higher orders and kinks of "
     "the "
     "loss in it. Its error bar is the rounding of the two losses.",
     "Taylor's theorem"},
    {Quantity::curvature_forward, "curvature_forward", "loss",
     "2 c_½ − c₁, c₁ = 2 (L(θ+u) − L(θ) − gᵀu), c_½ = 8 (L(θ+u/2) − L(θ) − ½ gᵀu)",
     "uᵀHu, the curvature at θ itself, from two more forward passes: exact where L is cubic along the step. Its error "
     "bar is what the third order makes of it and the rounding of the losses.",
     "Taylor's theorem; Richardson 1911"},
    {Quantity::overshoot, "overshoot", "1", "ρ = ½ uᵀHu / (−gᵀu)",
     "How far the step overshoots along its own direction, exact: below 1 it descends, at 1 it gains nothing, above 1 "
     "it climbs; the best step along u is u/(2ρ). For SGD it is ½ε gᵀHg / gᵀg. Healthy runs hover near 1, so that the "
     "level alone is no fault.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.1; Cohen et al. 2021"},
    {Quantity::overshoot_secant, "overshoot_secant", "1",
     "ρ = ½ curvature_secant / (−gᵀu) = 1 + (L(θ+u) − L(θ)) / (−gᵀu)",
     "The overshoot as the step really met it, from one more forward pass: the share of the promised descent that did "
     "not come. This is what the checks judge by.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.1; Taylor's theorem"},
    {Quantity::overshoot_forward, "overshoot_forward", "1", "ρ = ½ curvature_forward / (−gᵀu)",
     "An estimate of the overshoot at θ from two more forward passes, with an error bar: where no Hessian-vector "
     "product "
     "can be had, or is too dear.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.1; Richardson 1911"},
    {Quantity::batch_sharpness, "batch_sharpness", "loss/weight²",
     "mean of gᵀHg / mean of gᵀg, over the last steps looked at",
     "Curvature of a batch's own loss along its own gradient, averaged over batches. In training by stochastic "
     "gradient "
     "descent it tends to rise to 2/ε and to stay there, where lambda_max of the whole loss stays below.",
     "Andreyev, Beneventano 2024; jackknife interval"},
    {Quantity::critical_step, "critical_step", "steps", "t > 0 with L(θ + t u) = L(θ)",
     "How many times longer the step could be before it stops paying, on its own batch, by forwards alone. 1/ρ where L "
     "is quadratic along the step; below 1 the step went uphill. The error bar is the bracket.",
     "Kalra, Barkeshli 2024"},
    {Quantity::batch_lambda_max, "batch_lambda_max", "loss/weight²",
     "max over unit v of vᵀHv, H of the step's own batch",
     "Largest curvature of the loss that the step was made from, followed from look to look. Its error bar is the "
     "residual's bound; a value that a search has not finished with is never too large by more than that.",
     "Lanczos 1950; Kato 1949"},
    {Quantity::batch_lambda_min, "batch_lambda_min", "loss/weight²",
     "min over unit v of vᵀHv, H of the step's own batch",
     "Smallest curvature of the same loss; with 99% probability none lies below the error bar. A single batch's is "
     "biased downwards.",
     "Lanczos 1950; Kato 1949"},
    {Quantity::preconditioned_lambda_max, "preconditioned_lambda_max", "loss·P⁻¹/weight²",
     "λ_max of P⁻¹(H + λ I), P: what the optimizer divides by, λ: weight decay that is added to the gradient",
     "Largest curvature as the optimizer meets it: for adaptive optimizers this, not lambda_max, is what its rate must "
     "be small against.",
     "Cohen, Ghorbani, Krishnan et al. 2022"},
    {Quantity::stability_limit, "stability_limit", "loss·P⁻¹/weight²",
     "2/ε for gradient descent; docs/optimizers.md has the others",
     "The preconditioned_lambda_max up to which steps along its direction shrink from one to the next, as the "
     "optimizer's "
     "options and rate have it.",
     "Cohen, Kaur, Li, Kolter, Talwalkar 2021; Cohen, Ghorbani, Krishnan et al. 2022"},
    {Quantity::edge_ratio, "edge_ratio", "1", "preconditioned_lambda_max / stability_limit",
     "Where the run stands against the edge of stability. Healthy runs hover at 1; above it for long, the loss grows.",
     "Cohen, Kaur, Li, Kolter, Talwalkar 2021; Cohen, Ghorbani, Krishnan et al. 2022"},
    {Quantity::relative_gradient_norm, "relative_gradient_norm", "1", "‖G(θ)‖ / ‖G(θ₀)‖",
     "Length of the gradient over the whole training part (or a sample) now, over its length at the first step. Near "
     "zero at a critical point; most runs stop far from one.",
     kTextbook},
    {Quantity::gradient_norm, "gradient_norm", "loss/weight", "‖G‖, ‖G‖² = mean of g_iᵀg_j over mini-batches i ≠ j",
     "Length of the gradient over the training part, estimated without bias from some mini-batches; its error bar is "
     "the "
     "half-width of its 95% interval.",
     "definition; jackknife interval"},
    {Quantity::gradient_noise, "gradient_noise", "loss/weight",
     "√(tr Σ / K), Σ the covariance of the K mini-batch gradients",
     "The length that the mean of the sampled mini-batch gradients would have by chance if the gradient were zero. A "
     "gradient_norm below it is not told from zero.",
     "Mahsereci, Balles, Lassner, Hennig 2017"},
    {Quantity::live_weights, "live_weights", "1",
     "Σ n_l over layers l with √(mean ‖g_l‖²) · max(‖w_l‖, 0.01 √n_l) ≥ 10⁻³ L, over Σ n_l",
     "Share of the weights that mini-batches pull at, be it to and fro: moved by their whole length they would change "
     "the loss by more than a thousandth of it, to first order. In healthy networks nearly all; where units are dead "
     "or "
     "saturated only the last layer's, or none.",
     "definition; limit from tests/train/standing_runs_test.cpp"},
    {Quantity::lambda_max, "lambda_max", "loss/weight²", "max over unit v of vᵀHv",
     "Largest curvature of the objective on some mini-batches of the training part: the largest eigenvalue of its "
     "Hessian. With 99% probability none lies above the error bar.",
     "Lanczos 1950; van Dorsselaer, Hochstenbach, van der Vorst 2000"},
    {Quantity::lambda_min, "lambda_min", "loss/weight²", "min over unit v of vᵀHv",
     "The smallest eigenvalue of the same Hessian. Below zero there is a direction in which the slope only gets "
     "steeper; "
     "in networks it mostly is, a little. With 99% probability none lies below the error bar.",
     "Lanczos 1950; van Dorsselaer, Hochstenbach, van der Vorst 2000"},
    {Quantity::escape_curvature, "escape_curvature", "loss/weight²",
     "vᵀHv, v: vector of lambda_min, H on other mini-batches",
     "Curvature along the direction of lambda_min on rows that the direction was not made from: the smallest of many "
     "eigenvalues of a sample is biased downwards, this is not.",
     "definition; 95% interval over mini-batches"},
    {Quantity::escape_length, "escape_length", "weight", "t > 0 with the lowest loss at θ ± t v",
     "How far a forward search went along the direction of lambda_min, on the rows that it was made from.",
     kDefinition},
    {Quantity::escape_gain, "escape_gain", "loss", "L(θ) − L(θ ± t v), on other mini-batches",
     "What the walk along the direction of lambda_min gains, on rows that neither direction nor length was made from. "
     "Large beside a small gradient: a saddle.",
     "definition; 95% interval over mini-batches"},
    {Quantity::descent_gain, "descent_gain", "loss", "L(θ) − L(θ − t G/‖G‖), on other mini-batches",
     "The same straight down the gradient. Nothing beside no escape_gain: a minimum, as far as two directions tell.",
     "definition; 95% interval over mini-batches"},
    {Quantity::input_mean, "input_mean", "of the input", "1/(n d) Σ x_ij",
     "Mean of all input values as the network gets them, after scaling. Best near 0.",
     "LeCun, Bottou, Orr, Müller 1998, section 4.3"},
    {Quantity::input_rms, "input_rms", "of the input", "√(1/(n d) Σ x_ij²)",
     "Root mean square of all input values as the network gets them. Best near 1: initialisers assume it, and the "
     "curvature in the first layer grows with its square.",
     "LeCun, Bottou, Orr, Müller 1998, section 4.3"},
    {Quantity::input_max_abs, "input_max_abs", "of the input", "max |x_ij|",
     "Largest input value as the network gets it. 255 says raw pixels.", kDefinition},
    {Quantity::input_scale_spread, "input_scale_spread", "1", "max_j σ_j / min_j σ_j over columns with σ_j > 0",
     "How unequal the input columns are: largest over smallest non-zero standard deviation. A column is a table's "
     "column, an image's channel, a sequence's feature. The condition number of the first layer grows with its square.",
     "LeCun, Bottou, Orr, Müller 1998, section 4.3"},
    {Quantity::target_rms, "target_rms", "of the target", "√(1/(n d) Σ y_ij²)",
     "Root mean square of real targets as the loss gets them.", kDefinition},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kQuantities.size(); ++i) {
    if (static_cast<std::size_t>(kQuantities[i].id) != i) return false;
  }
  return true;
}
static_assert(in_order(), "kQuantities lists the quantities in the order of the enumeration");

}  // namespace

std::span<const QuantityInfo> quantities() { return kQuantities; }

const QuantityInfo& info(Quantity quantity) { return kQuantities.at(static_cast<std::size_t>(quantity)); }

std::optional<Quantity> quantity_named(std::string_view name) {
  const auto found = std::ranges::find(kQuantities, name, &QuantityInfo::name);
  if (found == kQuantities.end()) return std::nullopt;
  return found->id;
}

bool between_steps(Quantity quantity) {
  switch (quantity) {
    case Quantity::heldout_loss:
    case Quantity::heldout_metric:
    case Quantity::train_loss:
    case Quantity::train_metric:
    case Quantity::neighbour_loss:
      return true;
    default:
      return quantity >= Quantity::relative_gradient_norm && quantity <= Quantity::descent_gain;
  }
}

}  // namespace thalweg
