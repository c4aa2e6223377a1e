# Tests of the programs: scripts that are told where the programs are.
file(GLOB scripts CONFIGURE_DEPENDS tests/cli/test_*.sh tests/endtoend/test_*.sh)
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME ${name} COMMAND sh ${script} ${CMAKE_BINARY_DIR}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

# Run once by tools/check, on the best backend without sanitizers.
#   statistics over thousands of trials: every backend gives the same bits
#   (test_ckks_kat, test_kernels_known), so the same errors
set_tests_properties(test_ckks_noise test_circuit_noise test_linalg_volley
  test_train_circuit PROPERTIES LABELS slow)
#   searches for plans: symbolic, so the same on every backend
set_tests_properties(test_train_plan PROPERTIES LABELS slow)
#   files, processes and pictures: no arithmetic that other tests leave out
set_tests_properties(test_cli_bad_input test_cli_interrupt test_e2e_pictures
  test_long_checkpoint test_long_resume test_long_rewritten test_long_serve
  test_regnet_torch PROPERTIES LABELS slow)
