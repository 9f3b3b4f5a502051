// A tap that keeps what it hears, and what the measures of the signal's way ask of it: which layers are steps of the
// depth, and what their units are.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/model/tap.h"

namespace thalweg {

struct HeardLayer {
  std::string name;
  std::string type;        // the recipe's word, or a foreign network's class
  std::string activation;  // "none" where there is none; of a foreign class that is one ("ReLU"), its own: "relu"
  at::Tensor input, before, output;
};

class Hearing final : public Tap {
 public:
  void passed(const Passage& passage) override;
  std::vector<HeardLayer> layers;
};

// Only moves or drops what it is given: pool, flatten, dropout.
bool only_passes_on(const HeardLayer& layer);

// The steps that depth is counted in, in order: layers with weights (linear, conv, recurrent, attention, residual …)
// that are no part of another such layer. The last one is the output.
std::vector<std::size_t> weighted_layers(const std::vector<HeardLayer>& layers);

// [samples, units]: units are channels of an image [rows, channels, …], else the last axis; samples are rows, places,
// moments.
at::Tensor by_units(const at::Tensor& output);
std::int64_t units_of(const at::Tensor& output);

}  // namespace thalweg
