// A Watch beside LibTorch's own optimizers.
#include <fmt/format.h>
#include <torch/torch.h>

#include <utility>

#include "thalweg/train/torch_optimizer.h"
#include "thalweg/train/watch_state.h"

namespace thalweg {
namespace {

Watch::Parameters pairs(const torch::OrderedDict<std::string, at::Tensor>& parameters) {
  Watch::Parameters result;
  for (const auto& item : parameters) result.emplace_back(item.key(), item.value());
  return result;
}

std::vector<at::Tensor> tensors(const Watch::Parameters& parameters) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : parameters) result.push_back(tensor);
  return result;
}

}  // namespace

Watch::Watch(const torch::OrderedDict<std::string, at::Tensor>& parameters, torch::optim::Optimizer& optimizer,
             WatchOptions options)
    : Watch(pairs(parameters), view_of(optimizer, tensors(watched(pairs(parameters)))), std::move(options)) {
  state_->steps_with = &optimizer;
  const std::size_t others = mismatch(optimizer, state_->parameters).unwatched.size();
  if (others > 0) {
    state_->notes.push_back(fmt::format("{} steps {} parameters that are not the model's: they are not watched",
                                        state_->view->name(), others));
  }
}

}  // namespace thalweg
