#include "thalweg/model/symmetry.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <random>

namespace thalweg {
namespace {

double log2_factorial(double n) { return std::lgamma(n + 1.0) / std::numbers::ln2; }

// Of the axis, which entry takes the place of which.
at::Tensor entries(const AxisUse& use, const at::Tensor& permutation, std::int64_t length) {
  const std::int64_t n = permutation.size(0), used = use.outer * n * use.inner;
  at::Tensor index = at::arange(length, at::kLong);
  index.narrow(0, use.offset, used)
      .copy_(at::arange(used, at::kLong).view({use.outer, n, use.inner}).index_select(1, permutation).reshape(-1) +
             use.offset);
  return index;
}

at::Tensor along_axis(const at::Tensor& values, const at::Tensor& tensor, std::int64_t axis) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(tensor.dim()), 1);
  shape[static_cast<std::size_t>(axis)] = values.size(0);
  return values.view(shape);
}

std::map<std::string, at::Tensor> by_name(const NamedParameters& tensors) {
  std::map<std::string, at::Tensor> result;
  for (const auto& [name, tensor] : tensors) result.emplace(name, tensor.detach());
  return result;
}

NamedParameters in_order_of(const NamedParameters& tensors, const std::map<std::string, at::Tensor>& values) {
  NamedParameters result;
  for (const auto& [name, tensor] : tensors) {
    if (const auto found = values.find(name); found != values.end()) result.emplace_back(name, found->second);
  }
  return result;
}

// `within` of the block at `first` in a random order.
void shuffle(std::vector<std::int64_t>& order, std::mt19937_64& random) {
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
}

std::vector<std::int64_t> counted(std::int64_t n) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) order[static_cast<std::size_t>(i)] = i;
  return order;
}

at::Tensor random_permutation(const UnitGroup& group, std::mt19937_64& random) {
  if (group.fixed) return at::arange(group.size, at::kLong);
  const std::int64_t each = group.size / group.blocks;
  std::vector<std::int64_t> blocks = counted(group.blocks), result;
  shuffle(blocks, random);
  for (const std::int64_t block : blocks) {
    std::vector<std::int64_t> inside = counted(each);
    shuffle(inside, random);
    for (const std::int64_t i : inside) result.push_back(block * each + i);
  }
  return at::tensor(result, at::kLong);
}

// d/ds of the tensor's entries: `change` [n, n] on the axis's units.
at::Tensor changed(const AxisUse& use, std::int64_t size, const at::Tensor& tensor, const at::Tensor& change) {
  at::Tensor result = at::zeros_like(tensor);
  at::Tensor moved = result.movedim(use.axis, 0).narrow(0, use.offset, use.outer * size * use.inner);
  const at::Tensor from = tensor.movedim(use.axis, 0).narrow(0, use.offset, use.outer * size * use.inner);
  const at::Tensor units = from.reshape({use.outer, size, use.inner, -1});
  moved.copy_(at::einsum("uv,ovir->ouir", {change.to(units.scalar_type()), units}).reshape(moved.sizes()));
  return result;
}

NamedParameters generator_of(const std::vector<AxisUse>& uses, std::int64_t size, const at::Tensor& matrix,
                             const NamedParameters& parameters) {
  std::map<std::string, at::Tensor> tensors = by_name(parameters), result;
  for (const AxisUse& use : uses) {
    const auto found = tensors.find(use.tensor);
    if (found == tensors.end()) continue;  // a buffer
    const at::Tensor part = changed(use, size, found->second, use.power > 0 ? matrix : -matrix.t());
    at::Tensor& sum = result[use.tensor];
    sum = sum.defined() ? sum + part : part;
  }
  return in_order_of(parameters, result);
}

}  // namespace

double permutation_bits(const UnitGroup& group) {
  if (group.fixed) return 0.0;
  const auto blocks = static_cast<double>(group.blocks), each = static_cast<double>(group.size / group.blocks);
  return log2_factorial(blocks) + blocks * log2_factorial(each);
}

double permutation_bits(const Symmetry& symmetry) {
  double bits = 0.0;
  for (const UnitGroup& group : symmetry.groups) bits += permutation_bits(group);
  return bits;
}

double sign_bits(const Symmetry& symmetry) {
  double bits = 0.0;
  for (const UnitFactors& f : symmetry.factors) {
    if (f.sign) bits += static_cast<double>(symmetry.groups[f.group].size);
  }
  return bits;
}

double symmetry_bits(const Symmetry& symmetry) { return permutation_bits(symmetry) + sign_bits(symmetry); }

