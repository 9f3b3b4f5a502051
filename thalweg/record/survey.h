// What a survey found at one point θ of the landscape: how steep it is there, how curved, in which directions it still
// goes down, and what follows from that. L: the loss of the surveyed batches together; g, H: its gradient and Hessian.
//
// NaN stands for what was not, or could not be, measured. Every value is one with an error bar, an interval or a
// probability beside it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/record/run.h"

namespace thalweg {

inline constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

enum class SurveyVerdict {
  saddle,        // the gradient is small, and a direction with negative curvature is certain
  minimum,       // the gradient is small, and no direction is bent down by more than a stated ε
  not_critical,  // the gradient is not small: there is a slope
  cannot_tell    // and would_take says what would tell
};
std::string_view name(SurveyVerdict verdict);

struct Survey {
  struct Eigenvalue {
    double value = kNotMeasured;
    double residual = kNotMeasured;  // ‖H y − θ y‖
    double low = kNotMeasured;       // an eigenvalue lies within [low, high], rounding included
    double high = kNotMeasured;
    bool converged = false;  // the bound is within tolerance, and none was missed further out, as `certainty` says
  };

  // The gradient, and what it has to be compared with before it is called small.
  struct Gradient {
    double norm = kNotMeasured;      // ‖g‖ on the surveyed batches
    double rounding = kNotMeasured;  // length of what the arithmetic alone does to g: nothing below it is claimed
    int samples = 0;                 // batches that the sampling noise was taken from; 0: it is not known
    Interval norm_sq{kNotMeasured, kNotMeasured, kNotMeasured};  // ‖G‖² beyond these batches, unbiased; 95% interval
    double noise_sq = kNotMeasured;  // squared length that sampling alone gives the mean of the samples
    double evidence = kNotMeasured;  // above 0: the gradient is within its own noise (Mahsereci et al. 2017)
    double at_start = kNotMeasured;  // ‖g‖ on the same batches before the first step
  };

  struct Trace {
    double value = kNotMeasured;
    double standard_error = kNotMeasured;
    std::int64_t products = 0;
  };

  // In how many directions the loss bends down.
  struct Index {
    std::int64_t negative = 0;  // at least so many eigenvalues are negative, beyond rounding
    std::int64_t lower = 0;     // at least so many lie below −epsilon: as many Ritz values do (interlacing)
    std::int64_t upper = -1;    // and at most so many, with `confidence`; −1: not known
    double epsilon = kNotMeasured;
    double confidence = kNotMeasured;
  };

  struct Condition {
    double value = kNotMeasured;
    double low = kNotMeasured;
    double high = kNotMeasured;
    std::string meaning;
  };

  // An eigenvector of the surveyed batches, measured on batches that it does not know.
  struct CrossFit {
    bool top = true;  // end of the spectrum
    int rank = 1;     // 1: the outermost
    double here = kNotMeasured;
    Interval elsewhere{kNotMeasured, kNotMeasured, kNotMeasured};  // mean of v'Hv over them; 95% interval
    int batches = 0;
  };
  struct Growth {
    int batches = 0;  // λmax of the loss over the first so many
    Eigenvalue largest;
  };

  // λmax of P⁻¹H for the optimizer's own preconditioner P, and where its steps become unstable.
  struct Stability {
    std::string optimizer;                // "adamw"
    double learning_rate = kNotMeasured;  // of the last step
    double peak_rate = kNotMeasured;      // of the schedule
    double limit = kNotMeasured;
    Eigenvalue largest;
    double added = 0.0;   // weight decay that the optimizer adds to the gradient curves H by so much everywhere
    std::string caveat;   // what the limit does not cover
    std::string formula;  // of the limit: "(2 + 2β₁) / ((1 − β₁) ε)"
  };

  // Down the most negative curvature, with forwards alone.
  struct Escape {
    double curvature = kNotMeasured;   // v'Hv of the direction v
    double slope = kNotMeasured;       // g'v, of the sign that was taken
    double length = 0.0;               // of the best step along v; 0: no step gained anything
    double gain = 0.0;                 // L(θ) − L(θ + length v)
    double resolution = kNotMeasured;  // rounding of that difference
    Interval gain_elsewhere{kNotMeasured, kNotMeasured, kNotMeasured};  // on independent batches
    int forwards = 0;
    bool still_falling = false;  // where the search ended
  };

  struct Layer {
    std::string name;
    std::int64_t parameters = 0;
    Eigenvalue largest;  // of the layer's own block of H
    Eigenvalue smallest;
    double gradient_sq = kNotMeasured;  // its share of ‖g‖²
  };

  struct Density {
    std::vector<double> at;       // eigenvalue
    std::vector<double> density;  // share of the eigenvalues per unit
    std::vector<double> low;      // error band
    std::vector<double> high;
    double bandwidth = kNotMeasured;
    std::int64_t products = 0;
  };

  // L along θ + t d.
  struct Slice {
    std::string direction;            // "top eigenvector"
    double curvature = kNotMeasured;  // d'Hd
    double slope = kNotMeasured;      // g'd
    double step = kNotMeasured;       // of the optimizer along d
    std::vector<double> at;           // t, in units of weight; d is a unit vector
    std::vector<double> loss;
  };
  // L over θ + x d₁ + y d₂; loss[j · x.size() + i] belongs to x[i], y[j].
  struct Plane {
    std::string x_direction;
    std::string y_direction;
    std::vector<double> x;
    std::vector<double> y;
    std::vector<double> loss;
  };

  struct Cost {
    std::int64_t hvps = 0;  // Hessian-vector products, each on as many rows as its operator has
    std::int64_t forwards = 0;
    double gradient_units = kNotMeasured;  // wall time of the survey over that of one gradient on the surveyed batches
    double seconds = 0.0;
    double seconds_per_gradient = kNotMeasured;
  };
  struct Memory {
    std::int64_t graph_bytes = 0;  // of one retained graph
    int graphs = 0;                // kept at a time
    int streamed = 0;              // built anew for each product
    std::int64_t vector_bytes = 0;
    std::int64_t limit = 0;
    std::int64_t total() const { return graphs * graph_bytes + vector_bytes; }
  };

  std::string subject;  // "runs/a, step 1200"
  std::int64_t parameters = 0;
  int batches = 0;
  std::int64_t rows = 0;  // in all of them; 0: not known

  double loss = kNotMeasured;
  Gradient gradient;
  double gHg = kNotMeasured;
  std::vector<Eigenvalue> top;     // largest first
  std::vector<Eigenvalue> bottom;  // smallest first
  double above = kNotMeasured;     // no eigenvalue lies above this, none below that,
  double below = kNotMeasured;
  double certainty = kNotMeasured;  // each with this probability
  double noise = kNotMeasured;      // rounding: no eigenvalue is known better
  Condition condition;
  Trace trace;
  Index index;

  std::vector<CrossFit> cross_fitted;
  std::vector<Growth> growth;
  std::optional<Stability> stability;
  std::optional<Escape> escape;
  std::vector<Layer> layers;
  std::optional<Density> density;
  std::vector<Slice> slices;
  std::optional<Plane> plane;

  SurveyVerdict verdict = SurveyVerdict::cannot_tell;
  std::vector<std::string> reasons;
  std::string would_take;  // what would tell; "" where it is told
  Cost cost;
  Memory memory;
  std::vector<std::string> notes;
  std::vector<std::string> files;       // that were written
  std::vector<std::string> not_finite;  // names of parameters or losses that are not
};

}  // namespace thalweg
