// Weights moved along flat directions, and put back bit for bit.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "thalweg/spectral/hessian.h"

namespace thalweg {

// Σ weight · loss without a graph, in double.
double loss_on(const std::vector<LossOnBatch>& batches);

// While it lives, the parameters may stand elsewhere. When it goes, also by an exception, they are what they were.
class Moved {
 public:
  explicit Moved(std::vector<at::Tensor> parameters);
  ~Moved();
  Moved(const Moved&) = delete;
  Moved& operator=(const Moved&) = delete;

  void to(const at::Tensor& flat_offset);  // θ + offset, [p]
  void back();
  const at::Tensor& start() const { return flat_; }  // θ, [p]
  // Each weight by a machine epsilon of itself, up or down at random: what rounding cannot tell from θ.
  void to_neighbours(std::uint64_t seed);

 private:
  void set(const at::Tensor& flat);
  std::vector<at::Tensor> parameters_;
  at::Tensor flat_;
};

}  // namespace thalweg
