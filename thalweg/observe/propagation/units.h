// Dead, dormant, saturated and cloned units and the effective rank, as an instrument: a census (unit_census.h has the
// formulas) that gathers a batch a turn and says itself once its window is full.
//
// The window holds at least `rows` rows and `batches` batches, so that a unit that fires on few rows is not taken for
// dead; its batches are those of the turns, steps apart, and the weights move on between them. Each layer's shares are
// said at the window's last step. Cost: a forward a turn and a pass over each layer, 0.6 to 0.8 gradient units.
#pragma once

#include "thalweg/observe/instrument.h"
#include "thalweg/observe/propagation/unit_census.h"

namespace thalweg {

class Units final : public Instrument {
 public:
  struct Options {
    std::int64_t rows = 1024;
    std::int64_t batches = 8;
    UnitCensus::Options census{.most_units = 256};  // the rank of more takes longer than all else in the window
  };
  static constexpr std::string_view kName = "units";
  Units() : Units(Options{}) {}
  explicit Units(Options options) : options_(options), census_(options.census) {}
  std::string_view name() const override { return kName; }
  Needs needs() const override { return {.taps = true, .gradient_units = 0.6, .share = 0.1}; }
  void after_backward(const Step& step, ReadingSink& out) override;

 private:
  Options options_;
  UnitCensus census_;
  float cost_ = 0.0F;  // of the window so far
};

}  // namespace thalweg
