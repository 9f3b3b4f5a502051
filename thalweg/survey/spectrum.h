// The extreme eigenvalues of a survey, and what is measured along their eigenvectors.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

#include "thalweg/record/survey.h"
#include "thalweg/spectral/lanczos.h"
#include "thalweg/survey/survey.h"

namespace thalweg {

Survey::Eigenvalue eigenvalue_of(const RitzPair& pair);

// Into top, bottom, above, below, certainty, noise and condition.
void put_spectrum(const LanczosResult& found, const SurveyOptions& options, Survey& survey);

// The condition number λmax / λmin, where H is positive definite; in words, what stands in its place elsewhere.
Survey::Condition condition_of(const Survey& survey);

struct CrossFitted {
  std::vector<Survey::CrossFit> values;
  std::int64_t products = 0;
};
// v'Hv on each independent batch of the eigenvectors that the surveyed batches gave (they do not know those batches, so
// that the mean is unbiased for v'H̄v): mean and 95% interval by Student's t. One graph is kept at a time.
CrossFitted cross_fit(const SurveyProblem& problem, const LanczosResult& found, const SurveyOptions& options);

// How λmax changes with the number of batches: of the first 1, 2, 4, … of them, before all. Each search starts from the
// vectors of the one before.
struct Grown {
  std::vector<Survey::Growth> values;
  std::int64_t products = 0;
};
Grown grow(const SurveyProblem& problem, const SurveyOptions& options);

}  // namespace thalweg
