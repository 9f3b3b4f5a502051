// What the landscape looks like at the point where a network stands, for any model: named parameters and one closure a
// batch are all it needs.
//
//   1. loss, gradient g, its rounding and its sampling noise; what it was before the first step, where that is known
//   2. extreme eigenvalues of H by Lanczos with error bounds, and with which probability none was missed
//   3. trace, index bounds; λmax of P⁻¹H beside the optimizer's limit; layers' own blocks; density; slices
//   4. eigenvectors measured again on independent batches: those of a mini-batch are biased outward
//   5. a step down the most negative curvature, tried by forwards
//   6. a verdict (verdict.h has the rule) with its reasons
//
// The parameters are put back bit for bit, also when something throws; .grad is left alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "thalweg/record/survey.h"
#include "thalweg/spectral/hessian.h"

namespace thalweg {

struct SurveyProblem {
  std::string subject;                                         // for the reader: "runs/a, step 1200"
  std::vector<std::pair<std::string, at::Tensor>> parameters;  // leaves that require gradients, "<layer>.weight"
  std::vector<LossOnBatch> batches;                            // L = Σ weight · loss; equal batches: weight 1 / count
  std::vector<LossOnBatch> independent;  // others of the same kind and size (weight is of no account); may be empty
  std::int64_t rows = 0;                 // in `batches`; 0: not known

  // ‖g‖ on `batches` before the first step; NaN: not known.
  double gradient_at_start = std::numeric_limits<double>::quiet_NaN();

  // The optimizer's own view, where it has one.
  std::string optimizer;                                        // its name; "": none
  at::Tensor preconditioner;                                    // P, [p], positive; undefined: the identity
  double peak_rate = std::numeric_limits<double>::quiet_NaN();  // of its schedule
  double learning_rate = std::numeric_limits<double>::quiet_NaN();
  double stability_limit = std::numeric_limits<double>::quiet_NaN();  // of λmax(P⁻¹H); NaN: not known
  std::string limit_formula;
  std::string limit_caveat;
  double added_curvature = 0.0;  // the limit is that of P⁻¹(H + added_curvature · I)
  at::Tensor update;             // the optimizer's step, [p]: for a slice; undefined: none
};

struct SurveyProgress {
  std::string_view stage;  // "eigenvalues"
  int products = 0;        // made in this stage
  int planned = 0;         // at most; 0: not known
};

struct SurveyOptions {
  int top = 1;
  int bottom = 1;
  double tolerance = 1e-3;  // of an eigenvalue: error ≤ tolerance · |λ|
  double margin = 0.05;     // and none further out than by margin · |λ|,
  double miss = 1e-3;       // but with this probability
  // 'none below −ε' is claimed of a minimum where ε ≤ flatness · λmax can be certified
  double flatness = 0.01;
  int max_products = 400;   // for the eigenvalues
  int trace_products = 30;  // 0: no trace
  int density_products = 100;
  double index_epsilon = 0.01;  // the index counts eigenvalues below −index_epsilon · max |λ|
  int index_products = 60;      // 0: no index
  bool layers = false;
  bool density = false;
  bool slices = false;
  std::uint64_t seed = 0;
  std::int64_t memory_limit = std::int64_t{1} << 30;  // bytes, graphs and vectors together
  std::function<void(const SurveyProgress&)> progress = [](const SurveyProgress&) {};
  std::function<void(const Survey::Memory&)> planned = [](const Survey::Memory&) {};  // before the first product
};

// std::invalid_argument: options or a problem that cannot be; NoSecondDerivative: an operation that has none, by name.
// Values that are not finite are no error: the survey says where they are, and that it cannot tell.
Survey survey(const SurveyProblem& problem, const SurveyOptions& options = {});

}  // namespace thalweg
