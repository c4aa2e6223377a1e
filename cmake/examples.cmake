# Every examples/N-name.c is a program against the public headers alone, linked
# like an outside program. ctest compares its output with N-name.txt.
function(bf_example target source library)
  add_executable(${target} ${source})
  set_target_properties(${target} PROPERTIES INCLUDE_DIRECTORIES
    ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_link_libraries(${target} PRIVATE ${library} m)
endfunction()
function(bf_example_test name)
  add_test(NAME test_example_${name} COMMAND sh tests/cli/example.sh
    examples/${name}.txt ${ARGN}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
endfunction()

file(GLOB examples CONFIGURE_DEPENDS examples/*.c)
foreach(source ${examples})
  get_filename_component(name ${source} NAME_WE)
  bf_example(example-${name} ${source} blindfit-shared)
  bf_example_test(${name} ${CMAKE_CURRENT_BINARY_DIR}/example-${name})
endforeach()

# Two programs; the server's program links the server library.
bf_example(example-4-owner examples/4-owner-and-server/owner.c blindfit-shared)
bf_example(example-4-server examples/4-owner-and-server/server.c
  blindfit-server-shared)
bf_example_test(4-owner-and-server sh examples/4-owner-and-server/run.sh
  ${CMAKE_CURRENT_BINARY_DIR}/example-4-owner
  ${CMAKE_CURRENT_BINARY_DIR}/example-4-server)
