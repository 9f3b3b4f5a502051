#include "thalweg/observe/propagation/hearing.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <utility>

namespace thalweg {
namespace {

constexpr std::array<std::string_view, 24> kWeighted = {"linear",
                                                        "conv",
                                                        "rnn",
                                                        "gru",
                                                        "lstm",
                                                        "attention",
                                                        "transformer",
                                                        "residual",
                                                        "Linear",
                                                        "Conv1d",
                                                        "Conv2d",
                                                        "Conv3d",
                                                        "RNN",
                                                        "GRU",
                                                        "LSTM",
                                                        "Bilinear",
                                                        "MultiheadAttention",
                                                        "TransformerEncoderLayer",
                                                        "TransformerDecoderLayer",
                                                        "ConvTranspose1d",
                                                        "ConvTranspose2d",
                                                        "ConvTranspose3d",
                                                        "BasicBlock",
                                                        "Bottleneck"};
constexpr std::array<std::string_view, 14> kPassesOn = {
    "pool",      "flatten",   "dropout",   "one_hot",   "Flatten",           "Dropout",           "Dropout1d",
    "Dropout2d", "MaxPool1d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "AdaptiveMaxPool2d", "Identity"};
constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kActivations = {{{"ReLU", "relu"},
                                                                                         {"Tanh", "tanh"},
                                                                                         {"Sigmoid", "sigmoid"},
                                                                                         {"GELU", "gelu"},
                                                                                         {"ELU", "elu"},
                                                                                         {"SELU", "selu"},
                                                                                         {"SiLU", "silu"},
                                                                                         {"LeakyReLU", "leaky_relu"},
                                                                                         {"Softmax", "softmax"},
                                                                                         {"Hardtanh", "hardtanh"}}};

template <class Names>
bool among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_part_of(std::string_view name, std::string_view whole) {
  return name.size() > whole.size() && name[whole.size()] == '.' && name.starts_with(whole);
}

}  // namespace

void Hearing::passed(const Passage& p) {
  HeardLayer heard{.name = std::string(p.layer),
                   .type = std::string(p.type.empty() ? p.module : p.type),
                   .activation = std::string(p.activation.empty() ? "none" : p.activation),
                   .input = p.input,
                   .before = p.before,
                   .output = p.output};
  for (const auto& [module, activation] : kActivations) {
    if (p.module != module) continue;
    heard.activation = activation;
    heard.before = p.input;
  }
  layers.push_back(std::move(heard));
}

bool only_passes_on(const HeardLayer& layer) { return layer.activation == "none" && among(kPassesOn, layer.type); }

std::vector<std::size_t> weighted_layers(const std::vector<HeardLayer>& layers) {
  const auto weighted = [](const HeardLayer& l) { return among(kWeighted, l.type) && l.input.is_floating_point(); };
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const bool nested = std::any_of(layers.begin(), layers.end(), [&](const HeardLayer& other) {
      return weighted(other) && is_part_of(layers[i].name, other.name);
    });
    if (weighted(layers[i]) && !nested) result.push_back(i);
  }
  return result;
}

std::int64_t units_of(const at::Tensor& output) {
  return output.dim() >= 4 ? output.size(1) : output.dim() > 0 ? output.size(-1) : 1;
}

at::Tensor by_units(const at::Tensor& output) {
  const at::Tensor last = output.dim() >= 4 ? output.movedim(1, -1) : output;
  return last.reshape({-1, units_of(output)});
}

}  // namespace thalweg
