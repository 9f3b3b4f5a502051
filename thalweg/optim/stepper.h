// Steps many parameters at once, whatever they are made of, and sums over them.
//
// float32 on the CPU: own one-pass kernel (step_kernel.h), the chunks of all parameters together shared out among
// ATen's threads. Everything else: ATen's fused kernels where they exist (sgd, adam, adamw on CPU and CUDA), else
// elementwise operations (aten_step.h); the sums then come by ATen too, in one transfer to the host a step.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "thalweg/optim/rule.h"

namespace thalweg {

// One parameter's step. Tensors are contiguous and of one type and device; moments are undefined where the rule has
// none.
struct StepTask {
  std::size_t index = 0;  // of the parameter
  at::Tensor weight;      // changed
  at::Tensor gradient;
  at::Tensor first;   // changed
  at::Tensor second;  // changed
  double lr = 0.0;
  double weight_decay = 0.0;
  StepCount count;  // after the step
  double clip = 1.0;
  StepSums sums;  // the result
};

class Stepper {
 public:
  explicit Stepper(const recipe::Optimizer& options) : options_(options), rule_(step_rule(options)) {}

  void step(std::span<StepTask> tasks);
  // g'g of all tasks together.
  double gradient_sq(std::span<StepTask> tasks);

 private:
  struct Chunk {
    StepTask* task;
    std::int64_t first;
    std::int64_t count;
  };
  void cut(std::span<StepTask> tasks);
  template <class F>
  void for_each_chunk(const F& work);
  StepSums step_chunk(const Chunk& chunk, const StepCoefficients& coefficients) const;

  recipe::Optimizer options_;
  StepRule rule_;
  std::vector<Chunk> chunks_;
  std::vector<StepCoefficients> coefficients_;  // one a chunk
  std::vector<StepSums> sums_;                  // one a chunk
  std::vector<StepTask*> others_;               // tasks that are not cut into chunks
  std::int64_t entries_ = 0;
  at::Tensor numbers_;
};

}  // namespace thalweg
