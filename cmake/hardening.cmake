# Limits the effect of memory faults: stack canaries, checked lengths of libc
# calls, position-independent code, read-only relocation tables.
# tests/cli/test_cli_hardening.sh checks the binaries.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON) # the archives' too, for shared libraries
add_compile_options(-fstack-protector-strong)
add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)

# glibc checks lengths in optimised code only, at level 3 with gcc 12 or clang 9,
# and the sanitizers check more.
if(NOT BLINDFIT_SANITIZE)
  set(fortify 3)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION
      VERSION_LESS 12)
    set(fortify 2)
  endif()
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=${fortify}>)
endif()
