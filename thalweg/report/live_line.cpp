#include "thalweg/report/live_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "thalweg/report/number.h"
#include "thalweg/report/text.h"

namespace thalweg::report {
namespace {

// A part of the line, and how much it matters: the least is left out first.
struct Field {
  int weight;
  std::string text;
};

std::string steps(const LiveState& state) {
  if (state.planned <= 0) return fmt::format("step {}", count(state.step));
  return fmt::format("step {}/{}", count(state.step), count(state.planned));
}

std::vector<Field> fields(const LiveState& state) {
  std::vector<Field> result{{9, steps(state)}};
  const auto add = [&](int weight, bool known, std::string text) {
    if (known) result.push_back({weight, std::move(text)});
  };
  if (state.planned > 0) {
    add(3, true,
        fmt::format("{:.0f}%",
                    std::floor(100.0 * static_cast<double>(state.step) / static_cast<double>(state.planned))));
  }
  add(1, std::isfinite(state.epoch), fmt::format("epoch {:.1f}", state.epoch));
  add(8, state.loss_known || std::isfinite(state.loss), "loss " + number(state.loss));
  add(6, !state.metric_name.empty() && !std::isnan(state.metric),
      safe_text(state.metric_name) + " " + metric(state.metric_name, state.metric));
  add(2, !std::isnan(state.learning_rate), "lr " + number(state.learning_rate));
  add(4, !std::isnan(state.rho), "ρ " + number(state.rho));
  add(5, std::isfinite(state.seconds_left), duration(state.seconds_left) + " left");
  return result;
}

std::string joined(const std::vector<Field>& fields) {
  std::string line;
  for (const Field& field : fields) line += (line.empty() ? "" : "  ") + field.text;
  return line;
}

}  // namespace

std::string live_line(const LiveState& state, int width) {
  std::vector<Field> kept = fields(state);
  while (kept.size() > 1 && display_width(joined(kept)) > width) {
    kept.erase(
        std::min_element(kept.begin(), kept.end(), [](const Field& a, const Field& b) { return a.weight < b.weight; }));
  }
  return cut(joined(kept), width);
}

}  // namespace thalweg::report
