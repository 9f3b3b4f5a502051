#include "thalweg/record/finding.h"

#include <algorithm>
#include <array>

namespace thalweg {
namespace {

// One entry a check: a code without a check is not listed. In order of causal role, root first.
constexpr std::array<FindingInfo, 5> kFindings = {{
    {"input_scale", "The inputs have a bad scale",
     "The network gets inputs that are far too large, or columns whose scales differ by orders of magnitude. "
     "Initialisers "
     "assume inputs near zero mean and unit variance; curvature in the first layer grows with the square of the input, "
     "so "
     "that one rate is too high for the large columns and too low for the small ones.",
     "At the first step: input_rms, input_max_abs, input_scale_spread. A fault needs a measured consequence too: an "
     "initial_loss far above constant_loss, steps that overshoot, or a loss that stays near the best constant's; "
     "otherwise "
     "it is a warning.",
     "Standardise: data.input_scaling = \"standardize\" (per column, fitted on the training part). Pixels: \"unit\" is "
     "enough.",
     "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, section 4.3"},
    {"learning_rate_too_high", "The learning rate is too high",
     "Steps are so long that they throw the network uphill, out of the region it should descend into: the loss rises "
     "above "
     "that of the best constant prediction, or blows up, or jumps about without falling. A single spike that heals is "
     "no "
     "fault, nor is an overshoot near 1: healthy runs live there.",
     "The loss over a window against the loss before and against constant_loss; overshoot (ρ), its sign test over the "
     "window; "
     "actual_change of single steps.",
     "Lower optimizer.lr: to lr/(2ρ) where the overshoot ρ was measured, the minimum of the quadratic model along the "
     "step; "
     "by a factor of ten where it was not. Warm-up helps where only the first steps are too long.",
     "Goodfellow, Bengio, Courville 2016, sections 8.2.1 and 11.4.1; Cohen et al. 2021"},
    {"learning_rate_too_low", "The learning rate is too low",
     "Steps use a small part of the descent that the landscape offers: the loss falls slowly and steadily, and at the "
     "end of "
     "the run it is still falling. The run is not finished, it is slow.",
     "overshoot (ρ) at the peak rate, median over the run: about lr/(2 best lr) along the step. Together with a loss "
     "that is "
     "still falling, and has come down little, at the end.",
     "Raise optimizer.lr: to lr/(2ρ), at most a hundred times the present one.",
     "Goodfellow, Bengio, Courville 2016, section 11.4.1; LeCun, Simard, Pearlmutter 1993"},
    {"ill_conditioned_step", "The steps are ill-conditioned",
     "The gradient does not shrink, but the curvature along the step grows by an order of magnitude: the slope is "
     "there, and "
     "yet each step loses to curvature what it gains by slope. The loss, or its oscillation, grows with it.",
     "gradient_sq and curvature_along_gradient (or their stand-ins from the step: gᵀg and uᵀHu/uᵀu · gᵀg), early "
     "against late "
     "half of a window; overshoot above 1 in most steps; loss and its scatter, early against late.",
     "Lower optimizer.lr to lr/(2ρ), so that the step fits the curvature again; a decaying schedule or a "
     "preconditioned "
     "optimizer (adamw) treats the cause.",
     "Goodfellow, Bengio, Courville 2016, section 8.2.1; Cohen et al. 2021"},
    {"non_finite", "A number is not finite",
     "The loss, a gradient or a weight became infinite or not a number. Nothing after that step is training.",
     "The first step and quantity (loss before gradient before weight) that is not finite, and the layers where it "
     "shows. "
     "Growth by orders of magnitude just before says that the steps diverged; none says that an operation (log 0, 0/0, "
     "a bad "
     "input cell) made it.",
     "Where the loss or the weights grew before: a lower learning rate, or optimizer.clip_norm. Where they did not: "
     "look at "
     "the loss (log of 0: loss.kind with logits, or loss.clip) and at the data.",
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
