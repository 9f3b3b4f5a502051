#include "thalweg/survey/slices.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "thalweg/survey/gradient.h"
#include "thalweg/survey/moved.h"
#include "thalweg/survey/problem.h"

namespace thalweg {
namespace {

// Half the width of a slice. By the quadratic model the loss changes there by half of itself, or the slope's own
// minimum is well inside; never further than the weights are long.
double reach(const SliceDirection& d, double loss, double size) {
  constexpr double kBeyondStep = 3.0, kBeyondMinimum = 2.5, kShare = 0.3;
  if (std::isfinite(d.step)) return kBeyondStep * d.step;
  const double bend = std::abs(d.curvature);
  double length = std::sqrt(std::abs(loss) / bend);
  if (std::isfinite(d.slope / bend)) length = std::max(length, kBeyondMinimum * std::abs(d.slope) / bend);
  return std::isfinite(length) && length > 0.0 ? std::min(length, size) : kShare * size;
}

std::vector<double> places(double reach, int count) {
  std::vector<double> at;
  for (int i = 0; i < count; ++i) at.push_back(reach * (2.0 * i / (count - 1) - 1.0));
  return at;
}

double size_of(const Moved& moved) {
  const double size = length_of(moved.start());
  return size > 0.0 ? size : 1.0;
}

}  // namespace

std::vector<Survey::Slice> slices_along(const SurveyProblem& problem, const std::vector<SliceDirection>& directions,
                                        const SurveyOptions& options) {
  Moved moved(leaves(problem));
  const double base = loss_on(problem.batches);
  const int planned = static_cast<int>(directions.size()) * kSlicePoints;
  int made = 0;
  std::vector<Survey::Slice> result;
  for (const SliceDirection& d : directions) {
    Survey::Slice slice{.direction = d.name,
                        .curvature = d.curvature,
                        .slope = d.slope,
                        .step = d.step,
                        .at = places(reach(d, base, size_of(moved)), kSlicePoints)};
    for (const double t : slice.at) {
      moved.to(d.vector * t);
      slice.loss.push_back(loss_on(problem.batches));
      options.progress({"slices", ++made, planned});
    }
    result.push_back(std::move(slice));
  }
  return result;
}

Survey::Plane plane_over(const SurveyProblem& problem, const SliceDirection& x, const SliceDirection& y,
                         const SurveyOptions& options) {
  Moved moved(leaves(problem));
  const double base = loss_on(problem.batches), size = size_of(moved);
  Survey::Plane plane{.x_direction = x.name,
                      .y_direction = y.name,
                      .x = places(reach(x, base, size), kPlanePoints),
                      .y = places(reach(y, base, size), kPlanePoints)};
  int made = 0;
  for (const double b : plane.y) {
    const at::Tensor row = y.vector * b;
    for (const double a : plane.x) {
      moved.to(row + x.vector * a);
      plane.loss.push_back(loss_on(problem.batches));
      options.progress({"plane", ++made, kPlanePoints * kPlanePoints});
    }
  }
  return plane;
}

}  // namespace thalweg
