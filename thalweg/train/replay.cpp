#include "thalweg/train/replay.h"

#include <torch/torch.h>

#include <cstdint>
#include <mutex>
#include <utility>

namespace thalweg {
namespace {

std::vector<at::Tensor> states_of(std::vector<at::Generator>& generators) {
  std::vector<at::Tensor> result;
  for (at::Generator& generator : generators) {
    const std::lock_guard lock(generator.mutex());
    result.push_back(generator.get_state());
  }
  return result;
}

void set_states(std::vector<at::Generator>& generators, const std::vector<at::Tensor>& states) {
  for (std::size_t i = 0; i < generators.size(); ++i) {
    const std::lock_guard lock(generators[i].mutex());
    generators[i].set_state(states[i]);
  }
}

void copy(const std::vector<at::Tensor>& from, const std::vector<at::Tensor>& to) {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < from.size(); ++i) to[i].variable_data().copy_(from[i]);
}

}  // namespace

// While it lives the closure may run: with the remembered random numbers, and, where `weights` are given, at those.
class Replay::Untouched {
 public:
  Untouched(Replay& replay, const std::vector<at::Tensor>* weights)
      : replay_(replay), random_(states_of(replay.generators_)), buffers_(clones(replay.buffers_)) {
    for (const at::Tensor& b : replay.buffers_)
      versions_.push_back(b.unsafeGetTensorImpl()->version_counter().current_version());
    if (weights != nullptr) {
      now_ = clones(replay.parameters_);
      copy(*weights, replay.parameters_);
    }
    set_states(replay.generators_, replay.random_);
  }
  ~Untouched() {
    replay_.drew_ = false;
    const auto after = states_of(replay_.generators_);
    for (std::size_t i = 0; i < after.size(); ++i) replay_.drew_ |= !at::equal(after[i], replay_.random_[i]);
    set_states(replay_.generators_, random_);
    copy(buffers_, replay_.buffers_);
    for (std::size_t i = 0; i < versions_.size(); ++i) {  // a graph may have saved them, and knows them by that number
      c10::VariableVersion counter = replay_.buffers_[i].unsafeGetTensorImpl()->version_counter();
      counter.set_version(versions_[i]);
    }
    if (!now_.empty()) copy(now_, replay_.parameters_);
  }
  Untouched(const Untouched&) = delete;
  Untouched& operator=(const Untouched&) = delete;

 private:
  Replay& replay_;
  std::vector<at::Tensor> random_, buffers_, now_;
  std::vector<std::uint32_t> versions_;
};

Replay::Replay(std::vector<at::Tensor> parameters, std::vector<at::Tensor> buffers)
    : parameters_(std::move(parameters)), buffers_(std::move(buffers)) {
  generators_.push_back(at::globalContext().defaultGenerator(at::kCPU));
  const at::Device device = parameters_.empty() ? at::Device(at::kCPU) : parameters_.front().device();
  if (!device.is_cpu()) generators_.push_back(at::globalContext().defaultGenerator(device));
}

void Replay::take(std::function<at::Tensor()> closure) {
  closure_ = std::move(closure);
  random_ = states_of(generators_);
}

double Replay::loss() {
  const torch::NoGradGuard no_grad;
  const Untouched untouched(*this, nullptr);
  return closure_().item<double>();
}

double Replay::loss_at(const std::vector<at::Tensor>& weights) {
  const torch::NoGradGuard no_grad;
  const Untouched untouched(*this, &weights);
  return closure_().item<double>();
}

std::vector<at::Tensor> Replay::gradient_at(const std::vector<at::Tensor>& weights) {
  const at::AutoGradMode grad(true);
  const Untouched untouched(*this, &weights);
  auto gradient = torch::autograd::grad({closure_()}, parameters_, {}, std::nullopt, false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (!gradient[i].defined()) gradient[i] = at::zeros_like(parameters_[i]);
  }
  return gradient;
}

void Replay::again(const std::function<void()>& begin, const std::function<void()>& end, const Use& use) {
  const Untouched untouched(*this, nullptr);
  at::Tensor loss;
  begin();
  try {
    loss = closure_();
  } catch (...) {
    end();
    throw;
  }
  end();
  use(loss);
}

std::vector<at::Tensor> clones(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> result;
  for (const at::Tensor& t : tensors) result.push_back(t.defined() ? t.detach().clone() : at::Tensor());
  return result;
}

}  // namespace thalweg
