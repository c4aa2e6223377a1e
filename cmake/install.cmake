include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
install(TARGETS blindfit-cli blindfit-server-cli
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
if(TARGET blindfit-server-mpi)
  install(TARGETS blindfit-server-mpi
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES docs/man/blindfit-server-mpi.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
if(TARGET blindfit-gateway)
  install(TARGETS blindfit-gateway
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES docs/man/blindfit-gateway.1
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()
install(TARGETS blindfit blindfit-server
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/blindfit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES docs/man/blindfit.1 docs/man/blindfit-server.1
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# Shared objects, and the CMake package that names them: blindfit::blindfit and
# blindfit::server.
set_target_properties(blindfit-shared PROPERTIES EXPORT_NAME blindfit)
set_target_properties(blindfit-server-shared PROPERTIES EXPORT_NAME server)
install(TARGETS blindfit-shared blindfit-server-shared EXPORT blindfit
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/blindfit)
install(EXPORT blindfit FILE blindfitConfig.cmake NAMESPACE blindfit::
  DESTINATION ${package})
write_basic_package_version_file(blindfitConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/blindfitConfigVersion.cmake
  DESTINATION ${package})

# pkg-config. Paths are relative to the .pc file, as `make install PREFIX=` sets
# the prefix later.
file(RELATIVE_PATH PREFIX_FROM_PC
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" PREFIX_FROM_PC ${PREFIX_FROM_PC})
function(bf_pc PC_NAME PC_DESCRIPTION PC_REQUIRES PC_LIBS)
  configure_file(cmake/blindfit.pc.in ${PC_NAME}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${PC_NAME}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
list(JOIN BF_FEATURES_PC_LIBS " " libs)
bf_pc(blindfit "CKKS, and classifiers trained on encrypted images"
  "libsodium libcjson zlib openblas ${BF_FEATURES_PC}"
  "-llapacke -llbfgs ${libs} -fopenmp -lm")
bf_pc(blindfit-server "The server's part of blindfit, without secret keys"
  "libsodium libcjson" "-pthread -lm")
