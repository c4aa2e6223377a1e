# oneDNN, and which of its generations: src/features/onednn has a file for each.
find_library(DNNL_LIBRARY dnnl REQUIRED)
find_path(DNNL_INCLUDE_DIR oneapi/dnnl/dnnl_version.h REQUIRED)
file(STRINGS ${DNNL_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h version
  REGEX "^#define DNNL_VERSION_MAJOR [0-9]+")
string(REGEX MATCH "[0-9]+" DNNL_VERSION_MAJOR "${version}")
if(NOT EXISTS
    ${CMAKE_CURRENT_SOURCE_DIR}/src/features/onednn/v${DNNL_VERSION_MAJOR}.c)
  message(FATAL_ERROR "oneDNN 2 or 3 is wanted; the headers in "
    "${DNNL_INCLUDE_DIR} are of version '${DNNL_VERSION_MAJOR}'")
endif()
