// Thalweg's and torch's errors as Python has them: one clear line each, without the stack that torch appends.
#include <c10/util/Exception.h>
#include <torch/csrc/Exceptions.h>
#include <torch/csrc/utils/pybind.h>

#include <exception>

#include "thalweg/python/bindings.h"
#include "thalweg/record/error.h"
#include "thalweg/spectral/retained_gradient.h"

namespace thalweg::python {
namespace {

void translate(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (python_error& raised) {  // by Python code that autograd called
    raised.restore();
  } catch (const c10::Error& raised) {
    py::set_error(PyExc_RuntimeError, raised.what_without_backtrace());
  } catch (const IoError& raised) {
    py::set_error(PyExc_OSError, raised.what());
  } catch (const Error& raised) {
    py::set_error(PyExc_ValueError, raised.what());
  }
}

}  // namespace

void bind_errors(py::module_& module) {
  py::register_local_exception_translator(translate);
  py::register_local_exception<NoSecondDerivative>(module, "NoSecondDerivative", PyExc_RuntimeError);
}

}  // namespace thalweg::python
