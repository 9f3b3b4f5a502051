// Whether a run stands still far from where it could be: what saddle_point, plateau and local_minimum ask first.
//
// It stands still where, from the first third of its last half to the last third, the median of the losses has fallen
// by less than a twentieth of the task's own scale: of the floor, the lower of the first loss and the best constant's
// (loss_level.h). At that pace it would take twenty such windows and more to learn all that there is. A fall of the
// last losses counts where it is more than their noise. It is far while the loss is above a tenth of the floor. A
// finished training is not far; a noise floor stands still and may look far: what tells it apart is the point itself,
// and the loss that nearest neighbours reach.
#pragma once

#include <cstdint>
#include <optional>

#include "thalweg/diagnose/loss_level.h"
#include "thalweg/record/finding.h"

namespace thalweg {

struct StandingOptions {
  LossLevelOptions level;
  int steps = 128;      // losses that the window must hold
  double still = 0.05;  // still: the loss falls over the window by less than still · floor
  double far = 0.1;     // far: loss ≥ far · floor
};

struct Standing {
  std::int64_t first = 0, last = 0;  // steps of the window
  double level = 0.0;                // loss at its end
  double descent = 0.0;              // by which it fell in it
  double floor = 0.0;
  std::optional<double> reachable;   // neighbour_loss
  std::optional<std::int64_t> look;  // the last step within the window at which the point was looked at
};

// The judgement of a run that does not stand still, or of one that cannot be told yet: `standing` is then empty.
struct StandingOrNot {
  std::optional<Standing> standing;
  Judgement otherwise;
};
StandingOrNot standing(const History& history, const StandingOptions& options = {});

// A reading of one step with its error bar; nothing where there is none, or where it is not finite.
std::optional<Point> reading_at(const History& history, Quantity quantity, std::int64_t step);

// "The loss has stood still at 2.3 since step 600, where nearest neighbours reach 0.8."
std::string standing_words(const Standing& standing);

// What the three checks look at, once the run stands still and its point was looked at.
struct Look {
  Standing standing;
  double gradient = 0.0;  // upper end of ‖G‖'s interval
  double live_weights = 0.0;
  std::optional<Point> lambda_min;  // none: not measured
  std::optional<Point> escape_curvature, escape_gain, descent_gain;
  double escape_length = 0.0;
};
struct LookOrNot {
  std::optional<Look> look;
  Judgement otherwise;
};
LookOrNot look_of(const History& history, const StandingOptions& options = {});

// A way down that slope does not explain: curvature below zero and a gain above it, both beyond their error bars on
// rows that the direction was not made from; gain ≥ share · floor; and ‖G‖ t ≤ gain, so that over the length t of the
// walk the whole gradient could not have gained as much.
struct EscapeOptions {
  double share = 0.02;
};
bool has_way_down(const Look& look, const EscapeOptions& options = {});  // with or without a small gradient
bool gradient_is_small(const Look& look);                                // ‖G‖ t ≤ gain

inline constexpr std::string_view kStandingRuns = "limit from tools/standing_runs.py";

}  // namespace thalweg
