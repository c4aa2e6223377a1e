# Tests of the programs: scripts that are told where the programs are.
file(GLOB scripts CONFIGURE_DEPENDS tests/cli/test_*.sh
  tests/endtoend/test_*.sh tests/golden/test_*.sh)
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME ${name} COMMAND sh ${script} ${CMAKE_BINARY_DIR}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

# tools/check runs everything on every backend, with and without sanitizers, but
# for the tests with these labels.
#
# once: on the best backend only, with and without sanitizers.
#   these compare the backends themselves
file(GLOB sources RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} tests/kernels/test_*.c
  tests/oracle/test_*.c)
#   nothing is computed on ciphertexts
file(GLOB plain RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} tests/features/test_*.c
  tests/unit/test_base_*.c)
set(once test_cli_exports test_cli_headers test_cli_layers test_golden_formats
  test_recipe_limits test_layout test_security test_ckks_params test_ckks_sample
  test_train_chain test_train_schedule
  test_train_dataset test_train_files test_train_job_json test_train_paper
  test_train_expand test_train_pooled test_train_recipe test_train_rounding
  test_train_secure_sum test_train_softmax test_train_twin test_train_whiten)
foreach(source ${sources} ${plain})
  get_filename_component(name ${source} NAME_WE)
  list(APPEND once ${name})
endforeach()
#   files, processes and pictures: no arithmetic that other tests leave out
list(APPEND once test_cli_bad_input test_cli_hardening test_cli_install
  test_cli_interrupt test_cli_many test_cli_messages test_cli_names test_cli_options
  test_cli_outputs test_cli_pipes test_cli_report test_cli_signals
  test_cli_surroundings test_cli_symbols test_cli_transform
  test_long_checkpoint test_long_rewritten test_long_serve test_plan_failures)
set_tests_properties(${once} PROPERTIES LABELS once)
# once and unsanitized, as they take minutes there or cannot run:
#   statistics over many trials: every backend gives the same bits
#   (test_ckks_kat, test_kernels_known), so the same errors
#   searches for plans: symbolic
#   what --json prints; runs killed at random moments, of code that the tests of
#   interrupts and checkpoints take through the sanitizers
#   a limit on addresses, of which the sanitizers take all
#   pictures and a terminal: the same programs on more data
#   a build of its own, of the same files
set_tests_properties(test_ckks_noise test_circuit_noise test_train_plan
  test_cli_json test_cli_large_jobs test_cli_no_features test_cli_terminal
  test_e2e_pictures test_long_resume PROPERTIES LABELS "once;unsanitized")
# simd: longer arithmetic; on every SIMD backend, under sanitizers on the best.
# The shapes of the circuit's test take a minute there, and the same code runs in
# the protocol's.
set_tests_properties(test_linalg_volley test_cli_protocol PROPERTIES LABELS simd)
set_tests_properties(test_train_circuit PROPERTIES LABELS "simd;unsanitized")

# Those of a quarter of a minute and more begin first, so that they do not end
# alone.
set_tests_properties(test_cli_interrupt test_cli_protocol test_train_circuit
  test_long_resume test_long_checkpoint test_cli_bad_input
  test_e2e_digits test_e2e_pictures PROPERTIES COST 30)

# Also built by other compilers and without optimisation, which is when
# src/ring/kernels/scalar asserts the ranges of residues: the target holds what
# the tests of this label need.
set(known_answers test_ckks_kat test_kernels_known)
set_tests_properties(${known_answers} PROPERTIES LABELS known)
add_custom_target(known_answers DEPENDS ${known_answers})
