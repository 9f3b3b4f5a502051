# The Python package: the extension `thalweg._core` from the room `python`, beside the pure Python files of
# python/thalweg, in build/<preset>/python; and what a wheel carries.
#
# pybind11 is torch's own copy: two copies in one process do not share their types.
find_package(Python 3.11 REQUIRED COMPONENTS Interpreter Development.Module)

function(thalweg_add_python)
  set(package "${CMAKE_BINARY_DIR}/python/thalweg")
  target_link_libraries(thalweg_python PUBLIC Python::Module LibTorch::Python PRIVATE fmt::fmt nlohmann_json::nlohmann_json)

  Python_add_library(_core MODULE WITH_SOABI "${PROJECT_SOURCE_DIR}/thalweg/python/module.cpp")
  # Nothing but its entry is seen from outside: two extensions in one process may hold a library of the same name.
  target_link_libraries(_core PRIVATE thalweg_python -Wl,--exclude-libs,ALL)
  thalweg_use_torch(_core python)
  set_target_properties(_core PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${package}")

  configure_file("${PROJECT_SOURCE_DIR}/cmake/build.py.in" "${package}/_build.py" @ONLY)
  file(GLOB files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/python/thalweg/*.py*")
  foreach(file IN LISTS files)
    get_filename_component(name "${file}" NAME)
    file(CREATE_LINK "${file}" "${package}/${name}" SYMBOLIC)
  endforeach()
  file(CREATE_LINK "${CMAKE_BINARY_DIR}/bin" "${package}/bin" SYMBOLIC)

  add_custom_target(thalweg_package DEPENDS _core thalweg thalweg-torch)
  # What is installed lies beside torch, and finds it there, too, where the environment was moved.
  set_target_properties(_core PROPERTIES BUILD_RPATH "$ORIGIN/../torch/lib")
  set_target_properties(thalweg-torch PROPERTIES BUILD_RPATH "$ORIGIN/../../torch/lib")
  install(FILES "$<TARGET_FILE:_core>" "${package}/_build.py" DESTINATION thalweg COMPONENT python EXCLUDE_FROM_ALL)
  install(PROGRAMS "$<TARGET_FILE:thalweg>" "$<TARGET_FILE:thalweg-torch>" DESTINATION thalweg/bin COMPONENT python EXCLUDE_FROM_ALL)
endfunction()

function(thalweg_add_python_tests)
  if(THALWEG_SANITIZE)
    return()  # a sanitizer's runtime must be in the program from the start, and the interpreter is not ours
  endif()
  add_test(NAME python COMMAND "${Python_EXECUTABLE}" -m pytest -q "${PROJECT_SOURCE_DIR}/tests/python")
  set_tests_properties(python PROPERTIES TIMEOUT 600
    ENVIRONMENT "PYTHONPATH=${CMAKE_BINARY_DIR}/python;PYTHONDONTWRITEBYTECODE=1;OMP_WAIT_POLICY=passive")
endfunction()
