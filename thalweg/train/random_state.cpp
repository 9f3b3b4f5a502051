#include "thalweg/train/random_state.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <mutex>

namespace thalweg {

at::Tensor random_state() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  return generator.get_state();
}

void set_random_state(const at::Tensor& state) {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const std::lock_guard lock(generator.mutex());
  generator.set_state(state);
}

void seed_random(std::uint64_t seed) { torch::manual_seed(seed); }

Undisturbed::Undisturbed(Network& network) : network_(network) {
  if (!network.random()) return;
  random_ = random_state();
  for (const auto& [name, buffer] : network.buffers()) buffers_.push_back(buffer.detach().clone());
}

Undisturbed::~Undisturbed() {
  if (!random_.defined()) return;
  const torch::NoGradGuard no_grad;
  set_random_state(random_);
  for (std::size_t i = 0; i < buffers_.size(); ++i) network_.buffers()[i].second.copy_(buffers_[i]);
}

std::uint64_t stream_seed(std::uint64_t seed, RunStream stream) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15ULL * (static_cast<std::uint64_t>(stream) + 1);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

}  // namespace thalweg
