#include "thalweg/observe/propagation/jacobian.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "thalweg/spectral/distributions.h"
#include "thalweg/spectral/probes.h"
#include "thalweg/spectral/retained_jacobian.h"

namespace thalweg {
namespace {

std::int64_t numbers_a_row(const at::Tensor& t) { return t.numel() / std::max<std::int64_t>(t.size(0), 1); }

// Jᵀ w of every row, in the input's shape.
at::Tensor backward(const at::Tensor& output, const at::Tensor& input, const at::Tensor& w) {
  const at::Tensor product = torch::autograd::grad({output}, {input}, {w}, /*retain_graph=*/true,
                                                   /*create_graph=*/false, /*allow_unused=*/true)[0];
  return product.defined() ? product : at::zeros_like(input);
}

struct Mean {
  double value = kNoSignal, error = kNoSignal;
};

// Over rows, with Student's 95% half-width.
Mean mean_over_rows(const at::Tensor& values) {
  const at::Tensor v = values.to(at::kDouble).cpu();
  const auto n = static_cast<double>(v.numel());
  Mean mean{.value = v.mean().item<double>()};
  if (n > 1.0) mean.error = student_quantile(0.95, n - 1.0) * v.std().item<double>() / std::sqrt(n);
  return mean;
}

void put(const Mean& norm, const Mean& mean_square, Signal::Jacobian& out) {
  out.norm = norm.value;
  out.norm_error = norm.error;
  out.mean_square = mean_square.value;
  out.mean_square_error = mean_square.error;
}

Signal::Jacobian exact(const at::Tensor& output, const at::Tensor& input, std::int64_t rows) {
  const at::Tensor j = dense_jacobian(output, input, rows).to(at::kDouble).cpu();
  Signal::Jacobian out{.rows = rows, .exact = true};
  if (!at::isfinite(j).all().item<bool>()) return out;
  const at::Tensor sigma = at::linalg_svdvals(j);  // [rows, min], descending
  put(mean_over_rows(sigma.select(1, 0)),
      mean_over_rows(sigma.square().sum(1) / static_cast<double>(numbers_a_row(input))), out);
  out.condition = (sigma.select(1, 0) / sigma.select(1, -1)).median().item<double>();
  return out;
}

at::Tensor signs(const at::Tensor& like, at::Generator& generator) {
  const at::Tensor bits = at::randint(2, like.sizes(), generator, at::TensorOptions(at::kFloat));
  return (2.0 * bits - 1.0).to(like.options().requires_grad(false));
}

// Each row's own Krylov basis, [rows, k, numbers].
class Basis {
 public:
  // Adds the rows' parts that are new, scaled to length 1; their lengths, [rows, 1]. A row that has none left is zero.
  at::Tensor add(at::Tensor v) {
    for (int again = 0; again < 2 && basis_.defined(); ++again) {
      v = v - at::bmm(at::bmm(v.unsqueeze(1), basis_.transpose(1, 2)), basis_).squeeze(1);
    }
    const at::Tensor length = v.norm(2, {1}, true);
    last_ = at::where(length > 0.0, v / length, at::zeros_like(v));
    basis_ = basis_.defined() ? at::cat({basis_, last_.unsqueeze(1)}, 1) : last_.unsqueeze(1);
    return length;
  }
  const at::Tensor& last() const { return last_; }

 private:
  at::Tensor basis_, last_;
};

// Largest singular value of each row by k steps; the bidiagonal's is a lower bound that converges fast.
at::Tensor largest_by_golub_kahan(const at::Tensor& output, const at::Tensor& input, const JacobianOptions& options) {
  at::Generator generator = generator_of(options.seed);
  const RetainedJacobian jacobian(output, {input});
  const std::int64_t rows = output.size(0);
  const auto k = std::min<std::int64_t>({options.steps, numbers_a_row(input), numbers_a_row(output)});
  Basis right, left;
  right.add(signs(input, generator).flatten(1).to(at::kDouble));
  const at::Tensor b = at::zeros({rows, k, k}, input.options().dtype(at::kDouble).requires_grad(false));
  for (std::int64_t i = 0; i < k; ++i) {
    const at::Tensor ahead = jacobian.times({right.last().to(input.dtype()).view_as(input)});
    const at::Tensor alpha = left.add(ahead.detach().flatten(1).to(at::kDouble));
    b.select(2, i).select(1, i).copy_(alpha.squeeze(1));
    if (i + 1 == k) break;
    const at::Tensor back = backward(output, input, left.last().to(output.dtype()).view_as(output));
    const at::Tensor beta = right.add(back.flatten(1).to(at::kDouble));
    b.select(2, i + 1).select(1, i).copy_(beta.squeeze(1));
  }
  return at::linalg_svdvals(b.narrow(0, 0, std::min(options.rows, rows)).cpu()).select(1, 0);
}

// ‖Jᵀw‖² of each row, averaged over probes.
at::Tensor frobenius(const at::Tensor& output, const at::Tensor& input, const JacobianOptions& options) {
  constexpr int kProbes = 8;
  at::Generator generator = generator_of(options.seed + 1);
  at::Tensor sum;
  for (int probe = 0; probe < kProbes; ++probe) {
    const at::Tensor product = backward(output, input, signs(output, generator));
    const at::Tensor squares = product.flatten(1).to(at::kDouble).square().sum(1) / kProbes;
    sum = sum.defined() ? sum + squares : squares;
  }
  return sum;  // all rows: the more, the surer
}

}  // namespace

at::Tensor dense_jacobian(const at::Tensor& output, const at::Tensor& input, std::int64_t rows) {
  const std::int64_t outputs = numbers_a_row(output);
  std::vector<at::Tensor> lines;
  at::Tensor w = at::zeros_like(output.detach(), at::MemoryFormat::Contiguous);
  const at::Tensor flat = w.view({w.size(0), outputs});
  for (std::int64_t k = 0; k < outputs; ++k) {
    flat.zero_();
    flat.select(1, k).fill_(1.0);
    lines.push_back(backward(output, input, w).narrow(0, 0, rows).flatten(1));
  }
  return at::stack(lines, 1);
}

Signal::Jacobian measure_jacobian(const at::Tensor& output, const at::Tensor& input, const JacobianOptions& options) {
  const bool graph = output.requires_grad() && input.requires_grad() && input.is_floating_point();
  if (!graph || output.size(0) != input.size(0) || output.size(0) == 0) return {};
  const std::int64_t rows = std::min(options.rows, output.size(0));
  if (numbers_a_row(output) <= options.exact_outputs) return exact(output, input, rows);
  Signal::Jacobian out{.rows = rows};
  const at::Tensor squares = frobenius(output, input, options) / static_cast<double>(numbers_a_row(input));
  if (!at::isfinite(squares).all().item<bool>()) return out;
  put(mean_over_rows(largest_by_golub_kahan(output, input, options)), mean_over_rows(squares), out);
  return out;
}

}  // namespace thalweg
