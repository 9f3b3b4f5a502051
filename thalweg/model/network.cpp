#include "thalweg/model/network.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "thalweg/model/layers.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

class ChainNetwork final : public Network {
 public:
  ChainNetwork(Forward forward, Parts parts) : forward_(std::move(forward)), parts_(std::move(parts)) {}

  at::Tensor forward(const at::Tensor& inputs) override { return forward_(inputs, training_); }
  void train(bool on) override { training_ = on; }
  bool training() const override { return training_; }
  const NamedParameters& parameters() const override { return parts_.parameters; }
  const NamedParameters& buffers() const override { return parts_.buffers; }
  const std::vector<LayerSummary>& summary() const override { return parts_.summary; }
  bool random() const override { return parts_.random; }
  std::int64_t fewest_rows() const override { return parts_.fewest_rows; }
  void tap(Tap* tap) override { *parts_.tap = tap; }
  void to(at::ScalarType type, at::Device device) override {
    for (NamedParameters* tensors : {&parts_.parameters, &parts_.buffers}) {
      for (auto& [name, tensor] : *tensors) tensor.set_data(tensor.detach().to(device, type));
    }
    for (Constant& constant : parts_.constants) constant.used.set_data(constant.exact.to(device, type));
  }

 private:
  Forward forward_;
  Parts parts_;
  bool training_ = true;
};

}  // namespace

std::unique_ptr<Network> build_network(const recipe::Model& model, const NetworkShape& shape, std::uint64_t seed) {
  if (model.layers.empty())
    throw UsageError("model.layers is empty; write at least one layer, { type = \"linear\", … }");
  if (shape.input.empty())
    throw UsageError("the rows of the data have no axis; a network needs at least one number a row");
  for (const std::int64_t size : shape.input) {
    if (size < 1)
      throw UsageError(fmt::format("the rows of the data are {}, which holds no number", shape_text(shape.input)));
  }
  Parts parts{.shape = shape, .seed = seed};
  Built built =
      build_chain({.layers = model.layers, .prefix = "", .input = shape.input, .tokens = shape.tokens}, parts);
  return std::make_unique<ChainNetwork>(std::move(built.forward), std::move(parts));
}

}  // namespace thalweg
