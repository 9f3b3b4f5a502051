// Where the run stands against its optimizer's edge of stability: the largest eigenvalue of the curvature as the
// optimizer meets it, beside what its rate allows,
//     λ_max(P⁻¹ (H + added·I)),   limit (2/ε for gradient descent),   edge_ratio = λ_max / limit.
// P is what the optimizer divides by and `added` the weight decay that it adds to the gradient (optim/stability.h); H
// the Hessian of the step's own batch. Cohen, Kaur, Li, Kolter, Talwalkar 2021; Cohen, Ghorbani, Krishnan et al. 2022.
//
// The eigenvalue is followed by Lanczos on P^-½ (H + added·I) P^-½ from the vectors of the look before (tracker.h).
// Says nothing where P or the limit is not known (by-hand updates, an optimizer's first step) or P is not positive.
//
// Cost: one backward with graph and about two gradient units a product; 12 products at most, mostly six.
#pragma once

#include <optional>

#include "thalweg/observe/curvature/tracker.h"
#include "thalweg/observe/instrument.h"

namespace thalweg {

class Edge final : public Instrument {
 public:
  static constexpr std::string_view kName = "edge";
  Edge() : Edge(EigenTracker::Options{}) {}
  explicit Edge(EigenTracker::Options options) : tracker_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.graph = true, .gradient_units = 14.0, .at_most = EigenTracker::kDearest, .share = 0.2};
  }
  void before_backward(const Step& step) override;
  void after_backward(const Step& step, ReadingSink& out) override;

 private:
  EigenTracker tracker_;
  std::optional<EigenTracker::Look> look_;
  double limit_ = 0.0;
};

}  // namespace thalweg
