#include "thalweg/observe/gradient/norms.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "thalweg/observe/gradient/norms_kernel.h"

namespace thalweg {
namespace {

bool takes_kernel(const at::Tensor& t) {
  return t.is_cpu() && t.layout() == at::kStrided && t.scalar_type() == at::kFloat && t.is_contiguous();
}

// Real entries whose squares add up to the tensor's.
at::Tensor entries(const at::Tensor& tensor) {
  const at::Tensor t = tensor.is_sparse() ? tensor.detach().coalesce().values() : tensor.detach();
  return t.is_complex() ? at::view_as_real(t.resolve_conj()) : t;
}

// What the kernel does not take, and where its results go.
class Others {
 public:
  void square(const at::Tensor& tensor, double* result) { waiting_.push_back({entries(tensor), {}, result}); }
  void product(const at::Tensor& a, const at::Tensor& b, double* result) {
    const auto dense = [](const at::Tensor& t) { return entries(t.is_sparse() ? t.to_dense() : t); };
    waiting_.push_back({dense(a), dense(b), result});
  }

  void run() {
    while (!waiting_.empty()) {
      const auto here = [device = waiting_.front().a.device()](const Place& place) {
        return place.a.device() == device;
      };
      const auto rest = std::stable_partition(waiting_.begin(), waiting_.end(), here);
      run(std::span(waiting_.begin(), rest));
      waiting_.erase(waiting_.begin(), rest);
    }
  }

 private:
  struct Place {
    at::Tensor a, b;  // b undefined: a'a
    double* result;
  };

  static void run(std::span<const Place> places) {
    std::vector<at::Tensor> squares, results;
    for (const Place& place : places) {
      if (!place.b.defined()) squares.push_back(place.a);
    }
    if (!squares.empty()) squares = at::_foreach_norm(squares, 2, at::kDouble);
    std::size_t next = 0;
    for (const Place& place : places) {
      results.push_back(place.b.defined() ? (place.a.to(at::kDouble) * place.b).sum() : squares[next++].square());
    }
    const at::Tensor host = at::stack(results).cpu();
    for (std::size_t i = 0; i < places.size(); ++i) *places[i].result = host.const_data_ptr<double>()[i];
  }

  std::vector<Place> waiting_;
};

void check(const WeightStep& moved, std::span<StepSums> out) {
  const std::size_t count = moved.now.size();
  const bool gradients = moved.gradient.empty() || moved.gradient.size() == count;
  if (moved.before.size() == count && out.size() == count && gradients) return;
  throw std::invalid_argument(
      fmt::format("difference_norms: of {} parameters there are {} from before, {} gradients and {} places for sums",
                  count, moved.before.size(), moved.gradient.size(), out.size()));
}

StepSums by_kernel(const at::Tensor& now, const at::Tensor& before, const at::Tensor& gradient) {
  const MovedSums s = moved_run({.now = now.const_data_ptr<float>(),
                                 .before = before.const_data_ptr<float>(),
                                 .gradient = gradient.defined() ? gradient.const_data_ptr<float>() : nullptr,
                                 .count = now.numel()});
  return {.gradient_sq = s.gradient_sq,
          .weight_sq = s.now_sq,
          .update_sq = s.moved_sq,
          .gradient_update = s.gradient_moved};
}

}  // namespace

std::vector<double> squared_norms(const std::vector<at::Tensor>& tensors) {
  const c10::NoGradGuard no_graph;
  std::vector<double> result(tensors.size(), 0.0);
  Others others;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& t = tensors[i];
    if (!t.defined()) continue;
    if (takes_kernel(t)) {
      result[i] = squared_norm_run(t.const_data_ptr<float>(), t.numel());
    } else {
      others.square(t, &result[i]);
    }
  }
  others.run();
  return result;
}

void difference_norms(const WeightStep& moved, std::span<StepSums> out) {
  check(moved, out);
  const c10::NoGradGuard no_graph;
  Others others;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const at::Tensor &now = moved.now[i], &before = moved.before[i];
    const at::Tensor gradient = moved.gradient.empty() ? at::Tensor() : moved.gradient[i];
    if (takes_kernel(now) && takes_kernel(before) && (!gradient.defined() || takes_kernel(gradient))) {
      out[i] = by_kernel(now, before, gradient);
      continue;
    }
    out[i] = {};
    const at::Tensor update = now.detach() - before.detach();
    others.square(now, &out[i].weight_sq);
    others.square(update, &out[i].update_sq);
    if (!gradient.defined()) continue;
    others.square(gradient, &out[i].gradient_sq);
    others.product(gradient, update, &out[i].gradient_update);
  }
  others.run();
}

void difference_norms(const std::vector<at::Tensor>& now, const std::vector<at::Tensor>& before,
                      std::span<StepSums> out) {
  difference_norms({.now = now, .before = before, .gradient = {}}, out);
}

}  // namespace thalweg
