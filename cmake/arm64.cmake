# Cross-compilation for arm64 against Debian's packages unpacked in SYSROOT, and
# tests under qemu: tools/check-arm64.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(sysroot $ENV{BLINDFIT_ARM64_SYSROOT})
set(libraries ${sysroot}/usr/lib/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH ${sysroot})
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# OpenBLAS lies in a folder of its own, which alternatives link to.
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${sysroot})
set(ENV{PKG_CONFIG_LIBDIR} "${libraries}/pkgconfig:${libraries}/openblas-openmp/pkgconfig:${sysroot}/usr/share/pkgconfig")
foreach(folder "" /aarch64-linux-gnu /aarch64-linux-gnu/openblas-openmp)
  string(APPEND CMAKE_C_FLAGS_INIT
    " -idirafter ${sysroot}/usr/include${folder}")
endforeach()
set(CMAKE_EXE_LINKER_FLAGS_INIT
  "-Wl,-rpath-link,${libraries}:${libraries}/openblas-openmp:${sysroot}/lib/aarch64-linux-gnu")
set(CMAKE_CROSSCOMPILING_EMULATOR $ENV{BLINDFIT_ARM64_RUN})