std::int64_t flat_dimensions(const Symmetry& symmetry) {
  std::int64_t dimensions = 0;
  for (const UnitFactors& f : symmetry.factors) {
    const std::int64_t n = symmetry.groups[f.group].size;
    dimensions += f.mixing ? n * n : f.scale ? n : 0;
  }
  for (const FlatDirections& d : symmetry.further) dimensions += d.dimensions;
  return dimensions;
}

Arrangement identity_arrangement(const Symmetry& symmetry) {
  Arrangement result;
  for (const UnitGroup& group : symmetry.groups) result.permutations.push_back(at::arange(group.size, at::kLong));
  for (const UnitFactors& f : symmetry.factors) {
    result.factors.push_back(at::ones({symmetry.groups[f.group].size}, at::kDouble));
  }
  return result;
}

Arrangement random_arrangement(const Symmetry& symmetry, std::uint64_t seed, bool scales) {
  std::mt19937_64 random(seed);
  Arrangement result = identity_arrangement(symmetry);
  for (std::size_t i = 0; i < symmetry.groups.size(); ++i) {
    result.permutations[i] = random_permutation(symmetry.groups[i], random);
  }
  for (std::size_t i = 0; i < symmetry.factors.size(); ++i) {
    const UnitFactors& f = symmetry.factors[i];
    auto* factor = result.factors[i].mutable_data_ptr<double>();
    for (std::int64_t u = 0; u < result.factors[i].size(0); ++u) {
      if (f.sign && random() % 2 == 0) factor[u] = -1.0;
      if (f.scale && scales) factor[u] *= std::exp2(static_cast<double>(random() % 2001) / 1000.0 - 1.0);
    }
  }
  return result;
}

NamedParameters rearranged(const Symmetry& symmetry, const Arrangement& arrangement, const NamedParameters& tensors) {
  std::map<std::string, at::Tensor> values = by_name(tensors);
  const auto each = [&](const std::vector<AxisUse>& uses, const auto& change) {
    for (const AxisUse& use : uses) {
      if (const auto found = values.find(use.tensor); found != values.end()) change(use, found->second);
    }
  };
  for (std::size_t i = 0; i < symmetry.groups.size(); ++i) {
    if (symmetry.groups[i].fixed) continue;
    each(symmetry.groups[i].uses,
         [&](const AxisUse& use, at::Tensor& tensor) { tensor = permuted(use, arrangement.permutations[i], tensor); });
  }
  for (std::size_t i = 0; i < symmetry.factors.size(); ++i) {
    if (arrangement.factors[i].eq(1.0).all().item<bool>()) continue;
    each(symmetry.factors[i].uses,
         [&](const AxisUse& use, at::Tensor& tensor) { tensor = multiplied(use, arrangement.factors[i], tensor); });
  }
  return in_order_of(tensors, values);
}

at::Tensor permuted(const AxisUse& use, const at::Tensor& permutation, const at::Tensor& tensor) {
  const at::Tensor index = entries(use, permutation, tensor.size(use.axis));
  return tensor.index_select(use.axis, index.to(tensor.device()));
}

at::Tensor multiplied(const AxisUse& use, const at::Tensor& factor, const at::Tensor& tensor) {
  at::Tensor all = at::ones({tensor.size(use.axis)}, at::kDouble);
  const std::int64_t n = factor.size(0);
  all.narrow(0, use.offset, use.outer * n * use.inner)
      .view({use.outer, n, use.inner})
      .mul_((use.power > 0 ? factor : factor.reciprocal()).view({1, n, 1}));
  return tensor * along_axis(all.to(tensor.device(), tensor.scalar_type()), tensor, use.axis);
}

NamedParameters scale_generator(const UnitFactors& factors, std::int64_t size, std::int64_t unit,
                                const NamedParameters& parameters) {
  at::Tensor matrix = at::zeros({size, size}, at::kDouble);
  matrix[unit][unit] = 1.0;
  return generator_of(factors.uses, size, matrix, parameters);
}

NamedParameters mixing_generator(const UnitFactors& factors, std::int64_t size, const at::Tensor& matrix,
                                 const NamedParameters& parameters) {
  return generator_of(factors.uses, size, matrix, parameters);
}

at::Tensor units_of(const AxisUse& use, std::int64_t size, const at::Tensor& tensor) {
  const at::Tensor part = tensor.movedim(use.axis, 0).narrow(0, use.offset, use.outer * size * use.inner);
  return part.reshape({use.outer, size, -1});
}

}  // namespace thalweg
