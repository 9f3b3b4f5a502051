// Where a layer is built: what its builder is given, and what it gives back. Internal to the room.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/model/init.h"
#include "thalweg/model/network.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

using Sizes = std::vector<std::int64_t>;  // the shape of one row, without the batch's axis

// A layer at work, on [rows, …].
using Forward = std::function<at::Tensor(const at::Tensor& x, bool training)>;

struct Built {
  Forward forward;
  Sizes output;
  bool overwritable = false;  // nobody needs the result: not autograd, and it is never the input itself
};

// Neither trained nor saved; moved with the rest, each time from the exact values.
struct Constant {
  at::Tensor exact;  // float64
  at::Tensor used;
};

// What a network is made of, gathered while its layers are built.
struct Parts {
  NetworkShape shape;
  std::uint64_t seed = 0;
  NamedParameters parameters;
  NamedParameters buffers;
  std::vector<Constant> constants;
  std::vector<LayerSummary> summary;
  std::int64_t numbers = 0;      // in all parameters
  std::int64_t fewest_rows = 1;  // of a batch in training mode
  bool random = false;
  std::shared_ptr<Tap*> tap = std::make_shared<Tap*>(nullptr);  // shared with the forwards
};

struct WeightOptions {
  std::string_view name;  // "weight"
  Sizes sizes;            // [out, in, …]; or [n] for a bias
  StandardInit standard;
  std::int64_t gates = 1;  // blocks along the first axis that are initialised one by one
  Fans fans{};             // of a bias: its weight's
};

class Site {
 public:
  const recipe::Layer& options;
  std::string name;  // "residual1.conv2"
  Sizes input;
  bool relu_first = false;  // pool: the relu of the layer before, left to be done here
  Parts& parts;

  // Parameters, named "<layer>.<name>", initialised as the recipe asks.
  at::Tensor weight(const WeightOptions& weight) const;
  at::Tensor bias(const WeightOptions& bias) const;
  // Of a norm: every entry `value`, whatever the recipe's initialiser.
  at::Tensor norm_parameter(std::string_view suffix, const Sizes& sizes, double value) const;
  at::Tensor buffer(std::string_view suffix, const Sizes& sizes, double value) const;
  at::Tensor constant(const at::Tensor& exact) const;

  std::int64_t units() const;  // with "classes" resolved
  // `value`, unless it lies outside low … 2³¹: then a UsageError that names layer and key.
  std::int64_t checked(std::string_view key, std::int64_t value, std::int64_t low = 1) const;
  // Refuses a network that grows by so many parameters beyond what any memory holds.
  void require(double numbers) const;
  [[noreturn]] void refuse(const std::string& why) const;
  // "takes an image [channels, height, width], but its input is [128]; <advice>"
  [[noreturn]] void misfit(std::string_view takes, std::string_view advice) const;

 private:
  at::Tensor parameter(std::string_view suffix, const Sizes& sizes) const;
};

// "[16, 28, 28]"
std::string shape_text(const Sizes& sizes);

}  // namespace thalweg
