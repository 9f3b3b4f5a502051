// train/watch.h for Python, in parts: Python calls loss.backward() and optimizer.step() itself. The optimizer is
// described by two functions of the Python side, which are asked anew each time.
#include "thalweg/train/watch.h"

#include <fmt/format.h>
#include <pybind11/functional.h>
#include <pybind11/stl/filesystem.h>
#include <torch/csrc/utils/pybind.h>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "thalweg/model/tap.h"
#include "thalweg/optim/described_optimizer.h"
#include "thalweg/python/bindings.h"
#include "thalweg/record/error.h"
#include "thalweg/record/quantity.h"
#include "thalweg/store/json.h"

namespace thalweg::python {
namespace {

using Group = std::tuple<std::map<std::string, double>, std::vector<std::size_t>>;
using Describe = std::function<std::tuple<std::string, std::string, std::vector<Group>, bool>()>;
using State = std::function<std::tuple<double, double, std::map<std::string, at::Tensor>>(std::size_t)>;
using Closure = std::function<at::Tensor()>;

Description description(const Describe& describe, std::size_t parameters) {
  auto [module, kind, groups, repeats] = describe();
  Description result{.module = module, .kind = kind, .parameters = parameters, .repeats_closure = repeats};
  for (auto& [options, numbers] : groups) result.groups.push_back({std::move(options), std::move(numbers)});
  return result;
}

std::unique_ptr<OptimizerView> view_of(Describe describe, State state, std::vector<at::Tensor> parameters) {
  if (!describe) return nullptr;
  const std::size_t count = parameters.size();
  return std::make_unique<DescribedOptimizer>(DescribedOptimizer::Source{
      .describe = [describe = std::move(describe), count] { return description(describe, count); },
      .state =
          [state = std::move(state)](std::size_t parameter) {
            auto [steps, mu_product, tensors] = state(parameter);
            return DescribedState{.steps = steps, .mu_product = mu_product, .tensors = std::move(tensors)};
          },
      .parameters = std::move(parameters)});
}

// The watch closes where Python drops it: without the GIL, as its store's thread may be waiting for it.
class PythonWatch {
 public:
  PythonWatch(Watch::Parameters parameters, std::vector<at::Tensor> watched, Describe describe, State state,
              WatchOptions options)
      : watch_(std::make_unique<Watch>(std::move(parameters),
                                       view_of(std::move(describe), std::move(state), std::move(watched)),
                                       std::move(options))) {}
  ~PythonWatch() {
    const py::gil_scoped_release release;
    watch_.reset();
  }
  PythonWatch(const PythonWatch&) = delete;
  PythonWatch& operator=(const PythonWatch&) = delete;

  Watch* operator->() const { return watch_.get(); }

