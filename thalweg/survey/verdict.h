// Minimum, saddle, no critical point, or not to be told; and why.
//
// Small. A gradient is called small where one of these holds:
//   rounding   ‖g‖ ≤ 4 times what the last bits of the weights make of it: nothing of it is known
//   decline    ‖g‖, or the upper end of its 95% interval where there is one, is at most a hundredth of what it was
//              before the first step (the convention of a run's summary; most networks stop well before:
//              Goodfellow, Bengio, Courville 2016, section 8.2.2)
//   noise      the 95% interval of ‖G‖² reaches down to zero, and its upper end is below the squared length that
//              sampling alone gives the mean gradient: the sample holds less slope than noise
// It is not small where none holds and it is resolved: above its rounding and, where it was sampled, with an interval
// above zero. Otherwise that cannot be told.
//
// Saddle: small, and the lowest eigenvalue with its error bar lies below zero and below rounding (Dauphin et al. 2014;
// Goodfellow, Bengio, Courville 2016, section 8.2.3). Where 'small' speaks of more than the surveyed batches (decline
// by an interval, noise), the direction must go down on independent batches, too; and where it is noise that hides the
// slope, the way down along the curvature must gain more than a step along the hidden slope could, ‖G‖² / 2 λmax at
// most.
//
// Minimum: small, and with a probability of at least 1 − miss no eigenvalue below −ε, ε ≤ flatness · max |λ| (the
// second order point of Royer, O'Neill, Wright 2020), and the flattest direction does not go down at higher order. It
// says nothing of directions flatter than ε. Where H vanishes altogether, the second derivative tells nothing.
#pragma once

#include "thalweg/record/survey.h"

namespace thalweg {

struct VerdictOptions {
  double roundings = 4.0;
  double decline = 1e-2;
  double flatness = 0.01;
};

// Sets verdict, reasons and would_take from all the rest.
void judge(Survey& survey, const VerdictOptions& options = {});

}  // namespace thalweg
