// g'g does not shrink while g'Hg grows by an order of magnitude, and the loss, or its oscillation, grows with them: the
// slope is there, and curvature eats what it gains (Goodfellow, Bengio, Courville 2016, section 8.2.1).
//
// The level of ρ alone is no fault: healthy runs live near 1 (Cohen et al. 2021). Fault where, between the two halves
// of a window that ends now,
//     median g'g does not shrink,   median g'Hg grows tenfold or more,   the loss or its scatter grows,
// and most steps of the late half go uphill on their own batch. And this is either beyond chance over the whole run:
// steps that rise by more than a twentieth of what the slope promised, each against the healthy chance of at most 2/5,
// so that a false alarm anywhere in the run has a chance of at most 5% by that alone (SignEvidence); or the loss has
// been thrown above where it began. Windows of the run's last 64, 128, … 2048 steps are tried.
//
// g'Hg every few steps: u'Hu/u'u · g'g, with the forward-only u'Hu (or the exact one where there is only that). For SGD
// this is g'Hg, since u = −εg; for other optimizers it is the curvature along the step, as if the gradient lay along
// it, which is what such a step meets.
#pragma once

#include "thalweg/diagnose/history.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct IllConditionedStepOptions {
  int window = 64;              // steps of the shortest window
  int longest = 2048;           // and of the longest: slower growth is no matter of single steps
  int readings = 4;             // of the curvature, in each half, else the window is too short
  double growth = 10.0;         // fault: median g'Hg (late) ≥ growth · median |g'Hg| (early)
  double shrunk = 1.0;          // and median g'g (late) ≥ shrunk · median g'g (early)
  double oscillation = 3.0;     // and the loss grew, or its scatter did by this factor while it did not fall
  double uphill = 0.5;          // and more than this share of the late half's steps go uphill
  double rise = 0.05;           // evidence: L(θ+u) − L(θ) > rise · |g'u|, and above its error bar
  double healthy_uphill = 0.4;  // the most that a healthy step does so, given what went before; 0.32 was seen
  double alpha = 0.05;          // and SignEvidence ≥ 1/alpha
};

Judgement judge_ill_conditioned_step(const History& history, const IllConditionedStepOptions& options = {});

}  // namespace thalweg
