#include "thalweg/model/max_pool.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <torch/csrc/autograd/custom_function.h>

#include "thalweg/model/max_pool_kernel.h"
#include "thalweg/model/parallel_ranges.h"

namespace thalweg {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kEntriesAThread = 16384;  // below this, starting a thread costs more than it saves

// Calls work(plane) for every plane of x.
template <typename Work>
void for_each_plane(const at::Tensor& x, const Work& work) {
  const std::int64_t entries = x.size(2) * x.size(3);
  parallel_ranges(x.size(0) * x.size(1), std::max<std::int64_t>(1, kEntriesAThread / entries),
                  [&](std::int64_t first, std::int64_t last) {
                    for (std::int64_t plane = first; plane < last; ++plane) work(plane);
                  });
}

kernel::Plane plane_of(const at::Tensor& x) { return {.height = x.size(2), .width = x.size(3)}; }

std::pair<at::Tensor, at::Tensor> pool(const at::Tensor& x, bool relu) {
  const kernel::Plane plane = plane_of(x);
  const std::int64_t large = plane.height * plane.width;
  const std::int64_t small = (plane.height / 2) * (plane.width / 2);
  at::Tensor y = at::empty({x.size(0), x.size(1), plane.height / 2, plane.width / 2}, x.options());
  at::Tensor choice = at::empty(y.sizes(), at::kByte);
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "max_pool_2x2", [&] {
    const auto* from = x.const_data_ptr<scalar_t>();
    auto* to = y.mutable_data_ptr<scalar_t>();
    auto* chosen = choice.mutable_data_ptr<std::uint8_t>();
    for_each_plane(x, [=](std::int64_t i) {
      kernel::max_pool(plane, relu, from + i * large, to + i * small, chosen + i * small);
    });
  });
  return {y, choice};
}

at::Tensor scatter(const at::Tensor& dy, const at::Tensor& choice, at::IntArrayRef sizes) {
  at::Tensor dx = at::empty(sizes, dy.options());
  const kernel::Plane plane = plane_of(dx);
  const std::int64_t large = plane.height * plane.width;
  const std::int64_t small = (plane.height / 2) * (plane.width / 2);
  AT_DISPATCH_FLOATING_TYPES(dy.scalar_type(), "scatter_chosen", [&] {
    const auto* from = dy.const_data_ptr<scalar_t>();
    auto* to = dx.mutable_data_ptr<scalar_t>();
    const auto* chosen = choice.const_data_ptr<std::uint8_t>();
    for_each_plane(dx, [=](std::int64_t i) {
      kernel::scatter_chosen(plane, from + i * small, chosen + i * small, to + i * large);
    });
  });
  return dx;
}

at::Tensor gather(const at::Tensor& dx, const at::Tensor& choice) {
  at::Tensor dy = at::empty(choice.sizes(), dx.options());
  const kernel::Plane plane = plane_of(dx);
  const std::int64_t large = plane.height * plane.width;
  const std::int64_t small = (plane.height / 2) * (plane.width / 2);
  AT_DISPATCH_FLOATING_TYPES(dx.scalar_type(), "gather_chosen", [&] {
    const auto* from = dx.const_data_ptr<scalar_t>();
    auto* to = dy.mutable_data_ptr<scalar_t>();
    const auto* chosen = choice.const_data_ptr<std::uint8_t>();
    for_each_plane(dx, [=](std::int64_t i) {
      kernel::gather_chosen(plane, from + i * large, chosen + i * small, to + i * small);
    });
  });
  return dy;
}

// The derivative is linear in what it is applied to, so that gather and scatter are each other's derivative, at every
// order.
struct Gather : torch::autograd::Function<Gather> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& dx, const at::Tensor& choice);
  static variable_list backward(AutogradContext* ctx, variable_list grads);
};

struct Scatter : torch::autograd::Function<Scatter> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& dy, const at::Tensor& choice,
                            at::IntArrayRef sizes) {
    ctx->save_for_backward({choice});
    return scatter(dy.contiguous(), choice, sizes);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    return {Gather::apply(grads[0], ctx->get_saved_variables()[0]), {}, {}};
  }
};

at::Tensor Gather::forward(AutogradContext* ctx, const at::Tensor& dx, const at::Tensor& choice) {
  ctx->save_for_backward({choice});
  ctx->saved_data["sizes"] = dx.sizes();
  return gather(dx.contiguous(), choice);
}

variable_list Gather::backward(AutogradContext* ctx, variable_list grads) {
  const auto sizes = ctx->saved_data["sizes"].toIntVector();
  return {Scatter::apply(grads[0], ctx->get_saved_variables()[0], sizes), {}};
}

struct MaxPool : torch::autograd::Function<MaxPool> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, bool relu) {
    auto [y, choice] = pool(x.contiguous(), relu);
    ctx->save_for_backward({choice});
    ctx->saved_data["sizes"] = x.sizes();
    return y;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto sizes = ctx->saved_data["sizes"].toIntVector();
    return {Scatter::apply(grads[0], ctx->get_saved_variables()[0], sizes), {}};
  }
};

}  // namespace

at::Tensor max_pool_2x2(const at::Tensor& x, const MaxPoolOptions& options) {
  const bool own = x.device().is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble);
  if (own) return MaxPool::apply(x, options.relu);
  return at::max_pool2d(options.relu ? at::relu(x) : x, {2, 2});
}

}  // namespace thalweg
