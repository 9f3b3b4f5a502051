// The largest and the smallest eigenvalue of H, the Hessian of the step's own batch, followed along the run:
//     λ_max = max v'Hv,   λ_min = min v'Hv   over unit v,
// by Lanczos from the vectors of the look before (tracker.h; Lanczos 1950). The error bar of λ_max is the residual's
// bound on the distance to an eigenvalue (Kato 1949), of a search that has not converged a wide one; that of λ_min
// reaches to where with 99% probability nothing lies below. Where several backwards make a step, H is the last one's,
// at the size of the whole.
//
// Cost: one backward with graph and about two gradient units a product; 12 products at most, 40 on the first look.
#pragma once

#include <optional>

#include "thalweg/observe/curvature/tracker.h"
#include "thalweg/observe/instrument.h"

namespace thalweg {

class Extremes final : public Instrument {
 public:
  static constexpr std::string_view kName = "extremes";
  Extremes() : Extremes(EigenTracker::Options{.top = true, .bottom = true}) {}
  explicit Extremes(EigenTracker::Options options) : tracker_(options) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override {
    return {.graph = true, .gradient_units = 25.0, .at_most = EigenTracker::kDearest, .share = 0.15};
  }
  void before_backward(const Step& step) override;
  void after_backward(const Step& step, ReadingSink& out) override;

 private:
  EigenTracker tracker_;
  std::optional<EigenTracker::Look> look_;
};

}  // namespace thalweg
