#include "thalweg/survey/spectrum.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "thalweg/record/mean.h"
#include "thalweg/survey/problem.h"

namespace thalweg {
namespace {

std::vector<at::Tensor> vectors_of(const LanczosResult& found) {
  std::vector<at::Tensor> rows;
  for (const auto* pairs : {&found.top, &found.bottom}) {
    for (const RitzPair& pair : *pairs) rows.push_back(pair.vector);
  }
  return rows;
}

// The first `count` batches as one loss: their weights are put to the sum of all.
std::vector<LossOnBatch> first_batches(const SurveyProblem& problem, std::size_t count) {
  double all = 0.0, some = 0.0;
  for (const LossOnBatch& batch : problem.batches) all += batch.weight;
  std::vector<LossOnBatch> first(problem.batches.begin(), problem.batches.begin() + static_cast<std::ptrdiff_t>(count));
  for (const LossOnBatch& batch : first) some += batch.weight;
  for (LossOnBatch& batch : first) batch.weight *= all / some;
  return first;
}

}  // namespace

Survey::Eigenvalue eigenvalue_of(const RitzPair& pair) {
  return {.value = pair.value,
          .residual = pair.residual,
          .low = pair.value - pair.error,
          .high = pair.value + pair.error,
          .converged = pair.converged};
}

void put_spectrum(const LanczosResult& found, const SurveyOptions& options, Survey& survey) {
  for (const RitzPair& pair : found.top) survey.top.push_back(eigenvalue_of(pair));
  for (const RitzPair& pair : found.bottom) survey.bottom.push_back(eigenvalue_of(pair));
  survey.above = found.above;
  survey.below = found.below;
  survey.certainty = 1.0 - options.miss;
  survey.noise = found.noise;
  survey.condition = condition_of(survey);
}

Survey::Condition condition_of(const Survey& survey) {
  if (survey.top.empty() || survey.bottom.empty()) return {.meaning = "both ends of the spectrum are needed for it"};
  const Survey::Eigenvalue &highest = survey.top.front(), &lowest = survey.bottom.front();
  if (lowest.low > survey.noise && std::isfinite(survey.below) && survey.below > 0.0) {
    return {.value = highest.value / lowest.value,
            .low = highest.low / lowest.high,
            .high = survey.above / survey.below,
            .meaning =
                "λmax / λmin: a gradient method needs about so many steps to shrink the error by e "
                "(Goodfellow, Bengio, Courville 2016, section 4.3.1)"};
  }
  if (lowest.high < -survey.noise) {
    return {.meaning = highest.value > 0.0
                           ? fmt::format("none: H has both signs. The steepest way up is bent {:.3g} times as much as "
                                         "the steepest way down",
                                         highest.value / -lowest.value)
                           : "none: H has no positive eigenvalue"};
  }
  return {.low = highest.low / std::max(lowest.high, survey.noise),
          .meaning = "at least so much: the smallest eigenvalue cannot be told from zero"};
}

CrossFitted cross_fit(const SurveyProblem& problem, const LanczosResult& found, const SurveyOptions& options) {
  CrossFitted result;
  if (problem.independent.size() < 2) return result;
  const at::Tensor rows = at::stack(vectors_of(found));
  std::vector<std::vector<double>> values(static_cast<std::size_t>(rows.size(0)));
  int made = 0;
  const auto count = static_cast<int>(problem.independent.size());
  for (const LossOnBatch& batch : problem.independent) {
    HessianOperator h({{batch.loss, 1.0}}, leaves(problem), {.memory_limit = options.memory_limit});
    const at::Tensor along = (rows * h.apply(rows)).sum(1, false, at::kDouble).cpu();
    for (std::int64_t i = 0; i < rows.size(0); ++i) {
      values[static_cast<std::size_t>(i)].push_back(along[i].item<double>());
    }
    result.products += h.cost().products;
    options.progress({"independent batches", ++made, count});
  }
  const std::size_t tops = found.top.size();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool top = i < tops;
    result.values.push_back({.top = top,
                             .rank = static_cast<int>(top ? i : i - tops) + 1,
                             .here = top ? found.top[i].value : found.bottom[i - tops].value,
                             .elsewhere = mean_interval(values[i]),
                             .batches = count});
  }
  return result;
}

Grown grow(const SurveyProblem& problem, const SurveyOptions& options) {
  Grown result;
  at::Tensor start;
  for (std::size_t count = 1; count < problem.batches.size(); count *= 2) {
    HessianOperator h(first_batches(problem, count), leaves(problem), {.memory_limit = options.memory_limit});
    const LanczosResult found = lanczos(h, {.top = std::min(2, static_cast<int>(h.dimension())),
                                            .tolerance = 1e-2,
                                            .margin = options.margin,
                                            .miss = options.miss,
                                            .max_products = options.max_products,
                                            .seed = options.seed,
                                            .start = start});
    start = at::stack(vectors_of(found));
    result.products += found.products;
    result.values.push_back({.batches = static_cast<int>(count), .largest = eigenvalue_of(found.top.front())});
    options.progress({"fewer batches", static_cast<int>(result.products), 0});
  }
  return result;
}

}  // namespace thalweg