 private:
  std::unique_ptr<Watch> watch_;
};

// Steps and values of one quantity of the whole model.
std::vector<std::pair<std::int64_t, double>> readings(const Watch& watch, const std::string& name) {
  const std::optional<Quantity> quantity = quantity_named(name);
  if (!quantity) {
    std::vector<std::string_view> names;
    for (const QuantityInfo& known : quantities()) names.push_back(known.name);
    const std::string near = nearest(name, names);
    throw UsageError(fmt::format("there is no quantity '{}'{}", printable(name),
                                 near.empty() ? ": 'thalweg explain' lists them" : "; did you mean '" + near + "'?"));
  }
  std::vector<std::pair<std::int64_t, double>> result;
  for (const Point& point : watch.history().series(*quantity)) result.emplace_back(point.step, point.value);
  return result;
}

void bind_options(py::module_& module) {
  py::class_<WatchOptions>(module, "WatchOptions")
      .def(py::init<>())
      .def_readwrite("store", &WatchOptions::store)
      .def_readwrite("name", &WatchOptions::name)
      .def_readwrite("budget", &WatchOptions::budget)
      .def_readwrite("cadence", &WatchOptions::cadence)
      .def_readwrite("instruments", &WatchOptions::instruments)
      .def_readwrite("objective", &WatchOptions::objective)
      .def_readwrite("buffers", &WatchOptions::buffers)
      .def_readwrite("buffer_names", &WatchOptions::buffer_names)
      .def_readwrite("tap", &WatchOptions::tap)
      .def_readwrite("rank", &WatchOptions::rank)
      .def_readwrite("memory_limit", &WatchOptions::memory_limit)
      .def_readwrite("warn", &WatchOptions::warn)
      .def_readwrite("planned_steps", &WatchOptions::planned_steps)
      .def_readwrite("seed", &WatchOptions::seed)
      .def_readwrite("call_seconds", &WatchOptions::call_seconds);
}

void bind_overhead(py::module_& module) {
  using Overhead = Watch::Overhead;
  py::class_<Overhead>(module, "Overhead")
      .def_readonly("budget", &Overhead::budget)
      .def_readonly("share", &Overhead::share)
      .def_readonly("first", &Overhead::first)
      .def_readonly("seconds", &Overhead::seconds)
      .def_readonly("trained", &Overhead::trained)
      .def_readonly("peak_bytes", &Overhead::peak_bytes)
      .def_readonly("by_instrument", &Overhead::by_instrument)
      .def_readonly("period", &Overhead::period);
}

// Views into Python's strings would not live as long as the instruments look: they are asked within the call.
void bind_tap(py::module_& module) {
  py::class_<Tap>(module, "Tap")
      .def("passed", [](Tap& tap, const std::string& layer, const std::string& type, const std::string& of,
                        const std::string& activation, const at::Tensor& input, const at::Tensor& before,
                        const at::Tensor& output) {
        tap.passed({.layer = layer,
                    .type = type,
                    .module = of,
                    .activation = activation,
                    .input = input,
                    .before = before,
                    .output = output});
      });
}

}  // namespace

void bind_watch(py::module_& module) {
  bind_tap(module);
  bind_options(module);
  bind_overhead(module);
  const py::call_guard<py::gil_scoped_release> released;
  py::class_<PythonWatch>(module, "Watch")
      .def(py::init<Watch::Parameters, std::vector<at::Tensor>, Describe, State, WatchOptions>(), released)
      .def(
          "before_backward",
          [](PythonWatch& watch, const at::Tensor& loss, const Closure& closure, double scale) {
            return watch->before_backward(loss, closure, {.scale = scale});
          },
          released)
      .def(
          "after_backward", [](PythonWatch& watch) { watch->after_backward(); }, released)
      .def(
          "before_step", [](PythonWatch& watch) { watch->before_step(); }, released)
      .def(
          "after_step",
          [](PythonWatch& watch, double loop_seconds) {
            watch->after_step({}, loop_seconds);
            return watch->rest();
          },
          released)
      .def(
          "rested", [](PythonWatch& watch, std::int64_t steps) { watch->rested(steps); }, released)
      .def(
          "log",
          [](PythonWatch& watch, const std::string& name, double value, const std::string& split) {
            watch->log(name, value, split);
          },
          released)
      .def(
          "verdict", [](const PythonWatch& watch) { return watch->verdict(); }, released)
      .def(
          "findings",
          [](const PythonWatch& watch) {
            std::vector<std::string> result;
            for (const Finding& finding : watch->findings()) result.push_back(to_json(finding));
            return result;
          },
          released)
      .def(
          "readings",
          [](const PythonWatch& watch, const std::string& name) { return readings(*watch.operator->(), name); },
          released)
      .def(
          "overhead", [](const PythonWatch& watch) { return watch->overhead(); }, released)
      .def(
          "summary", [](const PythonWatch& watch) { return watch->summary(); }, released)
      .def(
          "notes", [](const PythonWatch& watch) { return watch->notes(); }, released)
      .def(
          "store", [](const PythonWatch& watch) { return watch->store(); }, released)
      .def(
          "steps", [](const PythonWatch& watch) { return watch->steps(); }, released)
      .def(
          "close", [](PythonWatch& watch) { watch->close(); }, released);
}

}  // namespace thalweg::python
