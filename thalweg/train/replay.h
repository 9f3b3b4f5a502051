// A batch's loss again: at other weights, with the same random numbers. What it disturbs is put back, also when it
// throws: the weights (past autograd's version counters, so that graphs stay valid), the random streams of the CPU and
// of the weights' device, the buffers. .grad is left alone.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace thalweg {

std::vector<at::Tensor> clones(const std::vector<at::Tensor>& tensors);  // without graph; undefined ones stay so

class Replay {
 public:
  Replay(std::vector<at::Tensor> parameters, std::vector<at::Tensor> buffers);

  // `closure`: the loss again, 0-dim. From here on it draws the numbers that come next now.
  void take(std::function<at::Tensor()> closure);
  void forget() { closure_ = nullptr; }
  bool ready() const { return static_cast<bool>(closure_); }

  double loss();                                           // at the weights as they are
  double loss_at(const std::vector<at::Tensor>& weights);  // without a graph
  std::vector<at::Tensor> gradient_at(const std::vector<at::Tensor>& weights);
  // begin(), the loss with its graph where gradients are on, end(), then use(loss); all before anything is put back.
  using Use = std::function<void(const at::Tensor& loss)>;
  void again(const std::function<void()>& begin, const std::function<void()>& end, const Use& use);
  bool drew() const { return drew_; }  // whether the last of them drew a random number

 private:
  class Untouched;
  std::vector<at::Tensor> parameters_, buffers_;
  std::vector<at::Generator> generators_;
  std::vector<at::Tensor> random_;  // a state for each generator
  std::function<at::Tensor()> closure_;
  bool drew_ = false;
};

}  // namespace thalweg
