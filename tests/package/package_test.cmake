# Installs the build into a folder of its own, then builds and runs what uses it as others would: tests/package/consumer
# and examples/cpp. Also: what must not be installed is not, and a torch that is missing or another is told clearly.
#
#   cmake -DBUILD=… -DSOURCE=… -DCOMPILER=… -DLAUNCHER=… -DTORCH=… -P package_test.cmake
set(work "${BUILD}/package_test")
set(prefix "${work}/prefix")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}/runs")

# Runs a command; what it says is in `said` afterwards.
function(run)
  cmake_parse_arguments(PARSE_ARGV 0 run "MUST_FAIL" "" "COMMAND")
  execute_process(COMMAND ${run_COMMAND} RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE out)
  set(said "${out}" PARENT_SCOPE)
  if(run_MUST_FAIL AND code EQUAL 0)
    message(FATAL_ERROR "should have failed: ${run_COMMAND}\n${out}")
  elseif(NOT run_MUST_FAIL AND NOT code EQUAL 0)
    message(FATAL_ERROR "failed (${code}): ${run_COMMAND}\n${out}")
  endif()
endfunction()

function(expect_said text)
  string(REGEX REPLACE "[ \n]+" " " flat "${said}")
  string(FIND "${flat}" "${text}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "should have said '${text}':\n${said}")
  endif()
endfunction()

set(configure "${CMAKE_COMMAND}" -G Ninja "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${COMPILER}"
  -DCMAKE_BUILD_TYPE=Release)
if(LAUNCHER)
  string(REPLACE ";" "\\;" launcher "${LAUNCHER}")
  list(APPEND configure "-DCMAKE_CXX_COMPILER_LAUNCHER=${launcher}")
endif()

# ---- what is installed
run(COMMAND "${CMAKE_COMMAND}" --install "${BUILD}" --prefix "${prefix}")
foreach(file bin/thalweg bin/thalweg-torch include/thalweg/watch.h include/thalweg/store/store.h)
  if(NOT EXISTS "${prefix}/${file}")
    message(FATAL_ERROR "${file} is not installed")
  endif()
endforeach()
file(GLOB_RECURSE installed RELATIVE "${prefix}" "${prefix}/*")
list(FILTER installed INCLUDE REGEX "_test|gtest|gmock|benchmark|\\.cpp$|/(cli|cli_torch|python)/|_core")
if(installed)
  message(FATAL_ERROR "should not be installed: ${installed}")
endif()
run(COMMAND "${prefix}/bin/thalweg" --version)
run(COMMAND "${prefix}/bin/thalweg-torch" --version)  # it finds torch

# ---- programs with torch
run(COMMAND ${configure} -S "${SOURCE}/tests/package/consumer" -B "${work}/with_torch" "-DTHALWEG_TORCH_DIR=${TORCH}")
run(COMMAND "${CMAKE_COMMAND}" --build "${work}/with_torch")
run(COMMAND "${work}/with_torch/trains" "${work}/runs/mine")
expect_said("60 steps watched")
run(COMMAND ${configure} -S "${SOURCE}/examples/cpp" -B "${work}/example" "-DTHALWEG_TORCH_DIR=${TORCH}")
run(COMMAND "${CMAKE_COMMAND}" --build "${work}/example")
run(COMMAND "${work}/example/two_moons" "${work}/runs/two_moons")
expect_said("steps watched")

# ---- and without
run(COMMAND ${configure} -S "${SOURCE}/tests/package/consumer" -B "${work}/core" -DWITH_TORCH=OFF)
run(COMMAND "${CMAKE_COMMAND}" --build "${work}/core")
run(COMMAND "${work}/core/judges" "${work}/runs/mine/run.sqlite")
expect_said("steps 60, optimizer torch::optim::AdamW")

# ---- a torch that is not there, and one of another version
file(MAKE_DIRECTORY "${work}/no_torch")
set(refused ${configure} -S "${SOURCE}/tests/package/consumer" -B "${work}/refused" --fresh)
run(MUST_FAIL COMMAND ${refused} "-DTHALWEG_TORCH_DIR=${work}/no_torch")
expect_said("set THALWEG_TORCH_DIR to its folder")
set(other "${work}/other_torch")
foreach(file include/ATen/core/Tensor.h lib/libtorch_cpu.so lib/libc10.so lib/libtorch.so)
  file(WRITE "${other}/${file}" "")
endforeach()
file(WRITE "${other}/include/torch/headeronly/version.h"
  "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 1\n#define TORCH_VERSION_PATCH 9\n")
run(MUST_FAIL COMMAND ${refused} "-DTHALWEG_TORCH_DIR=${other}")
expect_said("${other} is 2.1.9")
