# Every fuzz target as an object whose entry point has the target's name, and
# a list of these objects: test_fuzz_replay calls every target without a fuzzer.
add_library(bf_fuzz_replay INTERFACE)
set(BF_REPLAY_LIST)
file(GLOB fuzzers CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${fuzzers})
  get_filename_component(name ${source} NAME_WE)
  add_library(${name}_replay OBJECT ${source})
  target_compile_definitions(${name}_replay PRIVATE
    LLVMFuzzerTestOneInput=${name})
  target_link_libraries(${name}_replay PRIVATE blindfit)
  target_sources(bf_fuzz_replay INTERFACE $<TARGET_OBJECTS:${name}_replay>)
  string(APPEND BF_REPLAY_LIST "TARGET(${name})\n")
endforeach()
target_link_libraries(fuzz_gateway_replay PRIVATE bf_gateway_parse)
target_link_libraries(bf_fuzz_replay INTERFACE bf_gateway_parse)
file(CONFIGURE OUTPUT replay/fuzz_targets.inc CONTENT "${BF_REPLAY_LIST}")
target_include_directories(bf_fuzz_replay INTERFACE
  ${CMAKE_CURRENT_BINARY_DIR}/replay)
