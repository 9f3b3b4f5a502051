// A network from a recipe.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/model/tap.h"
#include "thalweg/recipe/recipe.h"

namespace thalweg {

// What the network is fed and asked for.
struct NetworkShape {
  std::vector<std::int64_t> input;  // of one row
  bool tokens = false;              // inputs are int64 numbers below vocabulary
  std::int64_t vocabulary = 0;
  std::int64_t outputs = 0;  // what units = "classes" means
};

struct LayerSummary {
  std::string name;                  // "conv1"
  std::string type;                  // "conv 3×3, 16 channels, relu"
  std::vector<std::int64_t> output;  // shape of one row's output
  std::int64_t parameters = 0;
  recipe::LayerType kind = recipe::LayerType::linear;
  recipe::Activation activation = recipe::Activation::none;
};

using NamedParameters = std::vector<std::pair<std::string, at::Tensor>>;

class Network {
 public:
  virtual ~Network() = default;
  // [rows, …] to [rows, outputs] or [rows, time, outputs]. Training or evaluation mode as last set; training at first.
  virtual at::Tensor forward(const at::Tensor& inputs) = 0;
  virtual void train(bool on = true) = 0;
  virtual bool training() const = 0;
  // In order of the layers, named "<layer>.weight", "<layer>.bias", … as the checkpoint's model.safetensors names them.
  virtual const NamedParameters& parameters() const = 0;
  virtual const NamedParameters& buffers() const = 0;  // running statistics
  virtual const std::vector<LayerSummary>& summary() const = 0;
  // Whether a forward in training mode draws random numbers or changes buffers.
  virtual bool random() const = 0;
  // Rows that a batch needs in training mode: 2 where there is a batch norm. Fewer is a UsageError of forward.
  virtual std::int64_t fewest_rows() const { return 1; }
  // Hears each layer of every forward from now on; null: nobody. Must outlive its being set.
  virtual void tap(Tap* tap) = 0;
  // Moves all tensors, in place: whoever holds parameters() keeps holding them.
  virtual void to(at::ScalarType type, at::Device device) = 0;
};

// Builds and initialises. `seed` alone decides the initial weights (own random stream; torch's global one is left
// alone). A layer that does not fit its input is a UsageError that names the layer, both shapes and what would fit.
std::unique_ptr<Network> build_network(const recipe::Model& model, const NetworkShape& shape, std::uint64_t seed);

// The table `layer, output shape, parameters` that the terminal shows.
std::string summary_table(const Network& network);

}  // namespace thalweg
