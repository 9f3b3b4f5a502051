// .grad of parameters, kept when made and put back when it goes: the same tensors, not copies.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace thalweg {

class GradientsKept {
 public:
  explicit GradientsKept(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
    for (const at::Tensor& p : parameters_) kept_.push_back(p.grad());
  }
  ~GradientsKept() {
    for (std::size_t i = 0; i < parameters_.size(); ++i) parameters_[i].mutable_grad() = kept_[i];
  }
  GradientsKept(const GradientsKept&) = delete;
  GradientsKept& operator=(const GradientsKept&) = delete;

 private:
  std::vector<at::Tensor> parameters_;
  std::vector<at::Tensor> kept_;
};

}  // namespace thalweg
