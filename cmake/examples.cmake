# Every examples/N-name.c is a program against the public headers alone, linked
# as somebody else's would be. ctest compares what it prints with N-name.txt.
file(GLOB examples CONFIGURE_DEPENDS examples/*.c)
foreach(source ${examples})
  get_filename_component(name ${source} NAME_WE)
  set(target example-${name})
  add_executable(${target} ${source})
  set_target_properties(${target} PROPERTIES INCLUDE_DIRECTORIES
    ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_link_libraries(${target} PRIVATE blindfit-shared m)
  add_test(NAME test_example_${name} COMMAND sh tests/cli/example.sh
    ${CMAKE_CURRENT_BINARY_DIR}/${target} examples/${name}.txt
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  set_tests_properties(test_example_${name} PROPERTIES LABELS once)
endforeach()
