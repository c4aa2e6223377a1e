# src/features: data files always; image readers and backbones with their
# libraries, unless -DBLINDFIT_FEATURES=OFF.
set(pictures backbone cifar decode extract folder image jpeg png regnet resize
  scattering)
list(TRANSFORM pictures REPLACE "^.+$" "src/features/\\0*.c")
file(GLOB pictures CONFIGURE_DEPENDS ${pictures})
file(GLOB data CONFIGURE_DEPENDS src/features/*.c)
list(REMOVE_ITEM data ${pictures})
if(BLINDFIT_FEATURES)
  pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
  pkg_check_modules(JPEG REQUIRED IMPORTED_TARGET libjpeg)
  find_library(DNNL_LIBRARY dnnl REQUIRED)
  find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl_version.h REQUIRED)
  # onednn/ has a file for each major version of oneDNN.
  file(STRINGS ${DNNL_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h version
    REGEX "^#define DNNL_VERSION_MAJOR [0-9]+")
  string(REGEX MATCH "[0-9]+" DNNL_VERSION_MAJOR "${version}")
  set(onednn src/features/onednn/v${DNNL_VERSION_MAJOR}.c)
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${onednn})
    message(FATAL_ERROR "oneDNN 2 or 3 is wanted; the headers in "
      "${DNNL_INCLUDE_DIR} are of version '${DNNL_VERSION_MAJOR}'")
  endif()
  bf_layer(features ${data} ${pictures} ${onednn})
  set(BF_FEATURES_LIBRARIES PkgConfig::PNG PkgConfig::JPEG ${DNNL_LIBRARY})
  set(BF_FEATURES_PC "libpng libjpeg") # of blindfit.pc
  set(BF_FEATURES_PC_LIBS -ldnnl)
else()
  bf_layer(features ${data})
  set(BF_FEATURES_LIBRARIES)
endif()
