#include "thalweg/report/preflight_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "thalweg/report/number.h"
#include "thalweg/report/plot.h"
#include "thalweg/report/table.h"

namespace thalweg::report {
namespace {

std::string cell(double value) { return std::isnan(value) ? "-" : number(value, 2); }

std::vector<std::string> row_of(const StartLayer& layer) {
  return {layer.name,
          cell(layer.spread),
          cell(layer.gain),
          cell(layer.pull),
          cell(layer.spectral_scale),
          cell(layer.update_scale),
          std::isnan(layer.symmetric) || layer.symmetric == 0.0 ? "-" : share(layer.symmetric),
          layer.advice};
}

std::string layer_table(const StartPanel& panel, const Look& look) {
  const auto most = static_cast<std::size_t>(panel.most_layers), all = panel.layers.size();
  Rows rows;
  for (std::size_t i = 0; i < all; ++i) {
    if (all > most && i == most / 2) {
      rows.push_back({fmt::format("… {} more", all - most)});
      i += all - most;
    }
    rows.push_back(row_of(panel.layers[i]));
  }
  return table({{"layer"},
                {"spread", Align::right},
                {"gain", Align::right},
                {"pull", Align::right},
                {"‖W‖", Align::right},
                {"first step", Align::right},
                {"copies", Align::right},
                {"better start"}},
               rows, look);
}

std::string profile(const StartPanel& panel, const Look& look) {
  Curve forward{.name = "spread"}, backward{.name = "pull"};
  double depth = 0.0;
  for (const StartLayer& layer : panel.layers) {
    depth += 1.0;
    for (auto [curve, value] : {std::pair{&forward, layer.spread}, std::pair{&backward, layer.pull}}) {
      if (!(value > 0.0) || !std::isfinite(value)) continue;
      curve->x.push_back(depth);
      curve->y.push_back(value);
    }
  }
  if (forward.x.size() < 3) return "";  // two points say no more than the table
  const std::vector<Curve> curves{forward, backward};
  return "\n" + plot(curves,
                     {.title = "the signal against depth: a forwards (spread), b backwards (pull)",
                      .rows = 8,
                      .log_range = 5.0},
                     look);
}

std::string tried_table(const StartPanel& panel, const Look& look) {
  if (panel.tried.size() < 2) return "";
  Rows rows;
  for (const StartTried& tried : panel.tried) {
    rows.push_back({tried.init, number(tried.loss), cell(tried.forward), cell(tried.backward),
                    tried.recommended ? "<- recommended" : ""});
  }
  return "\n" + table({{"init.kind"},
                       {"first loss", Align::right},
                       {"forwards", Align::right},
                       {"backwards", Align::right},
                       {""}},
                      rows, look);
}

}  // namespace

std::string start_panel(const StartPanel& panel, const Look& look) {
  return layer_table(panel, look) + profile(panel, look) + tried_table(panel, look);
}

}  // namespace thalweg::report
