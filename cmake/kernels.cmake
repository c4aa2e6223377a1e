# One SIMD source per kernel file, compiled once per vector width; only these
# files may use instructions beyond the baseline.
set(BF_KERNEL_OBJECTS)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  file(GLOB simd CONFIGURE_DEPENDS src/ring/kernels/simd/*.c)
  if(simd)
    add_library(bf_kernels_avx2 OBJECT ${simd})
    target_compile_options(bf_kernels_avx2 PRIVATE -mavx2 -mfma -DBF_SIMD_AVX2)
    add_library(bf_kernels_avx512 OBJECT ${simd})
    target_compile_options(bf_kernels_avx512 PRIVATE -mavx512f -mavx512dq
      -mavx512vl -mavx2 -mfma -mprefer-vector-width=512 -DBF_SIMD_AVX512)
    # Below -O3 GCC leaves small loops over registers in memory: half the speed.
    foreach(k bf_kernels_avx2 bf_kernels_avx512)
      target_compile_options(${k} PRIVATE $<$<NOT:$<CONFIG:Debug>>:-O3>)
      list(APPEND BF_KERNEL_OBJECTS $<TARGET_OBJECTS:${k}>)
    endforeach()
    add_compile_definitions(BF_HAVE_SIMD)
  endif()
endif()
