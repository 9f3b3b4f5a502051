// The Python extension thalweg._core, part by part. The package thalweg around it (python/thalweg) is what people
// import; here is only what must be C++.
#pragma once

namespace pybind11 {
class module_;
}

namespace thalweg::python {

void bind_check(pybind11::module_& module);
void bind_connect(pybind11::module_& module);
void bind_errors(pybind11::module_& module);
void bind_survey(pybind11::module_& module);
void bind_watch(pybind11::module_& module);

}  // namespace thalweg::python
