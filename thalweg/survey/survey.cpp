#include "thalweg/survey/survey.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include "thalweg/spectral/density.h"
#include "thalweg/spectral/index.h"
#include "thalweg/spectral/operators.h"
#include "thalweg/spectral/retained_gradient.h"
#include "thalweg/spectral/second_derivatives.h"
#include "thalweg/spectral/stopwatch.h"
#include "thalweg/spectral/trace.h"
#include "thalweg/survey/escape.h"
#include "thalweg/survey/gradient.h"
#include "thalweg/survey/layers.h"
#include "thalweg/survey/problem.h"
#include "thalweg/survey/slices.h"
#include "thalweg/survey/spectrum.h"
#include "thalweg/survey/verdict.h"

namespace thalweg {
namespace {

void check(const SurveyProblem& problem, const SurveyOptions& options) {
  if (problem.parameters.empty()) throw std::invalid_argument("a survey was asked for without parameters");
  if (problem.batches.empty()) throw std::invalid_argument("a survey was asked for without a batch");
  if (options.top < 1 || options.bottom < 1)
    throw std::invalid_argument("a survey needs both ends of the spectrum: top and bottom are at least 1");
  const std::int64_t p = dimension_of(problem);
  for (const at::Tensor* flat : {&problem.preconditioner, &problem.update}) {
    if (flat->defined() && (flat->dim() != 1 || flat->size(0) != p)) {
      throw std::invalid_argument(fmt::format("the preconditioner and the update of a survey are flat, [{}]", p));
    }
  }
}

class Surveyor {
 public:
  Surveyor(const SurveyProblem& problem, const SurveyOptions& options) : problem_(problem), options_(options) {
    survey_.subject = problem.subject;
    survey_.parameters = dimension_of(problem);
    survey_.batches = static_cast<int>(problem.batches.size());
    survey_.rows = problem.rows;
    survey_.gradient.at_start = problem.gradient_at_start;
  }

  Survey run() {
    const Stopwatch watch(problem_.parameters.front().second.device());
    survey_.not_finite = not_finite_parameters(problem_);
    if (survey_.not_finite.empty()) {
      try {
        measure();
      } catch (const NotFinite& error) {
        survey_.not_finite.push_back("a Hessian-vector product");
        survey_.notes.emplace_back(error.what());
      }
    }
    judge(survey_, {.flatness = options_.flatness});
    survey_.cost.seconds = watch.seconds();
    survey_.cost.gradient_units = survey_.cost.seconds / survey_.cost.seconds_per_gradient;
    return std::move(survey_);
  }

 private:
  void measure() {
    if (!build()) return;
    survey_.gradient = measure_gradient(problem_, hessian_->gradient(), options_);
    along_gradient();
    const LanczosResult found = eigenvalues();
    put_spectrum(found, options_, survey_);
    if (options_.trace_products > 0) trace(found);
    if (options_.index_products > 0) index(found);
    if (options_.density) density();
    if (options_.layers) survey_.layers = layer_blocks(problem_, *hessian_, progress("layers"));
    if (!problem_.optimizer.empty()) stability();
    survey_.cost.hvps += hessian_->cost().products;
    const CrossFitted crossed = cross_fit(problem_, found, options_);
    survey_.cross_fitted = crossed.values;
    survey_.cost.hvps += crossed.products;
    escape(found);
    if (options_.slices) draw(found);
  }

  // The batches' graphs; false where loss or gradient are not finite: there is nothing to survey.
  bool build() {
    refuse_missing();
    const Grown grown = grow(problem_, options_);
    survey_.growth = grown.values;
    survey_.cost.hvps += grown.products;
    hessian_ = std::make_unique<HessianOperator>(problem_.batches, leaves(problem_),
                                                 HessianOptions{.memory_limit = options_.memory_limit / 2});
    survey_.loss = hessian_->loss();
    survey_.gradient.norm = length_of(hessian_->gradient());
    survey_.cost.seconds_per_gradient = hessian_->seconds_per_gradient();
    plan_memory();
    if (!std::isfinite(survey_.loss)) {
      survey_.not_finite.emplace_back("the loss");
      return false;
    }
    for (const std::string& layer : not_finite_layers(problem_, hessian_->gradient())) {
      survey_.not_finite.push_back("the gradient of " + layer);
    }
    return survey_.not_finite.empty();
  }

