#include "thalweg/model/site.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "thalweg/recipe/names.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 31;
constexpr double kMostNumbers = 1e10;  // 40 GB of weights, and as much again for gradients and each moment

// Calls draw(block) for each of `gates` equal blocks along the first axis.
template <typename Draw>
void for_each_gate(const at::Tensor& tensor, std::int64_t gates, const Draw& draw) {
  for (const at::Tensor& block : tensor.detach().chunk(gates)) draw(block);
}

}  // namespace

void Site::require(double numbers) const {
  const double all = static_cast<double>(parts.numbers) + numbers;
  if (all > kMostNumbers) {
    refuse(fmt::format("brings the network to {:.3g} parameters; at most {:.0e} are possible", all, kMostNumbers));
  }
}

at::Tensor Site::parameter(std::string_view suffix, const Sizes& sizes) const {
  double numbers = 1.0;
  for (const std::int64_t size : sizes) numbers *= static_cast<double>(size);
  require(numbers);
  at::Tensor tensor = at::empty(sizes, at::kFloat).requires_grad_();
  parts.numbers += tensor.numel();
  parts.parameters.emplace_back(fmt::format("{}.{}", name, suffix), tensor);
  return tensor;
}

at::Tensor Site::weight(const WeightOptions& weight) const {
  at::Tensor tensor = parameter(weight.name, weight.sizes);
  const at::Generator generator = parameter_generator(parts.seed, parts.parameters.back().first);
  for_each_gate(tensor, weight.gates, [&](const at::Tensor& gate) {
    draw_weight(gate, options.init, fans_of(gate.sizes().vec()), weight.standard, generator);
  });
  return tensor;
}

at::Tensor Site::bias(const WeightOptions& bias) const {
  at::Tensor tensor = parameter(bias.name, bias.sizes);
  const at::Generator generator = parameter_generator(parts.seed, parts.parameters.back().first);
  for_each_gate(tensor, bias.gates,
                [&](const at::Tensor& gate) { draw_bias(gate, options.init, bias.fans, bias.standard, generator); });
  return tensor;
}

at::Tensor Site::norm_parameter(std::string_view suffix, const Sizes& sizes, double value) const {
  at::Tensor tensor = parameter(suffix, sizes);
  tensor.detach().fill_(value);
  return tensor;
}

at::Tensor Site::buffer(std::string_view suffix, const Sizes& sizes, double value) const {
  at::Tensor tensor = at::full(sizes, value, at::kFloat);
  parts.buffers.emplace_back(fmt::format("{}.{}", name, suffix), tensor);
  return tensor;
}

at::Tensor Site::constant(const at::Tensor& exact) const {
  return parts.constants.emplace_back(Constant{.exact = exact, .used = exact.to(at::kFloat)}).used;
}

std::int64_t Site::units() const {
  if (options.units != recipe::kUnitsFromClasses) return checked("units", options.units);
  if (parts.shape.outputs < 1)
    refuse("units = \"classes\", but the targets of these data are not classes; write a number");
  return parts.shape.outputs;
}

std::int64_t Site::checked(std::string_view key, std::int64_t value, std::int64_t low) const {
  if (value < low || value > kLargest) {
    refuse(fmt::format("{} = {}; allowed is {} to {}", key, value, low, kLargest));
  }
  return value;
}

void Site::refuse(const std::string& why) const {
  throw UsageError(fmt::format("layer '{}' ({}): {}", name, recipe::name(options.type), why));
}

void Site::misfit(std::string_view takes, std::string_view advice) const {
  refuse(fmt::format("takes {}, but its input is {}; {}", takes, shape_text(input), advice));
}

std::string shape_text(const Sizes& sizes) { return fmt::format("[{}]", fmt::join(sizes, ", ")); }

}  // namespace thalweg
