#include "thalweg/report/start_in_time.h"

#include <fmt/format.h>

#include <cmath>

#include "thalweg/report/entries.h"
#include "thalweg/report/number.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

std::string reach_words(const RecurrentLayer& r) {
  if (r.gradient.empty()) return "the loss asks nothing of the last state: no gradient to follow back";
  if (r.horizon_seen) {
    return fmt::format("the gradient of the last step falls to a hundredth {} steps back, of {}",
                       number(r.horizon.value, 2), r.time);
  }
  return fmt::format("the gradient of the last step reaches the first, {} steps back, at {} times its length",
                     r.gradient.size() - 1, number(r.gradient.back(), 2));
}

std::string layer_words(const RecurrentLayer& r) {
  std::string text = fmt::format("{}, {} of {} units: {}", safe_text(r.layer), r.kind, r.units, reach_words(r));
  if (std::isfinite(r.radius)) {
    text += fmt::format("; spectral radius of {} {}", r.kind == "rnn" ? "W_hh" : "the mean step", number(r.radius));
  }
  if (!r.exponents.empty()) {
    const RecurrentLayer::Exponent& e = r.exponents.front();
    text += fmt::format("; largest Lyapunov exponent {}{} a step", number(e.value),
                        std::isfinite(e.error) ? fmt::format(" ± {}", number(e.error, 2)) : "");
  }
  return text;
}

bool has_gates(const RecurrentLayer& r) { return r.kind == "gru" || r.kind == "lstm"; }

}  // namespace

std::string start_in_time(std::span<const RecurrentLayer> layers, const Look& look) {
  if (layers.empty()) return "";
  std::string text = painted("In time, at the start", Paint::bold, look) + "\n";
  for (const RecurrentLayer& r : layers) {
    text += short_entry("layer", layer_words(r), look);
    if (!has_gates(r) || !r.horizon_seen) continue;
    text += short_entry("longer", fmt::format("memory = {} in this layer: its gates begin to remember", r.time), look);
  }
  return text + short_entry("note",
                            "readings, no verdict: training moves the horizon, and gated layers have learnt sequences "
                            "longer than the one they began with ('thalweg explain memory_horizon')",
                            look);
}

}  // namespace thalweg::report
