include(GNUInstallDirs)
install(TARGETS blindfit-cli blindfit-server-cli
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS blindfit ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/blindfit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES docs/man/blindfit.1 docs/man/blindfit-server.1
  DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
# Found from where the file lies, as `make install PREFIX=` comes after this.
file(RELATIVE_PATH PREFIX_FROM_PC
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" PREFIX_FROM_PC ${PREFIX_FROM_PC})
configure_file(cmake/blindfit.pc.in blindfit.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/blindfit.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
