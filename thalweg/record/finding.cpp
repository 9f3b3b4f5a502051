#include "thalweg/record/finding.h"

#include <algorithm>
#include <array>

namespace thalweg {
namespace {

// One entry a check: a code without a check is not listed. In order of causal role, root first.
constexpr std::array<FindingInfo, 8> kFindings = {{
    {"input_scale", "The inputs have a bad scale",
     "The network gets inputs that are far too large or too small, or columns whose scales differ by orders of "
     "magnitude. Initialisers assume inputs near zero mean and unit variance; curvature in the first layer grows with "
     "the square of the input, so that one rate is too high for the large columns and too low for the small ones.",
     "Before the first step: input_rms above 10, input_max_abs below 0.05, or input_scale_spread above 100. A fault "
     "needs a measured harm too: an initial_loss of more than twice constant_loss, a loss that was thrown up, or one "
     "that is still above half of the best constant's after 200 steps; otherwise it is a warning.",
     "Standardise: data.input_scaling = \"standardize\" (fitted on the training part). For pixels \"unit\" is enough.",
     "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, section 4.3"},
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
