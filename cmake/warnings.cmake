# Flags that every target shares. The precompiled headers are shared between rooms, so these must not differ by room.
# -fPIC by hand: CMake would give programs -fPIE, and precompiled headers are not shared across the two.
add_compile_options(-fPIC -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -fno-math-errno)
if(THALWEG_WERROR)
  add_compile_options(-Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # ccache can only reuse objects built with a precompiled header that carries no time stamp.
  add_compile_options("SHELL:-Xclang -fno-pch-timestamp" -fpch-instantiate-templates)
  add_link_options(-fuse-ld=lld)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-missing-field-initializers)  # it warns of designated initialisers, whose point is to leave fields out
endif()
if(THALWEG_SANITIZE)
  add_compile_options(-fsanitize=${THALWEG_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${THALWEG_SANITIZE})
endif()
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")

# Kernels (files named *_kernel.cpp) are plain loops over pointers; they alone are built for AVX2 and FMA, where this
# machine has them.
set(THALWEG_KERNEL_FLAGS -O3 -fno-trapping-math)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64" AND EXISTS /proc/cpuinfo)
  file(STRINGS /proc/cpuinfo _avx2 REGEX "^flags.* avx2 .*" LIMIT_COUNT 1)
  file(STRINGS /proc/cpuinfo _fma REGEX "^flags.* fma .*" LIMIT_COUNT 1)
  if(_avx2 AND _fma)
    list(APPEND THALWEG_KERNEL_FLAGS -mavx2 -mfma)
  endif()
endif()
