# The C++ package: 'cmake --install' gives find_package(Thalweg) its targets Thalweg::core and Thalweg::torch, the
# headers below include/thalweg, and the programs. Tests, the rooms of the command line and of Python stay here.
#
# Each room is a target of its own in the package, as here: a static library carries what it needs by name.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

function(thalweg_install)
  thalweg_read_rooms()
  target_sources(thalweg_train PUBLIC FILE_SET HEADERS FILES "${PROJECT_SOURCE_DIR}/thalweg/watch.h")
  set(package "${CMAKE_INSTALL_LIBDIR}/cmake/Thalweg")
  foreach(room IN LISTS THALWEG_ROOMS)
    if(room MATCHES "^(cli|cli_torch|python)$")
      continue()
    elseif(room_${room}_torch STREQUAL "torch")
      list(APPEND rooms_torch ${room})
    else()
      list(APPEND rooms_core ${room})
    endif()
  endforeach()
  foreach(part core torch)
    list(TRANSFORM rooms_${part} PREPEND thalweg_ OUTPUT_VARIABLE libraries)
    foreach(room IN LISTS rooms_${part})
      set_target_properties(thalweg_${room} PROPERTIES EXPORT_NAME ${room})
    endforeach()
    add_library(thalweg_${part} INTERFACE)
    set_target_properties(thalweg_${part} PROPERTIES EXPORT_NAME ${part})
    target_compile_features(thalweg_${part} INTERFACE cxx_std_20)
    target_link_libraries(thalweg_${part} INTERFACE ${libraries})
    install(TARGETS thalweg_${part} ${libraries} EXPORT thalweg_${part}_targets ARCHIVE COMPONENT cpp FILE_SET HEADERS
      COMPONENT cpp)
    install(EXPORT thalweg_${part}_targets FILE ${part}.cmake NAMESPACE Thalweg:: DESTINATION "${package}" COMPONENT cpp)
  endforeach()
  target_link_libraries(thalweg_torch INTERFACE thalweg_core)

  set(version_of_torch "${LibTorch_VERSION}")
  configure_package_config_file(cmake/ThalwegConfig.cmake.in "${CMAKE_BINARY_DIR}/package/ThalwegConfig.cmake"
    INSTALL_DESTINATION "${package}")
  write_basic_package_version_file("${CMAKE_BINARY_DIR}/package/ThalwegConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
  install(FILES "${CMAKE_BINARY_DIR}/package/ThalwegConfig.cmake" "${CMAKE_BINARY_DIR}/package/ThalwegConfigVersion.cmake"
    cmake/FindLibTorch.cmake cmake/torch_folder.py DESTINATION "${package}" COMPONENT cpp)
  install(TARGETS thalweg thalweg-torch RUNTIME COMPONENT cpp)
endfunction()

# Installs into a folder of the build, and builds tests/package/consumer and examples/cpp against it.
function(thalweg_add_package_test)
  if(THALWEG_SANITIZE)
    return()  # a consumer would need the sanitizer, too
  endif()
  add_test(NAME package COMMAND "${CMAKE_COMMAND}" -DBUILD=${CMAKE_BINARY_DIR} -DSOURCE=${PROJECT_SOURCE_DIR}
    -DCOMPILER=${CMAKE_CXX_COMPILER} "-DLAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}" -DTORCH=${LibTorch_ROOT}
    -P "${PROJECT_SOURCE_DIR}/tests/package/package_test.cmake")
  set_tests_properties(package PROPERTIES TIMEOUT 600)
endfunction()