  // All operations without a second derivative by name, before the work starts.
  void refuse_missing() const {
    const auto missing = missing_second_derivatives(problem_.batches.front().loss(), leaves(problem_));
    if (!missing.empty()) throw NoSecondDerivative(fmt::format("{}", fmt::join(missing, ", ")));
  }

  // Half of the limit is for graphs, the rest for vectors.
  void plan_memory() {
    constexpr std::int64_t kWorking = 8;  // vectors beside the basis: gradient, products, weights, moved weights
    constexpr std::int64_t kLongest = 120;
    const auto p = std::max<std::int64_t>(1, survey_.parameters);
    const std::int64_t vector = p * static_cast<std::int64_t>(hessian_->gradient().element_size());
    const std::int64_t least = 2 * (options_.top + options_.bottom) + 4;
    basis_ = std::clamp(options_.memory_limit / 2 / vector - kWorking, least, std::max(least, kLongest));
    survey_.memory = {.graph_bytes = hessian_->graph_bytes(),
                      .graphs = survey_.batches - static_cast<int>(hessian_->streamed()),
                      .streamed = static_cast<int>(hessian_->streamed()),
                      .vector_bytes = (std::min(basis_, p) + kWorking) * vector,
                      .limit = options_.memory_limit};
    options_.planned(survey_.memory);
  }

  std::function<void(int)> progress(std::string_view stage, int planned = 0) const {
    return [this, stage, planned](int products) { options_.progress({stage, products, planned}); };
  }

  // g'Hg along the unit gradient, so that tiny gradients do not underflow.
  void along_gradient() {
    const double norm = survey_.gradient.norm;
    if (!(norm > 0.0)) {
      survey_.gHg = 0.0;
      return;
    }
    const at::Tensor unit = hessian_->gradient() / norm;
    survey_.gHg = norm * norm * (unit * hessian_->apply(unit)).sum(at::kDouble).item<double>();
  }

  LanczosOptions lanczos_options() const {
    return {.tolerance = options_.tolerance,
            .margin = options_.margin,
            .miss = options_.miss,
            .max_products = options_.max_products,
            .max_vectors = static_cast<int>(basis_),
            .seed = options_.seed};
  }

  LanczosResult eigenvalues() {
    LanczosOptions o = lanczos_options();
    o.top = static_cast<int>(std::min<std::int64_t>(options_.top, survey_.parameters));
    o.bottom = static_cast<int>(std::min<std::int64_t>(options_.bottom, survey_.parameters));
    o.progress = progress("eigenvalues", options_.max_products);
    return lanczos(*hessian_, o);
  }

  // The Lanczos basis holds the large eigenvalues, which carry the variance: all products go to probes beside it.
  void trace(const LanczosResult& found) {
    options_.progress({"trace", 0, options_.trace_products});
    const TraceEstimate t = estimate_trace(*hessian_, {.products = options_.trace_products,
                                                       .seed = options_.seed + 1,
                                                       .basis = found.basis,
                                                       .projection = found.projection});
    survey_.trace = {.value = t.value, .standard_error = t.standard_error, .products = t.products};
  }

  void index(const LanczosResult& found) {
    options_.progress({"index", 0, options_.index_products});
    const double scale = std::max(std::abs(found.ritz_values.front()), std::abs(found.ritz_values.back()));
    const IndexBounds bounds = index_bounds(*hessian_, {.epsilon = options_.index_epsilon * scale,
                                                        .confidence = 1.0 - options_.miss,
                                                        .products = options_.index_products,
                                                        .seed = options_.seed + 3,
                                                        .basis = found.basis,
                                                        .projection = found.projection});
    const double below = -bounds.epsilon - found.noise;
    survey_.index = {.negative = bounds.lower,
                     .lower = std::ranges::count_if(found.ritz_values, [&](double ritz) { return ritz < below; }),
                     .upper = bounds.upper.value_or(-1),
                     .epsilon = bounds.epsilon,
                     .confidence = bounds.confidence};
  }

