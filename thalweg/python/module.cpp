// thalweg._core: the extension behind the Python package.
#include <torch/csrc/utils/pybind.h>

#include "thalweg/python/bindings.h"

PYBIND11_MODULE(_core, module) {
  module.doc() = "What of the Python package thalweg is C++";
  thalweg::python::bind_check(module);
  thalweg::python::bind_errors(module);
  thalweg::python::bind_connect(module);
  thalweg::python::bind_survey(module);
  thalweg::python::bind_watch(module);
}
