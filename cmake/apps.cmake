# build/blindfit has all commands. build/blindfit-server has a server's
# commands, and links the archive without owner objects. Both include public
# headers only.
set(cli_train program affinity job_report term/clock term/options
  term/progress term/results commands/train)
set(cli_shared ${cli_train} recipe relay commands/plan commands/inspect
  commands/completion)
set(spool ../spool/at ../spool/names)
set(cli_server ${spool} main_server commands/gather commands/queue queue/admit
  queue/child queue/entry queue/inputs queue/job queue/limits queue/log
  queue/loop queue/look queue/order queue/planner queue/results queue/scan
  queue/settle queue/status queue/trainer)
set(cli_owner ${spool} main_owner blas_room confusion data repeats findings
  text_file training fit/compare fit/report fit/run fit/scratch
  fit/server_process commands/extract commands/keygen commands/encrypt
  commands/decrypt commands/evaluate commands/predict commands/fit
  commands/report commands/inspect_data commands/bench commands/party
  commands/party_session members remote/opened)
set(cli_remote commands/remote commands/remote_fit commands/remote_sync
  commands/remote_transfer remote/box remote/download remote/files remote/fit
  remote/folder remote/http remote/job remote/login remote/members
  remote/prepare remote/receive remote/send remote/session remote/sync
  remote/upload remote/url)
if(NOT BLINDFIT_FEATURES)
  list(TRANSFORM cli_owner REPLACE "^commands/extract$" commands/no_extract)
endif()
# Jobs at a server (docs/server.md). Nothing else needs libcurl.
set(BLINDFIT_REMOTE auto CACHE STRING "blindfit remote: ON, OFF, or auto")
set_property(CACHE BLINDFIT_REMOTE PROPERTY STRINGS auto ON OFF)
if(BLINDFIT_REMOTE STREQUAL "auto")
  pkg_check_modules(CURL QUIET IMPORTED_TARGET libcurl>=7.85)
elseif(BLINDFIT_REMOTE)
  pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
endif()
if(BLINDFIT_REMOTE AND CURL_FOUND)
  list(APPEND cli_owner ${cli_remote})
else()
  list(APPEND cli_owner commands/no_remote)
endif()
function(bf_app target archive)
  list(TRANSFORM ARGN PREPEND apps/cli/)
  list(TRANSFORM ARGN APPEND .c)
  add_executable(${target} ${ARGN})
  set_target_properties(${target} PROPERTIES INCLUDE_DIRECTORIES
    "${CMAKE_CURRENT_SOURCE_DIR}/include;${CMAKE_CURRENT_SOURCE_DIR}/apps;${CMAKE_CURRENT_SOURCE_DIR}/apps/cli")
  target_link_libraries(${target} PRIVATE ${archive})
endfunction()
# The archive has the plain name; the program's output name takes it too.
bf_app(blindfit-cli blindfit ${cli_shared} ${cli_owner})
set_target_properties(blindfit-cli PROPERTIES OUTPUT_NAME blindfit)
if(BLINDFIT_REMOTE AND CURL_FOUND)
  target_link_libraries(blindfit-cli PRIVATE PkgConfig::CURL)
endif()
bf_app(blindfit-server-cli blindfit-server ${cli_shared} ${cli_server})
set_target_properties(blindfit-server-cli PROPERTIES OUTPUT_NAME blindfit-server)
# Training on several machines (docs/scale-out.md). Nothing else needs MPI.
set(BLINDFIT_MPI auto CACHE STRING "blindfit-server-mpi: ON, OFF, or auto")
set_property(CACHE BLINDFIT_MPI PROPERTY STRINGS auto ON OFF)
if(BLINDFIT_MPI STREQUAL "auto")
  find_package(MPI QUIET COMPONENTS C)
elseif(BLINDFIT_MPI)
  find_package(MPI REQUIRED COMPONENTS C)
endif()
if(BLINDFIT_MPI AND MPI_C_FOUND)
  bf_app(blindfit-server-mpi blindfit-server main_server_mpi ${cli_train})
  target_link_libraries(blindfit-server-mpi PRIVATE MPI::MPI_C)
endif()
# Owners' access to a spool by HTTP (docs/server.md). Nothing else needs
# libmicrohttpd or GnuTLS.
# What it parses is an archive of its own, for a fuzz target.
add_library(bf_gateway_parse STATIC EXCLUDE_FROM_ALL apps/spool/at.c
  apps/spool/names.c apps/gateway/parse/headers.c apps/gateway/parse/route.c
  apps/gateway/tokens.c)
target_include_directories(bf_gateway_parse PUBLIC apps include)
target_link_libraries(bf_gateway_parse PUBLIC PkgConfig::SODIUM
  PkgConfig::CJSON)
set(BLINDFIT_GATEWAY auto CACHE STRING "blindfit-gateway: ON, OFF, or auto")
set_property(CACHE BLINDFIT_GATEWAY PROPERTY STRINGS auto ON OFF)
if(BLINDFIT_GATEWAY STREQUAL "auto")
  pkg_check_modules(GATEWAY QUIET IMPORTED_TARGET libmicrohttpd>=0.9.75 gnutls)
elseif(BLINDFIT_GATEWAY)
  pkg_check_modules(GATEWAY REQUIRED IMPORTED_TARGET libmicrohttpd>=0.9.75 gnutls)
endif()
if(BLINDFIT_GATEWAY AND GATEWAY_FOUND)
  set(gateway access ages answer authorise download files folders gauges health
    jobs listen main page rates reply serve sessions status sweep token_commands
    upload watch)
  list(TRANSFORM gateway PREPEND ../gateway/)
  bf_app(blindfit-gateway bf_gateway_parse ${gateway} program affinity
    term/clock term/options term/progress term/results commands/completion)
  target_link_libraries(blindfit-gateway PRIVATE blindfit-server
    PkgConfig::GATEWAY)
endif()