  void density() {
    options_.progress({"density", 0, options_.density_products});
    SpectralDensity d = spectral_density(*hessian_, {.products = options_.density_products, .seed = options_.seed + 2});
    Survey::Density result{.bandwidth = d.bandwidth, .products = d.products};
    for (std::size_t i = 0; i < d.grid.size(); ++i) {
      result.low.push_back(std::max(0.0, d.density[i] - 2.0 * d.standard_error[i]));
      result.high.push_back(d.density[i] + 2.0 * d.standard_error[i]);
    }
    result.at = std::move(d.grid);
    result.density = std::move(d.density);
    survey_.density = std::move(result);
  }

  void stability() {
    AffineOperator shifted(*hessian_, {.shift = problem_.added_curvature});
    Survey::Stability s{.optimizer = problem_.optimizer,
                        .learning_rate = problem_.learning_rate,
                        .peak_rate = problem_.peak_rate,
                        .limit = problem_.stability_limit,
                        .added = problem_.added_curvature,
                        .caveat = problem_.limit_caveat,
                        .formula = problem_.limit_formula};
    if (!problem_.preconditioner.defined()) {  // the identity: nothing has to be searched again
      s.largest = survey_.top.front();
      for (double* value : {&s.largest.value, &s.largest.low, &s.largest.high}) *value += problem_.added_curvature;
    } else {
      try {
        PreconditionedOperator preconditioned(shifted, problem_.preconditioner);
        LanczosOptions o = lanczos_options();
        o.progress = progress("preconditioned", options_.max_products);
        s.largest = eigenvalue_of(lanczos(preconditioned, o).top.front());
      } catch (const std::invalid_argument& error) {
        survey_.notes.push_back(fmt::format("the edge was not measured: {}", error.what()));
        return;
      }
    }
    survey_.stability = std::move(s);
  }

  void escape(const LanczosResult& found) {
    const RitzPair& down = found.bottom.front();
    options_.progress({"escape", 0, 0});
    survey_.escape =
        try_escape(problem_, {.vector = down.vector,
                              .curvature = down.value,
                              .slope = (hessian_->gradient() * down.vector).sum(at::kDouble).item<double>()});
    survey_.cost.forwards += survey_.escape->forwards;
  }

  SliceDirection direction(const std::string& name, const at::Tensor& vector, double curvature) const {
    return {.name = name,
            .vector = vector,
            .curvature = curvature,
            .slope = (hessian_->gradient() * vector).sum(at::kDouble).item<double>()};
  }

  void draw(const LanczosResult& found) {
    std::vector<SliceDirection> directions{
        direction("top eigenvector", found.top.front().vector, found.top.front().value),
        direction("bottom eigenvector", found.bottom.front().vector, found.bottom.front().value)};
    const double norm = survey_.gradient.norm;
    if (norm > 0.0) {
      directions.push_back(direction("gradient", hessian_->gradient() / norm, survey_.gHg / (norm * norm)));
    }
    if (problem_.update.defined() && length_of(problem_.update) > 0.0) {
      const double step = length_of(problem_.update);
      directions.push_back(direction("update", problem_.update / step, kNotMeasured));
      directions.back().step = step;
    }
    survey_.slices = slices_along(problem_, directions, options_);
    survey_.cost.forwards += static_cast<std::int64_t>(directions.size()) * kSlicePoints;
    if (survey_.parameters > 1) {
      survey_.plane = plane_over(problem_, directions[0], directions[1], options_);
      survey_.cost.forwards += kPlanePoints * kPlanePoints;
    }
  }

  const SurveyProblem& problem_;
  const SurveyOptions& options_;
  Survey survey_;
  std::unique_ptr<HessianOperator> hessian_;
  std::int64_t basis_ = 0;
};

}  // namespace

Survey survey(const SurveyProblem& problem, const SurveyOptions& options) {
  check(problem, options);
  return Surveyor(problem, options).run();
}

}  // namespace thalweg
