// survey/connection.h for Python: layers that were followed through a module come in, the result goes over as its JSON
// and its text.
#include <pybind11/functional.h>
#include <torch/csrc/utils/pybind.h>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/model/network.h"
#include "thalweg/model/symmetry.h"
#include "thalweg/python/bindings.h"
#include "thalweg/recipe/names.h"
#include "thalweg/report/connect_json.h"
#include "thalweg/report/connect_panel.h"
#include "thalweg/survey/connection.h"

namespace thalweg::python {
namespace {

// A layer as Python saw it: the recipe's words for what it is.
struct FollowedLayer {
  std::string name;
  std::string type;
  std::string activation = "none";
  std::string pool = "max";
  std::int64_t groups = 1;
  bool bias = true;
  std::vector<std::int64_t> output;
};

template <class E>
E named(const std::string& word) {
  for (const auto& entry : recipe::names<E>()) {
    if (entry.name == word) return entry.value;
  }
  throw std::invalid_argument("no layer has the word " + word);
}

// What symmetry_of asks of a network: names, shapes, tensors.
class Described final : public Network {
 public:
  NamedParameters parameters_, buffers_;
  std::vector<LayerSummary> summary_;

  at::Tensor forward(const at::Tensor& inputs) override { return inputs; }
  void train(bool) override {}
  bool training() const override { return false; }
  const NamedParameters& parameters() const override { return parameters_; }
  const NamedParameters& buffers() const override { return buffers_; }
  const std::vector<LayerSummary>& summary() const override { return summary_; }
  bool random() const override { return false; }
  void tap(Tap*) override {}
  void to(at::ScalarType, at::Device) override {}
};

struct PythonProblem {
  std::string subject_a, subject_b;
  std::vector<std::int64_t> input;
  std::vector<FollowedLayer> layers;
  NamedParameters parameters_a, parameters_b, buffers_a, buffers_b;
  std::function<std::vector<double>(const std::vector<at::Tensor>&)> evaluate;
  std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>&)> repaired;  // may be none
  double constant_loss = 0.0;
  int points = 11;
  int starts = 3;
  std::uint64_t seed = 0;
};

Symmetry symmetry_of(const PythonProblem& p) {
  recipe::Model model;
  Described network;
  network.parameters_ = p.parameters_a;
  network.buffers_ = p.buffers_a;
  for (const FollowedLayer& layer : p.layers) {
    model.layers.push_back({.type = named<recipe::LayerType>(layer.type),
                            .activation = named<recipe::Activation>(layer.activation),
                            .bias = layer.bias,
                            .pool = named<recipe::PoolKind>(layer.pool),
                            .groups = layer.groups});
    network.summary_.push_back({.name = layer.name, .type = layer.type, .output = layer.output});
  }
  return thalweg::symmetry_of(model, {.input = p.input}, network);
}

std::vector<at::Tensor> tensors_of(const NamedParameters& weights) {
  std::vector<at::Tensor> result;
  for (const auto& [name, tensor] : weights) result.push_back(tensor);
  return result;
}

ConnectionProblem problem_of(const PythonProblem& p) {
  ConnectionProblem problem{.subject_a = p.subject_a,
                            .subject_b = p.subject_b,
                            .symmetry = symmetry_of(p),
                            .parameters_a = p.parameters_a,
                            .parameters_b = p.parameters_b,
                            .buffers_a = p.buffers_a,
                            .buffers_b = p.buffers_b,
                            .parts = {},
                            .metric = "",
                            .constant_loss = p.constant_loss};
  problem.parts.push_back({.name = "train", .rows = 0, .evaluate = [&p](const NamedParameters& weights) {
                             return PartLosses{.batches = p.evaluate(tensors_of(weights))};
                           }});
  if (p.repaired) {
    problem.repaired = [&p](const NamedParameters& weights) {
      const std::vector<at::Tensor> values = p.repaired(tensors_of(weights));
      NamedParameters result = weights;
      for (std::size_t i = 0; i < values.size(); ++i) result[i].second = values[i];
      return result;
    };
  }
  return problem;
}

std::pair<std::string, std::string> run(const PythonProblem& p) {
  const Connection found =
      connect(problem_of(p), {.points = p.points, .matching = {.starts = p.starts, .seed = p.seed}});
  return {report::connect_json(found), report::connect_panel(found, {}, {})};
}

}  // namespace

void bind_connect(py::module_& module) {
  py::class_<FollowedLayer>(module, "FollowedLayer")
      .def(py::init<>())
      .def_readwrite("name", &FollowedLayer::name)
      .def_readwrite("type", &FollowedLayer::type)
      .def_readwrite("activation", &FollowedLayer::activation)
      .def_readwrite("pool", &FollowedLayer::pool)
      .def_readwrite("groups", &FollowedLayer::groups)
      .def_readwrite("bias", &FollowedLayer::bias)
      .def_readwrite("output", &FollowedLayer::output);
  py::class_<PythonProblem>(module, "ConnectionProblem")
      .def(py::init<>())
      .def_readwrite("subject_a", &PythonProblem::subject_a)
      .def_readwrite("subject_b", &PythonProblem::subject_b)
      .def_readwrite("input", &PythonProblem::input)
      .def_readwrite("layers", &PythonProblem::layers)
      .def_readwrite("parameters_a", &PythonProblem::parameters_a)
      .def_readwrite("parameters_b", &PythonProblem::parameters_b)
      .def_readwrite("buffers_a", &PythonProblem::buffers_a)
      .def_readwrite("buffers_b", &PythonProblem::buffers_b)
      .def_readwrite("evaluate", &PythonProblem::evaluate)
      .def_readwrite("repaired", &PythonProblem::repaired)
      .def_readwrite("constant_loss", &PythonProblem::constant_loss)
      .def_readwrite("points", &PythonProblem::points)
      .def_readwrite("starts", &PythonProblem::starts)
      .def_readwrite("seed", &PythonProblem::seed);
  module.def("connect", &run);  // calls back into Python at every point: the lock is kept
}

}  // namespace thalweg::python
