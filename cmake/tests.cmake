# Tests of the programs: scripts that take the build folder as argument.
file(GLOB scripts CONFIGURE_DEPENDS tests/cli/test_*.sh
  tests/endtoend/test_*.sh tests/golden/test_*.sh tests/python/test_*.sh)
foreach(script ${scripts})
  get_filename_component(name ${script} NAME_WE)
  add_test(NAME ${name} COMMAND sh ${script} ${CMAKE_BINARY_DIR}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()

# tools/check runs all tests on the best backend, with and without sanitizers,
# except for tests with these labels.
#
# backends: also on the other backends, and under sanitizers on the scalar
# backend. test_kernels_* and test_oracle_* compare all backends with the same
# integers in one process. These tests check that operations use no shape that
# the kernel tests miss, and that they run in constant time: the operations,
# known answers, and a whole job.
set(backends test_api_job test_train_golden test_wire_consttime test_ckks_alias
  test_ckks_collective test_ckks_constant_time test_ckks_contracts test_ckks_dft
  test_ckks_encode test_ckks_eval test_ckks_lintrans test_ckks_owner
  test_ckks_ringswitch)
set_tests_properties(${backends} PROPERTIES LABELS backends)
# unsanitized: without sanitizers only.
#   statistics over many trials, and shapes of the circuit and of products of
#   the paper's encoding: of code that test_ckks_eval, test_ckks_collective,
#   test_api_job and test_train_ranks take through the sanitizers
#   searches for plans: symbolic, as in test_plan_failures
#   what a search of the process's memory finds, and how large blocks are:
#   sanitizers have an allocator of their own; and a limit on addresses, of which
#   they take all
#   what --json prints, what programs inherit, a second reader of files, pictures,
#   a terminal: the same programs once more
#   runs killed at random moments or at every write: those of test_cli_interrupt and
#   test_long_checkpoint are sanitized
#   sessions killed at 200 places: test_train_audit and test_train_split are
#   sanitized
#   refreshes on every backend in turn, by the public header and its example, and
#   of plans: test_ckks_bootstrap is sanitized
#   kernels over residues of every length: the oracles are sanitized
#   whole jobs step by step, and runs that pack rows: jobs of
#   test_cli_transform, test_cli_interrupt and test_train_packed are sanitized
#   queues that are stopped, and killed at random moments: test_cli_queue is
#   sanitized
#   several jobs over one upload: test_api_job and test_api_columns are sanitized
#   sources, symbols and builds of their own
#   a library that is loaded before all others, as sanitizers' is
#   MPI, which leaks: what ranks do is sanitized in test_train_ranks
#   Python, which leaks
#   pages in a browser: test_cli_report is sanitized
set(unsanitized test_ckks_noise test_circuit_noise test_collective_noise
  test_train_circuit
  test_train_plan test_train_chain test_recipe_limits
  test_train_wipe test_train_party_wipe test_wire_wipe test_ckks_boot_wipe
  test_cli_large_jobs
  test_cli_json test_cli_surroundings test_golden_formats test_e2e_digits
  test_e2e_pictures test_e2e_regnet test_regnet_torch test_cli_terminal
  test_cli_many test_cli_mpi test_train_party
  test_long_resume test_long_refresh test_cli_no_features test_cli_install
  test_cli_headers test_cli_preload
  test_ckks_boot_same test_api_over test_api_views test_api_bootstrap
  test_cli_packages test_cli_refresh test_kernels_residue test_long_queue test_long_gateway
  test_cli_queue_runs test_cli_queue_sftp
  test_example_6-bootstrap test_cli_layers test_cli_symbols test_cli_protocol
  test_long_packed test_python test_linalg_volley test_cli_browser)
set_tests_properties(${unsanitized} PROPERTIES LABELS unsanitized)
# Builds with sanitizers make these programs on demand.
foreach(name ${unsanitized})
  if(BLINDFIT_SANITIZE AND TARGET ${name})
    set_target_properties(${name} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endforeach()

# sanitized: under sanitizers only. Refusals, output, files and interruptions of
# the programs, objects that operations replace, rounds of sessions, and jobs of
# some shapes are the same in either build, and sanitizers find more.
set_tests_properties(test_api_alias test_cli_bad_input test_cli_options
  test_cli_transform test_cli_signals test_cli_outputs test_cli_names
  test_cli_pipes test_cli_messages test_cli_columns test_cli_interrupt
  test_long_checkpoint test_long_rewritten test_fuzz_replay test_train_split
  test_train_audit test_train_owners test_train_packed test_api_columns
  test_train_ranks test_long_serve test_cli_party test_cli_queue
  test_cli_party_labels test_cli_gateway test_cli_remote test_cli_sync
  PROPERTIES LABELS sanitized)

# The longest tests begin first, and those that wait, so that none runs alone at
# the end: a clean build has no times of earlier runs.
set_tests_properties(test_train_circuit test_cli_interrupt test_long_resume
  test_cli_protocol test_long_checkpoint test_cli_bad_input test_train_plan
  test_cli_no_features test_e2e_pictures test_api_over test_train_party
  test_train_ranks test_cli_remote test_cli_queue_runs test_cli_mpi
  PROPERTIES COST 30)
set_tests_properties(test_cli_large_jobs test_cli_json test_cli_surroundings
  test_kernels_residue test_golden_formats test_cli_terminal test_ckks_bootstrap
  test_cli_transform test_cli_options test_ckks_noise test_cli_signals
  test_cli_party test_cli_queue test_cli_gateway test_cli_refresh test_cli_many
  test_long_refresh test_python test_cli_browser PROPERTIES COST 10)

set_tests_properties(${known_answers} PROPERTIES LABELS "known;backends")
add_custom_target(known_answers DEPENDS ${known_answers})
