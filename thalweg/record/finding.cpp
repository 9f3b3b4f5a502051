#include "thalweg/record/finding.h"

#include <algorithm>
#include <array>

namespace thalweg {
namespace {

// One entry a check: a code without a check is not listed. In order of causal role, root first.
constexpr std::array<FindingInfo, 19> kFindings = {{
    {"input_scale", "The inputs have a bad scale",
     "The network gets inputs that are far too large or too small, or columns whose scales differ by orders of "
     "magnitude. Initialisers assume inputs near zero mean and unit variance; curvature in the first layer grows with "
     "the square of the input, so that one rate is too high for the large columns and too low for the small ones.",
     "Before the first step: input_rms above 10, input_max_abs below 0.05, or input_scale_spread above 100. A fault "
     "needs a measured harm too: an initial_loss of more than twice constant_loss, a loss that was thrown up, or one "
     "that is still above half of the best constant's after 200 steps; otherwise it is a warning.",
     "Standardise: data.input_scaling = \"standardize\" (fitted on the training part). For pixels \"unit\" is enough.",
     "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, section 4.3"},
    {"symmetric_initialization", "Units start as copies of each other",
     "Units with equal weights get equal gradients: no step tells them apart, and a layer of them is worth one unit. "
     "Weights that start at zero or at one constant are such a start, on a saddle at that.",
     "Before the first step: symmetric_units, the share of a layer's units that have the weights and the gradient of "
     "another. Half or more is a fault, any less a warning; a random draw has none.",
     "Weights at random: model.init.kind = \"default\". A last layer may start at zero, its outputs have targets of "
     "their "
     "own.",
     "Goodfellow, Bengio, Courville 2016, section 8.4"},
    {"bad_initialization", "The weights start at a bad scale",
     "The initial weights make the outputs confidently wrong, lose what tells rows apart on its way through the "
     "layers, or "
     "let the gradient reach some layers only. Depth makes powers of small factors.",
     "Before the first step: initial_loss against constant_loss; activation_rms and input_correlation of the last "
     "hidden "
     "layer against the largest before it; ‖gradient‖ · ‖weight‖ of the layers against each other; "
     "weight_spectral_scale. "
     "A run that learns in spite of it is warned only.",
     "model.init.kind = \"orthogonal\", or \"lsuv\", which scales each layer on a batch of the data; thalweg check "
     "tries "
     "both, and others, and shows what they would do.",
     "Glorot, Bengio 2010; Mishkin, Matas 2016; Yang, Simon, Bernstein 2023"},
    {"exploding_gradient", "The gradient explodes on its way back",
     "Each layer, or each time step of a recurrent one, makes the gradient larger by a factor, and depth or time makes "
     "a power of it: the first layers are thrown about by what the last ones ask for.",
     "In depth: activation_gradient_rms (or ‖gradient‖ · ‖weight‖) of the first layer against the last hidden one's, a "
     "thousand or more, over five layers or more and by no single one of them; and a loss that was thrown up, or that "
     "is no lower than a constant prediction's after 200 steps. In time: backward_gain of a recurrent layer a "
     "hundred or more before that, with gradient_time_decay above 0.",
     "In depth: model.init.kind = \"orthogonal\" or \"lsuv\". In both: optimizer.clip_norm = 1.0. In time: gates "
     "(lstm, gru), orthogonal recurrent weights.",
     "Glorot, Bengio 2010; Pascanu, Mikolov, Bengio 2013; Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017"},
    {"vanishing_gradient", "The gradient vanishes on its way back",
     "Each layer, or each time step of a recurrent one, makes the gradient smaller by a factor, and depth or time "
     "makes "
     "a power of it: the first layers, or the far past, are not learnt.",
     "In depth: activation_gradient_rms (or ‖gradient‖ · ‖weight‖) of the first layer against the last hidden one's, a "
     "thousandth or less, over five layers or more and by no single one of them; and a loss that is no lower than a "
     "constant prediction's after 200 steps. In time: backward_gain of a recurrent layer 1e-4 or less, and a run that "
     "stands still with nothing learnt.",
     "In depth: model.init.kind = \"orthogonal\" or \"lsuv\", residual layers, a normalisation before each "
     "activation. "
     "In time: gates (gru, lstm) that begin to remember (memory), orthogonal recurrent weights.",
     "Glorot, Bengio 2010; Bengio, Simard, Frasconi 1994; Schoenholz, Gilmer, Ganguli, Sohl-Dickstein 2017"},
    {"normalization_wrong_axis", "A batch norm runs over a wrong axis",
     "A batch norm gives each feature its own mean and variance. Over a wrong axis it mixes the features, and what was "
     "unequal before it stays unequal behind it: it does not do what it is there for.",
     "feature_spread, the largest over the smallest standard deviation of the features behind the norm, its scales "
     "divided out: 1 by construction on the right axis; found from 1.25 on, in the median of three looks or more. A "
     "fault where the loss is above half of the floor after 200 steps; else a warning.",
     "axis = 1 in the layer for channels and plain features, axis = 2 for sequences; layer_norm or group_norm where "
     "each row is to be normalised by itself.",
     "Ioffe, Szegedy 2015"},
    {"normalization_small_batch", "The batch is too small for its norm",
     "A batch norm divides by the variance of the batch. Of a few rows that is a matter of luck: the network learns "
     "with that luck, and is evaluated without it.",
     "statistics_noise, the relative standard deviation of a norm's variance from batch to batch, in the median of "
     "three looks or more: found from 0.7 on, that of five values a channel. A fault where at the last two evaluations "
     "the loss of the same rows is higher in evaluation than in training mode, beyond its error bar, by a twentieth of "
     "the floor; or as much lower, while after 200 steps the loss is above half of the floor. Else a warning.",
     "More rows a batch (batch.size); group_norm or layer_norm, which do not look at other rows.",
     "Ioffe 2017; Wu, He 2018"},
    {"learning_rate_too_high", "The learning rate is too high",
     "Steps are so long that they throw the network out of the region it should descend into: the loss blows up, or "
     "units die in the blow and the loss settles at that of a constant prediction. A spike that heals is no fault, nor "
     "is an overshoot near 1: healthy runs live there.",
     "The loss: three in a row at 1.5 times the higher of initial_loss and constant_loss and out of the noise, or all "
     "that was learnt lost again; and since then, block after block of 16 steps, no descent below 0.9 of the lower of "
     "the two, beyond chance at 1% over the whole run. Or a thousandfold loss, or one that is not finite after growth. "
     "Or thrown, and still above half at the end of the run.",
     "Lower optimizer.lr: to lr/(2ρ) where an overshoot ρ above 1 was measured, the minimum of the quadratic model "
     "along the step; by a factor of ten where it was not. Where only the first steps threw the loss up: "
     "schedule.warmup.",
     "Goodfellow, Bengio, Courville 2016, sections 8.2.1 and 11.4.1; Cohen et al. 2021"},
    {"dead_units", "Units are dead",
     "Units that are off on every row: no gradient reaches what makes them, and they stay so. A layer of them lets "
     "nothing through.",
     "dead_units of a layer over 1,024 rows or more: 0.9 or more, and a loss that is no lower than a constant "
     "prediction's after 100 steps, is a fault; half or more in two windows in a row a warning.",
     "model.init.kind = \"default\" and model.init.bias = \"zeros\"; an activation that does not go flat (leaky_relu, "
     "gelu); after a blow by a high rate, a lower optimizer.lr.",
     "Lu, Shin, Su, Karniadakis 2020; Goodfellow, Bengio, Courville 2016, section 6.3"},
    {"saturated_units", "Units are saturated",
     "A tanh or a sigmoid far out is flat: hardly any gradient gets through the unit, on nearly all rows.",
     "saturated_units of a layer over 1,024 rows or more: half or more in two windows in a row, and a loss above half "
     "of the lower of initial_loss and constant_loss after 200 steps.",
     "Smaller weights (model.init.kind = \"default\"); data.input_scaling = \"standardize\"; a normalisation before "
     "the activation.",
     "Glorot, Bengio 2010"},
    {"layer_coupling", "The layers take from each other",
     "Each layer's gradient assumes that the other layers stay as they are. They move, too: here by moving at once "
     "they "
     "lose most of what each layer's update would gain alone.",
     "On more than half of the looks (an e-process, chance of a false finding 1% over the whole run) change_alone, "
     "summed over layers, is below zero, and change_interaction is half of that or more, beyond their error bars. A "
     "fault where the loss is above half of the floor after 200 steps; else a warning.",
     "A lower optimizer.lr; a normalisation between the layers.", "Goodfellow, Bengio, Courville 2016, section 8.7.1"},
    {"normalization_stale", "The running statistics are stale",
     "In evaluation a batch norm uses running statistics of the steps before. Where they lag behind, the network is "
     "evaluated as something that it no longer is.",
     "statistics_gap less its error bar is 0.3 standard deviations or more in some norm, and the loss of the same rows "
     "is higher in evaluation than in training mode, beyond its error bar, by a twentieth of the floor: a fault at the "
     "last two evaluations, a warning at one.",
     "model.statistics = \"precise\" recomputes them over the data before each evaluation; momentum = 0.1 in the "
     "layer lets them follow faster.",
     "Ioffe, Szegedy 2015; Wu, Johnson 2021"},
    {"ill_conditioned_step", "The steps are ill-conditioned",
     "The gradient does not shrink, but the curvature along the step grows by an order of magnitude: the slope is "
     "there, and yet each step loses to curvature what it gains by slope. The loss, or its oscillation, grows with it.",
     "Early against late half of a window: gradient_sq does not shrink, curvature_along_gradient (between exact "
     "readings uᵀHu/uᵀu · gᵀg) grows tenfold, the loss or its scatter grows, and most late steps go uphill on their "
     "own batch (actual_change above 0), beyond chance at 5% over the whole run or with the loss above where it began.",
     "Lower optimizer.lr to lr/(2ρ), so that the step fits the curvature again; a decaying schedule or an optimizer "
     "that scales its directions (adamw) treats the cause.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.1; Cohen et al. 2021"},
    {"saddle_point", "The run stands still at a saddle",
     "The loss no longer falls, though it is far from what it could be; the gradient is all but gone, and yet there is "
     "a "
     "way down, which only curvature shows. Networks whose weights start equal or at zero stand on such a point.",
     "Over the last half of the run the loss fell by less than a twentieth of the lower of initial_loss and "
     "constant_loss. At the point: escape_curvature below zero and escape_gain above it, beyond their error bars; "
     "escape_gain at least a fiftieth of the same; gradient_norm times escape_length no more than escape_gain.",
     "Weights at random: model.init.kind = \"default\". Momentum, smaller batches or a higher optimizer.lr help a run "
     "over a saddle that it came to by itself.",
     "Dauphin, Pascanu, Gulcehre, Cho, Ganguli, Bengio 2014; Goodfellow, Bengio, Courville 2016, section 8.2.3"},
    {"plateau", "The run stands still on a plateau",
     "The loss no longer falls, though it is far from what it could be, and the data pull at next to none of the "
     "weights: units are dead or saturated, so that no row's gradient gets through.",
     "The loss stands as for saddle_point. At the point: live_weights below 0.1, no way down along lambda_min, and a "
     "loss above neighbour_loss where that is known.",
     "Smaller initial weights, biases near zero (model.init.kind, model.init.bias); an activation that does not go "
     "flat, "
     "or a normalisation before it; after a blow by a high rate, a lower optimizer.lr.",
     "Goodfellow, Bengio, Courville 2016, sections 6.3 and 8.2.2"},
    {"batch_too_small", "The batch is too small for what is left",
     "The run stands still in its own noise: down the gradient of many rows the loss would still fall, but the "
     "gradient of one batch is nearly all noise, and the steps cancel.",
     "The loss stands as for saddle_point. In the mean of the looks at the point since then: descent_gain, less its "
     "bar, is a fiftieth of the floor or more; and over the last looks gradient_variance is ten times gradient_signal "
     "or more, that is noise_scale ten "
     "batches.",
     "More rows a step: batch.size, or batch.accumulate; or a rate that falls (schedule.kind = \"cosine\"), which "
     "averages over steps.",
     "McCandlish, Kaplan, Amodei et al. 2018"},
    {"learning_rate_too_low", "The learning rate is too low",
     "Each step uses a hundredth of the descent on offer, or less, and the run has not got far. It is not finished, it "
     "is slow.",
     "At the peak of the schedule, over 200 steps or more: the median overshoot is below 0.01 with 95% confidence (the "
     "best step along u is u/(2ρ)), the weights move by less than 2e-4 of their length a step, and the loss is still "
     "above half of the lower of initial_loss and constant_loss.",
     "Raise optimizer.lr: to lr/(2ρ), at most a hundred times the present one.",
     "Goodfellow, Bengio, Courville 2016, sections 8.2.1 and 11.4.1"},
    {"local_minimum", "The run stands still at a minimum",
     "The loss no longer falls, though the data tell more: rows pull at the weights and cancel, and neither down the "
     "gradient nor along the most negative curvature is anything to be gained. A bad minimum; or the best that a "
     "network too small for the task can do.",
     "The loss stands as for saddle_point. At the point: escape_gain and descent_gain below a fiftieth of the lower of "
     "initial_loss and constant_loss, and live_weights above 0.1. A warning where the loss is nearer to that than to "
     "neighbour_loss; a fault where the run itself has had a lower loss by a tenth of it.",
     "Another seed; a wider network; more noise in the steps: a smaller batch.size, a higher optimizer.lr.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.2; Cover, Hart 1967"},
    {"non_finite", "A number is not finite",
     "The loss, a gradient or a weight became infinite or not a number. Nothing after that step is training.",
     "The first step and quantity (loss before gradient before update before weight) that is not finite, and the "
     "parameters where it shows. Growth to a hundred times within the 50 steps before says that the steps diverged; "
     "none says that an operation (log of 0, 0/0, a bad input cell) made it.",
     "After growth: a lower learning rate, or optimizer.clip_norm. Without: look at the loss (log of 0: a loss on "
     "logits, or loss.clip) and at the data.",
     "Goodfellow, Bengio, Courville 2016, sections 4.1 and 8.2.4"},
}};

template <class Enum, std::size_t n>
constexpr std::string_view name_of(Enum value, const std::array<std::string_view, n>& names) {
  return names.at(static_cast<std::size_t>(value));
}

}  // namespace

std::string_view name(Severity severity) {
  constexpr std::array<std::string_view, 3> kNames = {"note", "warning", "fault"};
  return name_of(severity, kNames);
}

std::string_view name(Verdict verdict) {
  constexpr std::array<std::string_view, 3> kNames = {"healthy", "fault", "cannot_tell"};
  return name_of(verdict, kNames);
}

std::string_view name(TrialVerdict verdict) {
  constexpr std::array<std::string_view, 3> kNames = {"proven", "refuted", "undecided"};
  return name_of(verdict, kNames);
}

std::span<const FindingInfo> finding_kinds() { return kFindings; }

const FindingInfo* finding_kind(std::string_view code) {
  const auto found = std::ranges::find(kFindings, code, &FindingInfo::code);
  return found == kFindings.end() ? nullptr : &*found;
}

}  // namespace thalweg
