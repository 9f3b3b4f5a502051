#include "thalweg/optim/checks.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <set>
#include <string_view>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

std::string describe(const at::Tensor& tensor) {
  return fmt::format("{} [{}]", at::toString(tensor.scalar_type()), fmt::join(tensor.sizes(), ", "));
}

}  // namespace

void check_parameters(const Optimizer::Named& parameters) {
  std::set<std::string> names;
  std::map<const at::TensorImpl*, std::string> owners;
  for (const auto& [name, weight] : parameters) {
    if (!weight.defined() || !weight.is_floating_point()) {
      throw UsageError(
          fmt::format("parameter '{}' is not a tensor of real floating-point numbers: an optimizer cannot step it",
                      printable(name)));
    }
    if (!names.insert(name).second) throw UsageError(fmt::format("two parameters are named '{}'", printable(name)));
    const auto [owner, fresh] = owners.emplace(weight.unsafeGetTensorImpl(), name);
    if (!fresh) {
      throw UsageError(fmt::format("parameters '{}' and '{}' are one tensor and would be stepped twice: give it once",
                                   printable(owner->second), printable(name)));
    }
  }
}

void check_gradient(const std::string& name, const at::Tensor& weight, const at::Tensor& gradient) {
  if (gradient.layout() != at::kStrided) {
    throw UsageError(
        fmt::format("the gradient of '{}' is sparse: optimizers take dense gradients only", printable(name)));
  }
  if (gradient.sizes() != weight.sizes() || gradient.scalar_type() != weight.scalar_type()) {
    throw UsageError(fmt::format("the gradient of '{}' is {}, the parameter {}: they must agree", printable(name),
                                 describe(gradient), describe(weight)));
  }
}

std::map<std::string, at::Tensor> match_state(const Optimizer::Named& given, const Optimizer::Named& expected) {
  std::map<std::string, at::Tensor> by_name(given.begin(), given.end());
  std::vector<std::string_view> known;
  for (const auto& [name, own] : expected) {
    known.push_back(name);
    const auto found = by_name.find(name);
    if (found == by_name.end()) {
      throw InputError(fmt::format("optimizer state: '{}' is missing: it was saved by another optimizer or network",
                                   printable(name)));
    }
    const at::Tensor& tensor = found->second;
    if (!tensor.defined() || tensor.sizes() != own.sizes() || tensor.scalar_type() != own.scalar_type()) {
      throw InputError(fmt::format("optimizer state: '{}' is {}, needed is {}", printable(name),
                                   tensor.defined() ? describe(tensor) : "undefined", describe(own)));
    }
  }
  const std::set<std::string_view> expected_names(known.begin(), known.end());
  for (const auto& [name, tensor] : given) {
    if (expected_names.contains(name)) continue;
    const std::string meant = nearest(name, known);
    throw InputError(fmt::format("optimizer state: '{}' is unknown{}: it was saved by another optimizer or network",
                                 printable(name),
                                 meant.empty() ? "" : fmt::format(" (nearest: '{}')", printable(meant))));
  }
  return by_name;
}

void check_counts(const std::vector<StepCount>& counts) {
  for (const StepCount& count : counts) {
    if (count.steps < 0)
      throw InputError(fmt::format("optimizer state: 'step' holds {}: allowed: 0 or more", count.steps));
    if (!(count.mu_product > 0.0 && count.mu_product <= 1.0)) {
      throw InputError(
          fmt::format("optimizer state: 'mu_product' holds {}: allowed: above 0 up to 1", count.mu_product));
    }
  }
}

}  // namespace thalweg
