# build/blindfit: everything. build/blindfit-server: what a server needs, from
# the archive that holds no owner's object.
set(cli_shared program affinity options outputs progress report recipe
  job_report)
set(cli_server main_server cmd_train cmd_plan cmd_inspect)
set(cli_owner main_owner blas_room cmd_train cmd_plan cmd_inspect cmd_extract
  cmd_keygen cmd_encrypt cmd_decrypt cmd_evaluate cmd_predict cmd_fit cmd_report
  cmd_bench data scratch server_process fit_run fit_compare
  fit_report)
if(NOT BLINDFIT_FEATURES)
  list(TRANSFORM cli_owner REPLACE "^cmd_extract$" no_extract)
endif()
function(bf_app target archive)
  list(TRANSFORM ARGN PREPEND apps/cli/)
  list(TRANSFORM ARGN APPEND .c)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE ${archive})
endfunction()
# The archive has the plain name; the program's output name takes it too.
bf_app(blindfit-cli blindfit ${cli_shared} ${cli_owner})
set_target_properties(blindfit-cli PROPERTIES OUTPUT_NAME blindfit)
bf_app(blindfit-server-cli blindfit-server ${cli_shared} ${cli_server})
set_target_properties(blindfit-server-cli PROPERTIES OUTPUT_NAME blindfit-server)
