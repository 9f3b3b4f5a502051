#include "thalweg/survey/layers.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "thalweg/spectral/lanczos.h"
#include "thalweg/spectral/operators.h"
#include "thalweg/survey/gradient.h"
#include "thalweg/survey/problem.h"
#include "thalweg/survey/spectrum.h"

namespace thalweg {

std::vector<Survey::Layer> layer_blocks(const SurveyProblem& problem, HessianOperator& hessian,
                                        const std::function<void(int products)>& progress) {
  constexpr double kTolerance = 1e-2;
  constexpr int kMostProducts = 40;  // a layer: the smallest eigenvalue of many is zero, and is not waited for
  std::vector<Survey::Layer> result;
  int before = 0;
  for (const LayerRange& range : layer_ranges(problem)) {
    BlockOperator block(hessian, {range.begin, range.end});
    const LanczosResult found =
        lanczos(block, {.top = 1,
                        .bottom = 1,
                        .tolerance = kTolerance,
                        .max_products = static_cast<int>(std::min<std::int64_t>(kMostProducts, block.dimension())),
                        .progress = [&](int products) { progress(before + products); }});
    before += static_cast<int>(found.products);
    const double norm = length_of(hessian.gradient().slice(0, range.begin, range.end));
    result.push_back({.name = range.name,
                      .parameters = block.dimension(),
                      .largest = eigenvalue_of(found.top.front()),
                      .smallest = eigenvalue_of(found.bottom.front()),
                      .gradient_sq = norm * norm});
  }
  return result;
}

}  // namespace thalweg
