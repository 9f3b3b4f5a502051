// LibTorch's own optimizers as the instruments see them: groups matched to the watched parameters by tensor, options
// and state read anew each time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <memory>
#include <vector>

#include "thalweg/optim/optimizer_view.h"

namespace torch::optim {
class Optimizer;
}

namespace thalweg {

// `optimizer` is kept by address and must outlive the view. Where its class is not torch's own,
// nothing is claimed of its steps but the rate that its options say.
std::unique_ptr<OptimizerView> view_of(torch::optim::Optimizer& optimizer, const std::vector<at::Tensor>& parameters);

// Where an optimizer and a model do not meet.
struct Mismatch {
  std::vector<std::size_t> unstepped;  // numbers of watched parameters that the optimizer does not step
  std::vector<at::Tensor> unwatched;   // what it steps beside the watched ones
};
Mismatch mismatch(const torch::optim::Optimizer& optimizer, const std::vector<at::Tensor>& parameters);

}  // namespace thalweg
