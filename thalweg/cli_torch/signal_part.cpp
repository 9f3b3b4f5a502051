#include "thalweg/cli_torch/signal_part.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "thalweg/observe/propagation/signal.h"
#include "thalweg/report/heat_map.h"
#include "thalweg/report/run_heat_map.h"
#include "thalweg/store/store.h"

namespace thalweg::cli {
namespace {

namespace fs = std::filesystem;

// While it lives the inputs require gradients, so that Jacobians begin at them.
class Differentiable {
 public:
  explicit Differentiable(at::Tensor inputs) : inputs_(std::move(inputs)) {
    if (inputs_.is_floating_point()) inputs_.requires_grad_(true);
  }
  ~Differentiable() {
    if (inputs_.is_floating_point()) inputs_.requires_grad_(false);
  }
  Differentiable(const Differentiable&) = delete;
  Differentiable& operator=(const Differentiable&) = delete;

 private:
  at::Tensor inputs_;
};

}  // namespace

SignalPart measure_signal_part(SurveyedNetwork& network, const fs::path& run, const OutputFolder& out) {
  SignalPart part;
  {
    const Differentiable inputs(network.batch().inputs);
    part.signal = measure_signal(network.through(), {.jacobians = true});
  }
  if (fs::exists(run / "run.sqlite")) part.maps = report::signal_heat_maps(StoreReader(run / "run.sqlite"));
  for (const HeatMap& map : part.maps) {
    const std::string svg = report::heat_map_svg(map);
    if (!svg.empty()) part.files.push_back(out.write(fmt::format("signal-{}.svg", map.title), svg));
  }
  return part;
}

}  // namespace thalweg::cli
