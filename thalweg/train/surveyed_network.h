// A recipe's network with given weights, its batches and its optimizer, as a problem for survey/.
//
// Batch norm normalises by the batch, as in training; running statistics and torch's random stream are put back when
// this goes. Dropout draws the same mask at each forward of a batch.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "thalweg/data/dataset.h"
#include "thalweg/model/network.h"
#include "thalweg/model/tap.h"
#include "thalweg/survey/survey.h"
#include "thalweg/train/survey_target.h"

namespace thalweg {

struct SurveyBatches {
  int count = 1;               // that the Hessian is of
  int independent = 8;         // others, for noise and cross-fitting; fewer where the training part has no more rows
  std::filesystem::path file;  // a safetensors file with x and y that stands in their place; empty: the recipe's data
};

class SurveyedNetwork {
 public:
  // InputError: weights that do not fit the recipe's network (both shapes are named), a file without x and y.
  SurveyedNetwork(const SurveyTarget& target, const SurveyBatches& batches);
  ~SurveyedNetwork();
  SurveyedNetwork(const SurveyedNetwork&) = delete;
  SurveyedNetwork& operator=(const SurveyedNetwork&) = delete;

  const SurveyProblem& problem() const;
  Network& network();
  const Batch& batch() const;                     // the first that is surveyed
  Through through();                              // its forward, heard
  const std::vector<std::string>& notes() const;  // what the user should know

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
