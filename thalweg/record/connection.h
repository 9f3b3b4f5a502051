// What was found between two networks of one architecture: how many arrangements of the units compute the same, which
// of them brings the two nearest to each other, and what the loss does on the straight way between them.
//
// NaN stands for what was not, or could not be, measured.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/record/run.h"

namespace thalweg {

enum class ConnectionVerdict {
  same,         // one minimum, up to a rearrangement of the units
  apart,        // a barrier is left on every way that was tried
  cannot_tell,  // and would_take says what would tell
};
std::string_view name(ConnectionVerdict verdict);

struct Connection {
  struct Group {
    std::string name;
    std::string what;  // "units", "channels", "heads"
    std::int64_t size = 0;
    std::int64_t blocks = 1;
    std::vector<std::string> layers;  // that write to it
    double permutation_bits = 0.0;
    double sign_bits = 0.0;
    std::int64_t dimensions = 0;                              // of scales and mixing
    double moved = std::numeric_limits<double>::quiet_NaN();  // share of units that the alignment put elsewhere
  };
  struct Alignment {
    std::string method;                                            // "weights", "activations"
    double similarity = std::numeric_limits<double>::quiet_NaN();  // cosine of the two weight vectors
    double distance = std::numeric_limits<double>::quiet_NaN();
    int sweeps = 0;
    double seconds = 0.0;
  };
  // One part of the data along one path.
  struct Part {
    std::string name;  // "train", "heldout"
    std::int64_t rows = 0;
    std::vector<double> loss;    // at each t
    std::vector<double> metric;  // at each t; empty: none
    // At the t where the loss is highest above the chord: L(t) − ((1−t) L(0) + t L(1)); 95% interval over batches.
    Interval barrier{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN(),
                     std::numeric_limits<double>::quiet_NaN()};
    double barrier_at = std::numeric_limits<double>::quiet_NaN();
    // How far the metric falls below its own chord at most, in its own unit; the interval where it is a share of rows.
    Interval metric_barrier{std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN(),
                            std::numeric_limits<double>::quiet_NaN()};
  };
  struct Path {
    std::string name;         // "unaligned", "aligned by weights", "aligned by weights, statistics repaired"
    std::string method;       // of the alignment; "" for unaligned
    bool repaired = false;    // running statistics were taken anew at each point
    std::vector<Part> parts;  // training first
  };
  struct Cost {
    double seconds = 0.0;
    std::int64_t forwards = 0;                                         // of all rows of a part
    double gradient_units = std::numeric_limits<double>::quiet_NaN();  // in gradients on the training rows
  };

  std::string subject_a, subject_b;
  std::int64_t parameters = 0;
  std::string metric;  // "accuracy"
  bool larger_is_better = true;
  bool metric_is_share = false;  // of right rows: it has intervals, and the verdict is judged by it

  std::vector<Group> groups;
  double permutation_bits = 0.0;
  double sign_bits = 0.0;
  std::int64_t flat_dimensions = 0;
  double bits() const { return permutation_bits + sign_bits; }

  double similarity = std::numeric_limits<double>::quiet_NaN();  // before any alignment
  double distance = std::numeric_limits<double>::quiet_NaN();
  std::vector<Alignment> alignments;
  std::string chosen;  // method whose path is lowest
  double function_change =
      std::numeric_limits<double>::quiet_NaN();  // of B by being rearranged, over its outputs' size

  std::vector<double> at;  // t: 0 is A, 1 is B
  std::vector<Path> paths;
  double constant_loss = std::numeric_limits<double>::quiet_NaN();
  double learnt = std::numeric_limits<double>::quiet_NaN();  // constant loss − mean loss of A and B, training rows

  ConnectionVerdict verdict = ConnectionVerdict::cannot_tell;
  std::vector<std::string> reasons;
  std::string would_take;
  Cost cost;
  std::vector<std::string> notes;
  std::vector<std::string> files;
};

}  // namespace thalweg
