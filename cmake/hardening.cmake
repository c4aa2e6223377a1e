# What a fault of memory can be made into is kept small: canaries on stacks,
# checked lengths of libc's calls, addresses that nobody knows beforehand, tables
# of the linker that nobody can write. tests/cli/test_cli_hardening.sh reads it
# off the binaries.
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)
set(CMAKE_POSITION_INDEPENDENT_CODE ON) # the archives' too, for shared libraries
add_compile_options(-fstack-protector-strong)
add_link_options(LINKER:-z,relro,-z,now,-z,noexecstack)

# glibc checks lengths in optimised code only, at level 3 with gcc 12 or clang 9,
# and the sanitizers check more than it.
if(NOT BLINDFIT_SANITIZE)
  set(fortify 3)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION
      VERSION_LESS 12)
    set(fortify 2)
  endif()
  add_compile_options($<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
    $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=${fortify}>)
endif()
