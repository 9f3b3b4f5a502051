#include "thalweg/survey/moved.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <utility>

#include "thalweg/spectral/parameters.h"

namespace thalweg {

double loss_on(const std::vector<LossOnBatch>& batches) {
  const at::NoGradGuard no_grad;
  double sum = 0.0;
  for (const LossOnBatch& batch : batches) sum += batch.weight * batch.loss().item<double>();
  return sum;
}

Moved::Moved(std::vector<at::Tensor> parameters) : parameters_(std::move(parameters)) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> detached;
  for (const at::Tensor& p : parameters_) detached.push_back(p.detach());
  flat_ = flatten(detached);
}

Moved::~Moved() { back(); }

void Moved::set(const at::Tensor& flat) {
  const at::NoGradGuard no_grad;
  const auto parts = unflatten(flat, parameters_);
  // Through .data: graphs that are kept remember the version of their weights, and a move that is taken back must not
  // count as a change.
  for (std::size_t i = 0; i < parts.size(); ++i) parameters_[i].variable_data().copy_(parts[i]);
}

void Moved::to(const at::Tensor& flat_offset) { set(flat_ + flat_offset.to(flat_.options())); }

void Moved::back() { set(flat_); }

void Moved::to_neighbours(std::uint64_t seed) {
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const at::Tensor sign = at::randint(2, flat_.sizes(), generator, at::TensorOptions(at::kFloat)).mul_(2.0).sub_(1.0);
  set(flat_ + flat_ * (sign * machine_epsilon(flat_.scalar_type())).to(flat_.options()));
}

}  // namespace thalweg
