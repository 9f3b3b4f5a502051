// Two networks of one architecture, and the straight way between them: is it the same minimum, up to a rearrangement of
// the units?
//
//   1. symmetry    in how many ways the units can be rearranged (model/symmetry.h)
//   2. alignment   B is rearranged to lie near A, by weights and by activations (alignment.h)
//   3. barrier     L((1−t) A + t B) − ((1−t) L(A) + t L(B)), at the t where its mean over batches is largest (Frankle,
//                  Dziugaite, Roy, Carbin 2020; Entezari, Sedghi, Saukh, Neyshabur 2022); the 95% interval is of the
//                  batches' own values, paired, by Student's t
//   4. statistics  running statistics between two networks are those of neither: they are taken anew at each point
//                  (Jordan, Sedghi, Saukh, Entezari, Neyshabur 2023)
//   5. a verdict   judge() has the rule
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/model/symmetry.h"
#include "thalweg/record/connection.h"
#include "thalweg/survey/alignment.h"

namespace thalweg {

struct PartLosses {
  std::vector<double> batches;  // mean loss of each batch; equal batches
  double metric = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> shares;  // the metric of each batch, where it is a share of right rows; else empty
};

// Weights are parameters, then buffers, in the order of ConnectionProblem's.
struct ConnectionProblem {
  std::string subject_a, subject_b;
  Symmetry symmetry;
  NamedParameters parameters_a, parameters_b;
  NamedParameters buffers_a, buffers_b;
  struct Part {
    std::string name;  // "train", "heldout"
    std::int64_t rows = 0;
    std::function<PartLosses(const NamedParameters& weights)> evaluate;  // in evaluation mode
  };
  std::vector<Part> parts;  // training first
  std::string metric;
  bool larger_is_better = true;
  double constant_loss = std::numeric_limits<double>::quiet_NaN();
  // The same weights, with running statistics taken anew from data; null: there are none.
  std::function<NamedParameters(const NamedParameters& weights)> repaired;
  std::function<at::Tensor(const NamedParameters& weights)> outputs;       // of a batch; null: not known
  HeardPair heard;                                                         // no batches: nothing is heard
  double seconds_per_gradient = std::numeric_limits<double>::quiet_NaN();  // on all training rows
};

struct ConnectOptions {
  int points = 11;  // on a path, ends included
  WeightMatching matching;
  std::function<void(std::string_view stage)> progress = [](std::string_view) {};
};

// std::invalid_argument: networks that differ in a name or a shape, no part, too few points. Values that are not finite
// are no error: the verdict says that it cannot tell, and where they are.
Connection connect(const ConnectionProblem& problem, const ConnectOptions& options = {});

// Same:  on some path the upper end of the barrier's interval is at most the limit.
// Apart: on every path the lower end is above it. That no better alignment exists is not shown by that.
//
// Where the metric is a share of right rows, its barrier on training rows is judged, and the limit is 2 points: below
// it Frankle et al. 2020 (section 2) call two networks linearly connected. Elsewhere the loss is judged, and the limit
// is that share of what the networks have learnt (the best constant prediction's loss less their own): the same rule on
// another scale, and a stricter one, since a loss rises before any row is told wrong.
struct ConnectionRule {
  double limit = 0.02;
};
void judge(Connection& connection, const ConnectionRule& rule = {});

}  // namespace thalweg
