// The start of a network in text: layer by layer, and drawn against depth.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include "thalweg/report/look.h"

namespace thalweg::report {

// What was not measured is NaN, and shown as a dash.
struct StartLayer {
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  std::string name;
  double spread = kNone;          // of its outputs from row to row
  double gain = kNone;            // spread over that of the layer before
  double pull = kNone;            // ‖∂L/∂W‖ ‖W‖ / L
  double spectral_scale = kNone;  // ‖W‖₂ √(fan_in / fan_out)
  double update_scale = kNone;    // ‖ΔW‖₂ / ‖W‖₂ of the first update
  double symmetric = kNone;       // share of units that are copies
  std::string advice;             // "orthogonal: gain 0.97"
};

// Another initialiser, tried on the same network and rows.
struct StartTried {
  std::string init;  // "orthogonal"
  double loss = 0.0;
  double forward = 0.0;
  double backward = 0.0;
  bool recommended = false;
};

struct StartPanel {
  std::vector<StartLayer> layers;
  std::vector<StartTried> tried;  // the recipe's own first; shown where there is another
  int most_layers = 40;           // of the table: more are left out in the middle
};

std::string start_panel(const StartPanel& panel, const Look& look);

}  // namespace thalweg::report
