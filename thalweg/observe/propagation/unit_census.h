// The units of each layer over many rows: which never fire, hardly fire, are flat, or say what another says.
//
//     dead       h_iu = 0 on all rows i                                        Lu, Shin, Su, Karniadakis 2020
//     dormant    mean |h_u| ≤ 0.025 · mean over the layer's units               Sokar, Agarwal, Castro, Evci 2023
//     saturated  |φ'| < 0.05 of its largest on at least 95% of the rows         Glorot, Bengio 2010
//     cloned     |corr(h_u, h_v)| > 1 − 10⁻⁴ for another v that is not constant
//     rank       exp(−Σ p_k ln p_k) / min(rows, units), p_k = σ_k / Σ σ of the outputs, their mean taken away
//                                                                              Roy, Vetterli 2007
//
// Dead units are asked for where the activation can be off, relu; of others a unit that is zero on every row is
// counted as well, and there is hardly one. Saturated ones where the activation goes flat (tanh, sigmoid, elu, selu,
// gelu, silu); a relu that is off is dead or dormant. A unit is a channel of an image, else a feature: its samples are
// all rows, places and moments. Clones and the rank are taken among the first `most_units` units of a layer, over
// `pair_samples` samples a batch.
//
// add() takes one pass over each layer's outputs where they lie, and no transfer; take() transfers once a layer.
// Memory: most_units² numbers a layer in float64.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/observe/propagation/hearing.h"
#include "thalweg/record/signal.h"

namespace thalweg {

struct UnitShares {
  std::string layer;
  std::int64_t units = 0;
  double dead = kNoSignal, dormant = kNoSignal, saturated = kNoSignal, cloned = kNoSignal, effective_rank = kNoSignal;
};

class UnitCensus {
 public:
  struct Options {
    double dormant = 0.025;
    double flat = 0.05;             // |φ'| below so much of its largest
    double flat_share = 0.95;       // of the samples
    double clone = 1e-4;            // |corr| > 1 − clone
    std::int64_t most_units = 512;  // of a layer, for clones and rank
    std::int64_t pair_samples = 1024;
  };
  UnitCensus() : UnitCensus(Options{}) {}
  explicit UnitCensus(Options options) : options_(options) {}

  // One batch's layers; those that only pass on, and the last, whose units are the outputs, are left out.
  void add(const std::vector<HeardLayer>& layers);
  std::int64_t rows() const { return rows_; }
  std::int64_t batches() const { return batches_; }
  // Of all rows since the last take(), or since it was made.
  std::vector<UnitShares> take();

 private:
  struct Tally {
    std::string name;
    std::int64_t units = 0, samples = 0, pairs = 0;  // pairs: samples that the gram is of
    bool can_be_flat = false;
    at::Tensor fired, size, flat;  // [units]: samples with h ≠ 0, Σ |h|, samples with flat φ; float64
    at::Tensor sum, gram;          // of the first units: Σ h, Σ h hᵀ; float64
  };
  void add(const HeardLayer& layer, Tally& tally) const;
  UnitShares shares(const Tally& tally) const;

  Options options_;
  std::vector<Tally> tallies_;
  std::int64_t rows_ = 0, batches_ = 0;
};

// Where |φ'| is below `share` of its largest, as a mask in the shape of the output; undefined: it never goes flat, or
// is not known.
at::Tensor flat_mask(const HeardLayer& layer, double share);

}  // namespace thalweg
