// What thalweg.check says of a start: observe/propagation/signal.h and observe/initialization for any model.
#include <pybind11/functional.h>
#include <torch/csrc/utils/pybind.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/model/tap.h"
#include "thalweg/observe/initialization/weights_at_start.h"
#include "thalweg/observe/propagation/signal.h"
#include "thalweg/python/bindings.h"

namespace thalweg::python {
namespace {

using Tapping = std::function<void(Tap*)>;

py::list layers_of(const std::vector<WeightsAtStart>& layers, double loss) {
  py::list result;
  for (const WeightsAtStart& layer : layers) {
    py::dict one;
    one["layer"] = layer.layer;
    one["units"] = layer.units;
    one["spectral_scale"] = layer.spectral_scale;
    one["symmetric"] = layer.symmetric;
    one["pull"] = layer.pull(loss);
    result.append(one);
  }
  return result;
}

py::list heard(const Signal& signal) {
  py::list result;
  for (const Signal::Layer& layer : signal.layers) {
    py::dict one;
    one["layer"] = layer.name;
    one["rms"] = layer.rms;
    one["correlation"] = layer.correlation;
    one["gradient_rms"] = layer.gradient_rms;
    result.append(one);
  }
  return result;
}

}  // namespace

void bind_check(py::module_& module) {
  // A gradient that is not there is None.
  module.def("weights_at_start",
             [](const NamedParameters& parameters, const std::vector<std::optional<at::Tensor>>& given, double loss) {
               std::vector<at::Tensor> gradients;
               for (const auto& gradient : given) gradients.push_back(gradient.value_or(at::Tensor()));
               return layers_of(weights_at_start(parameters, gradients), loss);
             });
  module.def("signal_at_start", [](const Tapping& set_tap, const std::function<at::Tensor()>& closure) {
    const Through through = [&](Tap& tap, const std::function<void(const at::Tensor&)>& use) {
      set_tap(&tap);
      at::Tensor loss;
      try {
        loss = closure();
      } catch (...) {
        set_tap(nullptr);
        throw;
      }
      set_tap(nullptr);
      use(loss);
    };
    Signal signal;
    {
      const py::gil_scoped_release released;  // autograd's own threads may need it
      signal = measure_signal(through, {.units = false});
    }
    return heard(signal);
  });
}

}  // namespace thalweg::python
