# Finds LibTorch inside a torch wheel and links its libraries directly. find_package(Torch) is not used: the
# wheel's own configuration asks for a CUDA toolkit where the wheel was built with one.
#
# Looks in THALWEG_TORCH_DIR (a torch package folder), then where Python_EXECUTABLE (that pip sets) keeps its packages,
# then in the project's .venv, then asks python3.
# Defines LibTorch::LibTorch, LibTorch::Python (for extensions), LibTorch_VERSION, LibTorch_ROOT; sets Python_EXECUTABLE
# to the interpreter of that torch where it is not set.
set(THALWEG_TORCH_DIR "" CACHE PATH "The torch package folder (…/site-packages/torch) whose libtorch is linked")
set(_root "${THALWEG_TORCH_DIR}")
if(NOT _root AND Python_EXECUTABLE)
  # By its folder: pip builds in isolation, where what is installed cannot be imported.
  execute_process(
    COMMAND "${Python_EXECUTABLE}" "${CMAKE_CURRENT_LIST_DIR}/torch_folder.py"
    OUTPUT_VARIABLE _root OUTPUT_STRIP_TRAILING_WHITESPACE)
endif()
if(NOT _root)
  file(GLOB _root "${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch")
endif()
if(NOT _root)
  execute_process(
    COMMAND python3 -c "import importlib.util as u; print(u.find_spec('torch').submodule_search_locations[0])"
    OUTPUT_VARIABLE _root OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()

set(LibTorch_ROOT "${_root}")
find_path(LibTorch_INCLUDE_DIR ATen/core/Tensor.h PATHS "${_root}/include" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_cpu torch_cpu PATHS "${_root}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_c10 c10 PATHS "${_root}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_torch torch PATHS "${_root}/lib" NO_DEFAULT_PATH NO_CACHE)
find_library(LibTorch_python torch_python PATHS "${_root}/lib" NO_DEFAULT_PATH NO_CACHE)
if(NOT Python_EXECUTABLE AND _root MATCHES "^(.*)/lib/python3[^/]*/site-packages/torch$" AND EXISTS "${CMAKE_MATCH_1}/bin/python3")
  set(Python_EXECUTABLE "${CMAKE_MATCH_1}/bin/python3")
endif()
if(LibTorch_INCLUDE_DIR)
  file(STRINGS "${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h" _version REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH)")
  string(REGEX MATCHALL "[0-9]+" _numbers "${_version}")
  list(JOIN _numbers "." LibTorch_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
  REQUIRED_VARS LibTorch_torch LibTorch_cpu LibTorch_c10 LibTorch_INCLUDE_DIR
  VERSION_VAR LibTorch_VERSION
  REASON_FAILURE_MESSAGE "no torch wheel found: './dev setup' installs one. Or set THALWEG_TORCH_DIR")

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::LibTorch INTERFACE IMPORTED)
  # -idirafter: the wheel carries a copy of fmt, newer than the fmt library that we link; the system's must win.
  target_compile_options(LibTorch::LibTorch INTERFACE
    "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}" "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
  target_link_libraries(LibTorch::LibTorch INTERFACE "${LibTorch_torch}" "${LibTorch_cpu}" "${LibTorch_c10}")
  set_property(TARGET LibTorch::LibTorch PROPERTY INTERFACE_LINK_OPTIONS "-Wl,-rpath,${_root}/lib")
  add_library(LibTorch::Python INTERFACE IMPORTED)
  target_link_libraries(LibTorch::Python INTERFACE LibTorch::LibTorch "${LibTorch_python}")
endif()
