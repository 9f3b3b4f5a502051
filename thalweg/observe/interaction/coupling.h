// How far from true it is that the other weights stay fixed, which every layer's gradient assumes (Goodfellow, Bengio,
// Courville 2016, section 8.7.1). With u_i the part of the update u that moves layer i alone:
//     C_ij = u_i'Hu_j,      L(θ+u) − L(θ) = Σ g'u_i + ½ Σ C_ii + ½ Σ_{i≠j} C_ij + what is beyond second order.
// coupling_share = Σ_{i≠j} |C_ij| / Σ |C_ij| is 0 where layers do not feel each other's updates.
//
// g, u: one tensor a parameter, u the update that was really made. H of the same mini-batch loss at the weights before
// it. Cost: one Hessian-vector product a layer (Hu_j gives column j at once), and for the changes one forward a layer.
// C is symmetric; what a product in floats makes of it is not, and both halves are averaged.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "thalweg/observe/instrument.h"
#include "thalweg/observe/interaction/layer_groups.h"
#include "thalweg/record/coupling.h"

namespace thalweg {

struct CouplingProblem {
  using Tensors = std::vector<at::Tensor>;
  std::span<const LayerGroup> layers;
  const Tensors& weights;                              // θ, before the update
  const Tensors& gradient;                             // g
  const Tensors& update;                               // u
  std::function<Tensors(const Tensors& v)> product;    // Hv
  std::function<double(const Tensors& weights)> loss;  // L anywhere; empty: the changes are not measured
  double loss_here = 0.0;                              // L(θ), as `loss` gives it
  double loss_error = 0.0;                             // rounding of a loss
};
Coupling measure_coupling(const CouplingProblem& problem);

// The same of each training step where it is due. Networks of more than `most_layers` layers are seen in blocks.
class LayerCoupling final : public Instrument {
 public:
  struct Options {
    std::size_t most_layers = 12;  // products in a turn, at most
  };
  static constexpr std::string_view kName = "coupling";
  LayerCoupling() : LayerCoupling(Options{}) {}
  explicit LayerCoupling(Options options) : options_(options) {}
  std::string_view name() const override { return kName; }
  // For six layers; for more, up to at_most: a product is about 2 gu, a forward 0.35.
  Needs needs() const override {
    return {.graph = true,
            .gradient = true,
            .update = true,
            .second_forward = true,
            .gradient_units = 1.0 + 6.0 * kOfALayer,
            .at_most = 1.0 + kOfALayer * static_cast<double>(options_.most_layers),
            .share = 0.1};
  }
  void before_backward(const Step& step) override { step.graph->gradient(); }
  void after_update(const Step& step, ReadingSink& out) override;

 private:
  static constexpr double kOfALayer = 2.5;
  Options options_;
};

}  // namespace thalweg
