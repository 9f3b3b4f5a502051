// survey/survey.h for Python: the result goes over as its JSON and its text.
#include "thalweg/survey/survey.h"

#include <pybind11/functional.h>
#include <torch/csrc/utils/pybind.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "thalweg/python/bindings.h"
#include "thalweg/record/survey.h"
#include "thalweg/report/survey_json.h"
#include "thalweg/report/survey_panel.h"
#include "thalweg/spectral/second_derivatives.h"

namespace thalweg::python {
namespace {

using Losses = std::vector<std::function<at::Tensor()>>;

std::vector<LossOnBatch> batches_of(const Losses& losses) {
  std::vector<LossOnBatch> batches;
  for (const auto& loss : losses) batches.push_back({.loss = loss, .weight = 1.0 / static_cast<double>(losses.size())});
  return batches;
}

void bind_problem(py::module_& module) {
  py::class_<SurveyProblem>(module, "SurveyProblem")
      .def(py::init<>())
      .def_readwrite("subject", &SurveyProblem::subject)
      .def_readwrite("parameters", &SurveyProblem::parameters)
      .def_readwrite("rows", &SurveyProblem::rows)
      .def("set_batches", [](SurveyProblem& problem, const Losses& losses) { problem.batches = batches_of(losses); })
      .def("set_independent",
           [](SurveyProblem& problem, const Losses& losses) { problem.independent = batches_of(losses); });
}

void bind_options(py::module_& module) {
  py::class_<SurveyOptions>(module, "SurveyOptions")
      .def(py::init<>())
      .def_readwrite("top", &SurveyOptions::top)
      .def_readwrite("bottom", &SurveyOptions::bottom)
      .def_readwrite("tolerance", &SurveyOptions::tolerance)
      .def_readwrite("max_products", &SurveyOptions::max_products)
      .def_readwrite("trace_products", &SurveyOptions::trace_products)
      .def_readwrite("index_products", &SurveyOptions::index_products)
      .def_readwrite("layers", &SurveyOptions::layers)
      .def_readwrite("density", &SurveyOptions::density)
      .def_readwrite("slices", &SurveyOptions::slices)
      .def_readwrite("seed", &SurveyOptions::seed)
      .def_readwrite("memory_limit", &SurveyOptions::memory_limit)
      .def("set_progress", [](SurveyOptions& options, std::function<void(std::string, int, int)> show) {
        options.progress = [show = std::move(show)](const SurveyProgress& p) {
          show(std::string(p.stage), p.products, p.planned);
        };
      });
}

}  // namespace

void bind_survey(py::module_& module) {
  bind_problem(module);
  bind_options(module);
  module.def(
      "survey",
      [](const SurveyProblem& problem, const SurveyOptions& options) {
        const Survey result = survey(problem, options);
        return std::pair(report::survey_json(result), report::survey_panel(result, {}, {}));
      },
      py::call_guard<py::gil_scoped_release>());
  module.def("missing_second_derivatives", &missing_second_derivatives, py::call_guard<py::gil_scoped_release>());
}

}  // namespace thalweg::python
