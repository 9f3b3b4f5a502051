#include "thalweg/observe/initialization/spectral_scale.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "thalweg/spectral/lanczos.h"

namespace thalweg {
namespace {

// v ↦ A (Aᵀ v), A with no more rows than columns.
class GramOperator final : public LinearOperator {
 public:
  explicit GramOperator(at::Tensor a) : a_(std::move(a)) {}
  std::int64_t dimension() const override { return a_.size(0); }
  at::TensorOptions options() const override { return a_.options(); }
  OperatorCost cost() const override { return {.products = products_}; }

 private:
  at::Tensor product(const at::Tensor& v) override {
    ++products_;
    return a_.mv(a_.t().mv(v));
  }
  at::Tensor a_;
  std::int64_t products_ = 0;
};

}  // namespace

double spectral_norm(const at::Tensor& weight, const SpectralNormOptions& options) {
  const at::NoGradGuard no_grad;
  at::Tensor a = weight.detach().flatten(1);
  if (a.size(0) > a.size(1)) a = a.t();
  const double largest = a.abs().max().item<double>();
  if (!std::isfinite(largest)) return std::numeric_limits<double>::quiet_NaN();
  if (largest == 0.0) return 0.0;
  a = a / largest;  // a square of float32 neither overflows nor vanishes
  GramOperator gram(a);
  const LanczosResult result = lanczos(
      gram,
      {.tolerance = options.tolerance, .certify = false, .max_products = options.max_products, .seed = options.seed});
  return largest * std::sqrt(std::max(0.0, result.top.at(0).value));
}

double spectral_scale(const at::Tensor& weight, const SpectralNormOptions& options) {
  const double rows = static_cast<double>(weight.size(0));
  return spectral_norm(weight, options) * std::sqrt(static_cast<double>(weight.numel()) / (rows * rows));
}

}  // namespace thalweg
