// Before a run is lost: at which step it leaves the stable region, said while there is time, and scored afterwards.
//
// A mode of the Hessian with eigenvalue λ is multiplied at each gradient step by 1 − ελ. It grows, |1 − ελ| > 1, beyond
// ελ = 2: in general where edge_ratio = λmax(P⁻¹H)/limit passes 1 (optim/stability.h). Healthy networks live there for
// thousands of steps, since the landscape bends and holds the mode back (Cohen et al. 2021, 2022), and the ratio of one
// small batch may stay far above 1. What tells is how much of the step the growing modes carry: the overshoot
// ρ = ½u'Hu/(−g'u) is ½ελ averaged over the modes of the step, and at ρ = 1 the whole step grows, |1 − 2ρ| = 1.
// A loss spike comes where this curvature along the step, not the largest one, passes the limit (Bai et al. 2025,
// arXiv:2506.04805).
//
// The rule. Lines by least squares through the last `readings` of ρ and of log edge_ratio, and through the losses of
// the last steps. They cross where ρ's line reaches `carried` and the ratio's line is above `edge`; `span` being the
// steps that ρ's line was seen over, the loss is lost some lag · span later, give or take as much again:
//     N = crossing + lag · span,  M² = F² + (lag · span)²,  F half of Fieller's interval of the crossing (Fieller
//     1954).
// The forecast stands while
//     slope of ρ ≥ rising · its standard error, slope of the loss ≥ loss_rising · its standard error,
//     the crossing lies within one span from now, F within two, and the crossing within the planned run.
// So a level alone is no alarm, a catapult that is over is none, nor is a ramp along which the loss still falls.
// Everything is a ratio: losses may be scaled. Thresholds: tuning seeds of bench/instability.py; docs/instability.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "thalweg/diagnose/history.h"

namespace thalweg {

struct InstabilityOptions {
  std::size_t readings = 20;  // of a line, at most
  std::size_t enough = 8;     // and at least
  double carried = 0.8;       // ρ at which runs were lost: on its own batch a step looks better than it is
  double edge = 1.0;          // edge_ratio from which a growing mode exists
  double rising = 2.0;        // slope of ρ over its standard error, at least
  double loss_rising = 2.0;   // slope of the loss over its standard error, at least,
  double loss_share = 0.4;    // over the last part of the span
  double lag = 0.2;           // of the span, from the crossing to the loss of the run
  double student = 1.73;      // quantile for M: 90% of 20 readings
  double momentum = 0.0;      // β of a heavy ball, β₁ of Adam: for `growth` alone
};

struct InstabilityForecast {
  std::int64_t made_at = 0;      // step of the last reading that it rests on
  double step = 0.0;             // N
  double margin = 0.0;           // M
  double overshoot = 0.0;        // ρ's line at made_at,
  double overshoot_slope = 0.0;  // and what it gains a step
  double edge_ratio = 0.0;       // the ratio's line at made_at
  double growth = 0.0;           // a step, of a mode at that ratio, as long as nothing holds it back

  double earliest() const { return step - margin; }
  double latest() const { return step + margin; }
};

// From the readings up to `now`; nothing where no forecast stands, or too little was read.
std::optional<InstabilityForecast> forecast_instability(const History& history, const InstabilityOptions& options = {});
std::optional<InstabilityForecast> forecast_instability(const History& history, std::int64_t now,
                                                        const InstabilityOptions& options = {});

// "leaves the stable region at step 540 ± 35 (said at step 490: overshoot 0.72, rising; edge ratio 3.1)"
std::string words(const InstabilityForecast& forecast);

// |z| of the largest root of z² − (1 + β)(1 − 2r) z + β, the recursion of a mode at r times the limit under momentum β:
// |1 − 2r| for β = 0. Below 1 where r < 1.
double mode_growth(double edge_ratio, double momentum);

// What happened. A run blows up at the first step from which on it has lost half of what it had learnt, and does not
// get it back: in each of the next 4 blocks of 16 steps, or those that the run still had, the median loss is above the
// middle between the lowest median of 16 losses before and the floor, the lower of the first loss and the best
// constant's. Where that middle lies within the noise of the losses, nothing had been learnt, and the limit is half the
// first loss above it. A loss that is not finite counts as infinite; so do those from there to the end of the run.
std::optional<std::int64_t> blow_up_step(const History& history);

struct InstabilityScore {
  std::optional<std::int64_t> blow_up;
  std::vector<InstabilityForecast> forecasts;  // all that stood, one a reading, before the blow-up
  std::optional<double> lead;                  // steps from the first of them to the blow-up
  std::optional<double> first_error;           // N − blow-up, of the first
  std::optional<double> last_error;            // and of the last
  int came_true = 0;                           // forecasts with the blow-up within N ± M
  int alarms = 0;                              // stretches of readings in a row at which a forecast stood
  int false_alarms = 0;                        // stretches of which none came true
  int open = 0;                                // of these, those whose N + M lies beyond the last step
};

// The forecasts that were made on the way, made again, beside what happened.
InstabilityScore score_instability(const History& history, const InstabilityOptions& options = {});

}  // namespace thalweg
