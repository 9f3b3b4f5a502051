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
    {Quantity::activation_mean, "activation_mean", "of the activation", "mean of h_iu over rows i and units u",
     "Mean of a layer's outputs.", kDefinition},
    {Quantity::activation_rms, "activation_rms", "of the activation", "√(mean of h_iu² over rows i and units u)",
     "Size of a layer's outputs. Kept from layer to layer in a good start; where it shrinks or grows by a factor a "
     "layer, "
     "depth makes a power of it.",
     "Glorot, Bengio 2010; He, Zhang, Ren, Sun 2015"},
    {Quantity::activation_gradient_rms, "activation_gradient_rms", "loss/activation",
     "√(mean of (B ∂L/∂h_iu)² over rows i and units u)",
     "Size of the gradient that arrives at a layer's outputs. What falls from the last layer to the first vanishes, "
     "what "
     "grows explodes.",
     "Glorot, Bengio 2010"},
    {Quantity::backward_gain, "backward_gain", "1", "activation_gradient_rms at the first layer / at the last",
     "What depth makes of the gradient on its way back; of a recurrent layer what time makes of it, ‖∂L/∂s‖ at the "
     "first "
     "moment over that at the last.",
     "Glorot, Bengio 2010; Pascanu, Mikolov, Bengio 2013"},
    {Quantity::effective_rank, "effective_rank", "1", "exp(−Σ p_k ln p_k) / min(rows, width), p_k = σ_k / Σ σ",
     "In how many directions a layer's outputs differ from row to row, as a share of what is possible.",
     "Roy, Vetterli 2007"},
    {Quantity::dead_units, "dead_units", "1", "share of units u with h_iu = 0 on all rows i of the window",
     "Units that are off on every row that was looked at: no gradient reaches what makes them.",
     "Lu, Shin, Su, Karniadakis 2020"},
    {Quantity::dormant_units, "dormant_units", "1", "share of units with mean |h_u| ≤ 0.025 · mean over the layer",
     "Units that hardly fire beside the others of their layer.", "Sokar, Agarwal, Castro, Evci 2023"},
    {Quantity::saturated_units, "saturated_units", "1",
     "share of units with |φ'| < 0.05 of its largest on 95% of the rows of the window",
     "Units whose activation is flat on nearly all rows: hardly any gradient gets through them.",
     "Glorot, Bengio 2010"},
    {Quantity::cloned_units, "cloned_units", "1", "share of units with |corr(h_u, h_v)| > 1 − 10⁻⁴ for another v",
     "Units that say what another unit of their layer says already.", kDefinition},
    {Quantity::jacobian_norm, "jacobian_norm", "1", "σ_max of ∂h_l/∂h_(l−1) at a row",
     "By how much a layer stretches a small change most; of the whole model: from the input to the output.",
     "Saxe, McClelland, Ganguli 2014; Pennington, Schoenholz, Ganguli 2017"},
    {Quantity::jacobian_mean_square, "jacobian_mean_square", "1", "‖J‖²_F / inputs, averaged over rows",
     "The mean squared singular value: by how much a random change's square grows. 1 keeps the signal.",
     "Pennington, Schoenholz, Ganguli 2017"},
    {Quantity::jacobian_condition, "jacobian_condition", "1", "σ_max / σ_min of a Jacobian",
     "How unequally directions are treated.", "Pennington, Schoenholz, Ganguli 2017"},
    {Quantity::input_correlation, "input_correlation", "1", "mean of hᵢ·hⱼ / (‖hᵢ‖ ‖hⱼ‖) over pairs of rows",
     "How alike two different rows look at a layer. Going to 1 with depth: the network forgets its inputs; going to a "
     "lower value from close to 1: it is chaotic.",
     "Poole, Lahiri, Raghu, Sohl-Dickstein, Ganguli 2016"},
    {Quantity::correlation_length, "correlation_length", "layers", "ξ: |c_l − c*| ∝ e^(−l/ξ)",
     "Over how many layers the likeness of two inputs approaches its limit e-fold. A network much deeper than some ξ "
     "does not train.",
     "Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017"},
    {Quantity::depth_in_lengths, "depth_in_lengths", "1", "layers / ξ", "Depth in correlation lengths.",
     "Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017"},
    {Quantity::recurrent_radius, "recurrent_radius", "1",
     "max |λ| of W, W^t = V diag(λ)^t V⁻¹; of gru, lstm: of the mean of ∂s_t/∂s_(t−1)",
     "Largest eigenvalue of the recurrent matrix: what t steps without input make of a state grows as its t-th power. "
     "Gates have a matrix each: theirs is that of the mean Jacobian of a step, along real sequences.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.5; Pascanu, Mikolov, Bengio 2013"},
    {Quantity::lyapunov_exponent, "lyapunov_exponent", "1/step",
     "largest of lim 1/T Σ ln |R_kk|, J_t Q_(t−1) = Q_t R_t",
     "Growth of a small change of the state per time step, along real sequences: below 0 the past is forgotten and the "
     "gradient vanishes, above 0 it explodes.",
     "Benettin et al. 1980; Vogt, Puelma Touzel, Shlizerman, Lajoie 2022"},
    {Quantity::lyapunov_lowest, "lyapunov_lowest", "1/step", "lowest of the same exponents",
     "The direction that is forgotten first.", "Benettin et al. 1980"},
    {Quantity::gradient_time_decay, "gradient_time_decay", "1/step",
     "slope of ln ‖∂L/∂s_(T−k)‖ against k, over real sequences",
     "What one step back in time makes of the gradient that the loss sends to the last state: below 0 it vanishes, "
     "above 0 it grows.",
     "Pascanu, Mikolov, Bengio 2013"},
    {Quantity::memory_horizon, "memory_horizon", "steps", "least k with ‖∂L/∂s_(T−k)‖ ≤ ‖∂L/∂s_T‖ / 100 from there on",
     "Over how many time steps the gradient falls to a hundredth: what lies further back is hardly learnt. Not said "
     "where it does not fall so far within the sequence.",
     "definition; Pascanu, Mikolov, Bengio 2013"},
    {Quantity::weight_spectral_scale, "weight_spectral_scale", "1", "‖W‖₂ √(fan_in / fan_out)",
     "Size of a layer's weights against what keeps features of size 1.", "Yang, Simon, Bernstein 2023"},
    {Quantity::update_spectral_scale, "update_spectral_scale", "1", "‖ΔW‖₂ / ‖W‖₂ of the first update",
     "By how much the first update changes what a layer does.", "Yang, Simon, Bernstein 2023"},
    {Quantity::symmetric_units, "symmetric_units", "1", "share of units with the ingoing weights of another",
     "Units that start as copies of another get the same gradient and stay copies.",
     "Goodfellow, Bengio, Courville 2016, section 8.4"},
    {Quantity::initial_rate, "initial_rate", "of the optimizer", "largest ε without L rising along its first updates",
     "A first learning rate by forwards alone.", "Kalra, Barkeshli 2024"},
    {Quantity::statistics_gap, "statistics_gap", "1",
     "√(mean over channels of ((μ_run − μ)² + (σ_run − σ)²)/σ² − what sampling makes of it)",
     "How far the running statistics that evaluation uses are from those of the last two batches, in standard "
     "deviations "
     "and beyond the luck of the draw.",
     "Ioffe, Szegedy 2015"},
    {Quantity::statistics_noise, "statistics_noise", "1", "relative standard deviation of σ²_B from batch to batch",
     "How much of what a norm divides by is the luck of the batch.", "Ioffe 2017"},
    {Quantity::evaluation_gap, "evaluation_gap", "loss", "L in evaluation mode − L in training mode, same rows",
     "What the change to running statistics costs (or dropout gains).", "Ioffe, Szegedy 2015"},
    {Quantity::constant_channels, "constant_channels", "1", "share of channels with σ²_B ≤ eps",
     "Channels that say the same of every row: the norm blows their rounding up, or silences them.",
     "Ioffe, Szegedy 2015"},
    {Quantity::feature_spread, "feature_spread", "1",
     "max_j σ_j / min_j σ_j over features j behind the norm, before scale",
     "1 where each feature is normalised by its own statistics; far more where the norm runs over a wrong axis.",
     kDefinition},
    {Quantity::coupling_share, "coupling_share", "1", "Σ_{i≠j} |u_iᵀHu_j| / Σ_ij |u_iᵀHu_j|, u_i: update of layer i",
     "How far 'the other weights stay fixed', which each gradient assumes, is from true: 0 where layers do not feel "
     "each other's updates.",
     "Goodfellow, Bengio, Courville 2016, section 8.7.1"},
    {Quantity::change_alone, "change_alone", "loss", "L(θ + u_i) − L(θ), only layer i moved",
     "What the update of one layer would do alone; of the whole model: the sum over layers.", kDefinition},
    {Quantity::change_interaction, "change_interaction", "loss", "L(θ + u) − L(θ) − Σ_i (L(θ + u_i) − L(θ))",
     "What the layers do to each other by moving at once.", "Goodfellow, Bengio, Courville 2016, section 8.7.1"},
    {Quantity::change_beyond_second, "change_beyond_second", "loss", "L(θ + u) − L(θ) − gᵀu − ½ uᵀHu",
     "What of the step neither slope nor curvature foretold.", "Goodfellow, Bengio, Courville 2016, section 8.7.1"},
    {Quantity::symmetry_bits, "symmetry_bits", "bits", "Σ_l log₂ n_l!, and signs and heads",
     "In how many ways the units can be rearranged without changing what the network computes.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.2"},
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
    case Quantity::evaluation_gap:
      return true;
    default:
      return quantity >= Quantity::relative_gradient_norm && quantity <= Quantity::descent_gain;
  }
}

}  // namespace thalweg
