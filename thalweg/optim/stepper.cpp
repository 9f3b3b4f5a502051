#include "thalweg/optim/stepper.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>

#include <algorithm>

#include "thalweg/optim/aten_step.h"

namespace thalweg {
namespace {

bool takes_kernel(const at::Tensor& weight) { return weight.is_cpu() && weight.scalar_type() == at::kFloat; }

float* data(const at::Tensor& tensor) { return tensor.defined() ? tensor.data_ptr<float>() : nullptr; }
float* past(float* start, std::int64_t offset) { return start ? start + offset : nullptr; }

}  // namespace

void Stepper::cut(std::span<StepTask> tasks) {
  chunks_.clear();
  others_.clear();
  entries_ = 0;
  for (StepTask& task : tasks) {
    if (!takes_kernel(task.weight)) {
      others_.push_back(&task);
      continue;
    }
    const std::int64_t size = task.weight.numel();
    entries_ += size;
    for (std::int64_t first = 0; first < size; first += kStepChunk) {
      chunks_.push_back({&task, first, std::min(kStepChunk, size - first)});
    }
  }
}

// Calls work(chunk number) for each, on ATen's threads. Only code inside LibTorch is built with its OpenMP, so
// at::parallel_for from here would run on one thread; a TensorIterator over the chunks' numbers shares them out over
// there.
template <class F>
void Stepper::for_each_chunk(const F& work) {
  const auto count = static_cast<std::int64_t>(chunks_.size());
  const std::int64_t grain =
      std::max<std::int64_t>(1, count * at::internal::GRAIN_SIZE / std::max<std::int64_t>(1, entries_));
  if (at::get_num_threads() == 1 || count <= grain) {
    for (std::int64_t i = 0; i < count; ++i) work(static_cast<std::size_t>(i));
    return;
  }
  if (!numbers_.defined() || numbers_.numel() != count) numbers_ = at::arange(count, at::kLong);
  at::TensorIterator::nullary_op(numbers_).for_each(
      [&](char** pointers, const std::int64_t* strides, std::int64_t size) {
        for (std::int64_t i = 0; i < size; ++i) {
          work(static_cast<std::size_t>(*reinterpret_cast<const std::int64_t*>(pointers[0] + i * strides[0])));
        }
      },
      grain);
}

StepSums Stepper::step_chunk(const Chunk& chunk, const StepCoefficients& coefficients) const {
  const StepTask& task = *chunk.task;
  return step_run(rule_, coefficients,
                  {.weight = past(data(task.weight), chunk.first),
                   .gradient = past(data(task.gradient), chunk.first),
                   .first = past(data(task.first), chunk.first),
                   .second = past(data(task.second), chunk.first),
                   .count = chunk.count});
}

void Stepper::step(std::span<StepTask> tasks) {
  cut(tasks);
  coefficients_.resize(chunks_.size());
  sums_.resize(chunks_.size());
  const StepTask* before = nullptr;
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const StepTask& task = *chunks_[i].task;
    const bool same = before && task.lr == before->lr && task.weight_decay == before->weight_decay &&
                      task.count.steps == before->count.steps;
    coefficients_[i] = same ? coefficients_[i - 1] : coefficients(options_, task.count, task.lr, task.weight_decay);
    coefficients_[i].clip = task.clip;
    before = &task;
  }
  for_each_chunk([&](std::size_t i) { sums_[i] = step_chunk(chunks_[i], coefficients_[i]); });
  for (std::size_t i = 0; i < chunks_.size(); ++i) chunks_[i].task->sums += sums_[i];
  aten_step(options_, others_);
}

double Stepper::gradient_sq(std::span<StepTask> tasks) {
  cut(tasks);
  sums_.resize(chunks_.size());
  for_each_chunk([&](std::size_t i) {
    const Chunk& chunk = chunks_[i];
    sums_[i].gradient_sq = sum_of_squares(data(chunk.task->gradient) + chunk.first, chunk.count);
  });
  double sum = aten_gradient_sq(others_);
  for (const StepSums& s : sums_) sum += s.gradient_sq;
  return sum;
}

}  // namespace thalweg
