// One builder per layer type: checks that the layer fits its input, registers its parameters, and gives back the
// forward. Internal to the room.
#pragma once

#include <vector>

#include "thalweg/model/site.h"

namespace thalweg {

Built build_linear(const Site& site);
Built build_flatten(const Site& site);
Built build_dropout(const Site& site);
Built build_activation(const Site& site);  // the activation itself is applied by whoever applies every layer's
Built build_conv(const Site& site);
Built build_pool(const Site& site);
Built build_batch_norm(const Site& site);
Built build_layer_norm(const Site& site);
Built build_group_norm(const Site& site);
Built build_embedding(const Site& site);
Built build_one_hot(const Site& site);
Built build_recurrent(const Site& site);  // rnn, gru, lstm
Built build_attention(const Site& site);
Built build_transformer(const Site& site);
Built build_residual(const Site& site);

// A chain of layers; `prefix` goes before their names ("residual1.").
struct Chain {
  const std::vector<recipe::Layer>& layers;
  std::string prefix;
  Sizes input;
  bool tokens = false;
};
Built build_chain(const Chain& chain, Parts& parts);

// Whether the pool is the 2×2 max-pooling with stride 2 that max_pool.h does with a relu at once.
bool pools_pairs(const recipe::Layer& layer);

// A linear map of the last axis to `units`: registers "<name>weight" and "<name>bias", `name` ending in a dot or empty.
struct Affine {
  at::Tensor weight;
  at::Tensor bias;  // undefined where there is none
  at::Tensor operator()(const at::Tensor& x) const;
};
struct AffineOptions {
  std::string name;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  bool bias = true;
  bool zero_bias = false;  // bias = "default" means 0
};
Affine make_affine(const Site& site, const AffineOptions& options);

// Sequences [time, features] as they are; an image [channels, height, width] is read row by row, as [height,
// channels·width].
struct SequenceInput {
  std::int64_t time = 0;
  std::int64_t features = 0;
  bool image = false;
  at::Tensor operator()(const at::Tensor& x) const;  // [rows, time, features]
};
SequenceInput sequence_input(const Site& site);

}  // namespace thalweg
