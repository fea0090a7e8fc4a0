# SPDX-License-Identifier: MIT
# Tests that look at the sources, or build them in another way. 77 means that a tool is missing.

function(runnel_check name)
  add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77 LABELS house)
endfunction()

runnel_check(house/headers tools/check-headers.sh)
# Some 170 short runs of compilers.
set_tests_properties(house/headers PROPERTIES TIMEOUT 180)
if(RUNNEL_PYTHON3)
  foreach(check includes style)
    runnel_check(house/${check} ${RUNNEL_PYTHON3} tools/check-${check}.py)
    runnel_check(house/${check}-self-test ${RUNNEL_PYTHON3} tools/check-${check}.py --self-test)
  endforeach()
  # What is generated, and what it is generated from.
  foreach(tool surface tutorial)
    runnel_check(house/${tool} ${RUNNEL_PYTHON3} -B tools/${tool}.py)
    runnel_check(house/${tool}-self-test ${RUNNEL_PYTHON3} -B tools/${tool}.py --self-test)
  endforeach()
  # No order of an atomic without a verdict.
  runnel_check(house/orders ${RUNNEL_PYTHON3} -B tests/check/mutate.py --verify)
  runnel_check(house/orders-self-test ${RUNNEL_PYTHON3} -B tests/check/mutate.py --self-test)

  runnel_check(compile-fail/self-test ${RUNNEL_PYTHON3} tools/compile-fail.py --self-test)
  file(GLOB cases RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS
       "${PROJECT_SOURCE_DIR}/tests/compile-fail/*.c")
  foreach(case IN LISTS cases)
    get_filename_component(name "${case}" NAME_WE)
    runnel_check(compile-fail/${name} ${RUNNEL_PYTHON3} tools/compile-fail.py ${case})
  endforeach()
endif()

# The same macros from C++, run.
include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
  enable_language(CXX)
  add_executable(cplusplus_test tests/cplusplus.cc)
  target_link_libraries(cplusplus_test PRIVATE runnel_static)
  set_target_properties(cplusplus_test PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  runnel_check(house/cplusplus $<TARGET_FILE:cplusplus_test>)
endif()

# The figures of the tutorial. Its test shows that they can be had, not what they are.
file(GLOB costs CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/docs/tutorial/costs/*.c")
add_executable(tutorial_costs ${costs})
target_link_libraries(tutorial_costs PRIVATE runnel_static)
set_target_properties(tutorial_costs PROPERTIES
  OUTPUT_NAME tutorial-costs RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
runnel_check(house/tutorial-costs $<TARGET_FILE:tutorial_costs>)
set_tests_properties(house/tutorial-costs PROPERTIES
  ENVIRONMENT "${RUNNEL_TEST_ENVIRONMENT};RUNNEL_COSTS_ROUNDS=1;RUNNEL_LEAKS=fail")

if(RUNNEL_BUILD_APPS AND NOT RUNNEL_SANITIZE)
  runnel_check(house/hardened tests/hardened.sh $<TARGET_FILE:runnel_shared>
               "${PROJECT_BINARY_DIR}/bin/runnel")
endif()

# For the compiler of Debian 12, whose code is measured (docs/performance.md).
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64" AND CMAKE_C_COMPILER_ID STREQUAL "GNU"
   AND CMAKE_C_COMPILER_VERSION MATCHES "^12\\." AND CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo"
   AND NOT CMAKE_C_FLAGS AND NOT RUNNEL_SANITIZE AND NOT RUNNEL_LTO
   AND NOT RUNNEL_PORTABLE_SWITCH)
  runnel_check(house/frameless tests/frameless.sh $<TARGET_FILE:runnel_static>)
endif()

if(RUNNEL_INSTALL)
  runnel_check(house/install tests/install.sh "${PROJECT_BINARY_DIR}"
               "${PROJECT_BINARY_DIR}/installed")
endif()

if(NOT RUNNEL_LTO)
  runnel_check(house/embedding tests/embedding/run.sh "${PROJECT_BINARY_DIR}/embedding")
  # It builds the library once more.
  set_tests_properties(house/embedding PROPERTIES TIMEOUT 300 COST 800)
endif()

if(NOT RUNNEL_LTO AND NOT RUNNEL_PORTABLE_SWITCH)
  runnel_check(cross/aarch64 tools/cross-test.sh aarch64 "${PROJECT_BINARY_DIR}/aarch64")
  # It builds everything again and emulates, for some minutes on a busy machine. It starts first,
  # so that the other tests fill the second core meanwhile.
  set_tests_properties(cross/aarch64 PROPERTIES TIMEOUT 900 COST 1000)
  if(NOT RUNNEL_SANITIZE)
    runnel_check(cross/portable tools/portable-test.sh "${PROJECT_BINARY_DIR}/portable")
    set_tests_properties(cross/portable PROPERTIES TIMEOUT 600 COST 900)
  endif()
endif()
