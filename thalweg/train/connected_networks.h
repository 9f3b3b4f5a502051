// Two runs or checkpoints of one architecture, with the data of the first, as a problem for survey/connection.h.
//
// The loss and the first metric of the recipe are taken in evaluation mode on rows drawn from the training part and
// from the held-out part (the test part where there is one: it is the same for every seed). Running statistics are
// repaired by forwards in training mode over training rows: mean and variance over all of them, without dropout.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "thalweg/survey/connection.h"
#include "thalweg/train/survey_target.h"

namespace thalweg {

struct ConnectedRows {
  std::int64_t rows = 2048;  // of each part, at most
  std::uint64_t seed = 0;    // that draws them
};

class ConnectedNetworks {
 public:
  // UsageError: recipes of different networks (the first layer that differs is named); InputError: weights that do not
  // fit their recipe's network.
  ConnectedNetworks(const SurveyTarget& a, const SurveyTarget& b, const ConnectedRows& rows = {});
  ~ConnectedNetworks();
  ConnectedNetworks(const ConnectedNetworks&) = delete;
  ConnectedNetworks& operator=(const ConnectedNetworks&) = delete;

  const ConnectionProblem& problem() const;
  const std::vector<std::string>& notes() const;  // what the user should know

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace thalweg
