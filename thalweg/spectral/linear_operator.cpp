#include "thalweg/spectral/linear_operator.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

#include "thalweg/spectral/parameters.h"

namespace thalweg {

double LinearOperator::relative_noise() const { return machine_epsilon(c10::typeMetaToScalarType(options().dtype())); }

at::Tensor LinearOperator::products(const at::Tensor& rows) {
  at::Tensor result = at::empty_like(rows);
  for (std::int64_t i = 0; i < rows.size(0); ++i) result[i].copy_(product(rows[i]));
  return result;
}

at::Tensor LinearOperator::apply(const at::Tensor& v) {
  const bool fits = (v.dim() == 1 || v.dim() == 2) && v.size(-1) == dimension();
  if (!fits) {
    throw std::invalid_argument(fmt::format("a vector of length {} was asked to go through an operator of dimension {}",
                                            v.dim() == 0 ? 1 : v.size(-1), dimension()));
  }
  if (v.dtype() != options().dtype()) {
    throw std::invalid_argument(
        fmt::format("a vector of {} was given to an operator on {}", v.dtype().name(), options().dtype().name()));
  }
  return v.dim() == 1 ? product(v) : products(v);
}

}  // namespace thalweg
