# One SIMD source per kernel file, compiled once per vector width; only these
# files may use instructions beyond the baseline.
set(BF_KERNEL_OBJECTS)
file(GLOB simd CONFIGURE_DEPENDS src/ring/kernels/simd/*.c)
function(bf_kernels width)
  add_library(bf_kernels_${width} OBJECT ${simd})
  # Below -O3 GCC keeps arrays of small loops in memory instead of registers, at
  # half the speed.
  target_compile_options(bf_kernels_${width} PRIVATE ${ARGN}
    $<$<NOT:$<CONFIG:Debug>>:-O3>)
  set(BF_KERNEL_OBJECTS ${BF_KERNEL_OBJECTS}
    $<TARGET_OBJECTS:bf_kernels_${width}> PARENT_SCOPE)
endfunction()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  bf_kernels(avx2 -mavx2 -mfma -DBF_SIMD_AVX2)
  bf_kernels(avx512 -mavx512f -mavx512dq -mavx512vl -mavx2 -mfma
    -mprefer-vector-width=512 -DBF_SIMD_AVX512)
  add_compile_definitions(BF_HAVE_AVX)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  bf_kernels(neon -DBF_SIMD_NEON)
  add_compile_definitions(BF_HAVE_NEON)
endif()
