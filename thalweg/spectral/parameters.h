// The parameters that an operator differentiates at: what it may be given, and moving them for a while.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace thalweg {

// std::invalid_argument unless they are leaves that require gradients, at least one entry, of one type on one device.
// `what` names the operator in the message ("a Gauss-Newton operator").
void check_parameters(const std::vector<at::Tensor>& parameters, std::string_view what);

// The spacing of numbers at 1 in this type: 2⁻⁵² of doubles, 2⁻²³ of floats, 2⁻¹⁰ and 2⁻⁷ of the two halves.
double machine_epsilon(at::ScalarType type);

// The gradient of a loss at other places than where its parameters stand.
//
// The values are written in place, past autograd's version counters, and put back bit for bit, also when the loss
// throws: graphs that others keep on these parameters stay valid.
class GradientElsewhere {
 public:
  // `loss`: builds a 0-dim loss with its graph on `parameters`, the same one each time.
  GradientElsewhere(std::function<at::Tensor()> loss, std::vector<at::Tensor> parameters);

  const at::Tensor& here() const { return here_; }  // [p], where the parameters stood when this was made
  at::Tensor at(const at::Tensor& position);        // [p], the gradient at `position` [p]
  std::int64_t count() const { return count_; }     // gradients taken so far

 private:
  std::function<at::Tensor()> loss_;
  std::vector<at::Tensor> parameters_;
  at::Tensor here_;
  std::int64_t count_ = 0;
};

}  // namespace thalweg
