# SPDX-License-Identifier: MIT
# The tests. Every src/<room>/*_test.c and tests/**/*_test.c becomes one executable, linked with
# librunnel.a and the kit, and is run with 1, 2 and 4 workers. A file may say, in a line of its own:
#
#   /* kit: once */                   one run, RUNNEL_WORKERS unset
#   /* kit: serial */                 nothing else runs meanwhile (it measures, or it is large)
#   /* kit: timeout 120 */            seconds for one test, and for the whole file if that is more
#   /* kit: soak */                   only in `make soak`
#   /* kit: not-under-sanitizers */   not built with RUNNEL_SANITIZE
#   /* kit: not-under-tsan */         nor with RUNNEL_SANITIZE=thread
#   /* kit: not-with-portable */      not built with RUNNEL_PORTABLE_SWITCH
#   /* kit: not-under-qemu */         not in the cross build's list (tools/cross-test.sh)

set(RUNNEL_TEST_TIMEOUT 60) # seconds, one executable
set(RUNNEL_TEST_WORKERS 1 2 4)
# The interpreter itself: what is found may be a wrapper that takes longer to start than it does.
find_program(RUNNEL_PYTHON3_FOUND python3)
if(RUNNEL_PYTHON3_FOUND AND NOT RUNNEL_PYTHON3)
  execute_process(COMMAND ${RUNNEL_PYTHON3_FOUND} -c "import sys; print(sys.executable)"
                  OUTPUT_VARIABLE interpreter OUTPUT_STRIP_TRAILING_WHITESPACE)
  set(RUNNEL_PYTHON3 "${interpreter}" CACHE FILEPATH "Python, for the tests and checks" FORCE)
endif()

set(RUNNEL_TEST_ENVIRONMENT "")
if(RUNNEL_SANITIZE)
  # An instrumented test is up to ten times slower, and the symbolizer is not on PATH in Debian.
  math(EXPR RUNNEL_TEST_TIMEOUT "${RUNNEL_TEST_TIMEOUT} * 5")
  find_program(RUNNEL_SYMBOLIZER NAMES llvm-symbolizer-19 llvm-symbolizer
               HINTS /usr/lib/llvm-19/bin)
  foreach(name ASAN TSAN UBSAN MSAN)
    string(TOLOWER "${name}" lower)
    set(options "print_stacktrace=1")
    if(RUNNEL_SYMBOLIZER)
      string(APPEND options ":external_symbolizer_path=${RUNNEL_SYMBOLIZER}")
    endif()
    if(DEFINED ENV{${name}_OPTIONS})
      string(APPEND options ":$ENV{${name}_OPTIONS}")
    endif()
    list(APPEND RUNNEL_TEST_ENVIRONMENT "${name}_OPTIONS=${options}")
  endforeach()
endif()

add_library(runnel_kit STATIC "${PROJECT_SOURCE_DIR}/tests/kit/kit.c")
target_include_directories(runnel_kit PUBLIC "${PROJECT_SOURCE_DIR}/tests")
target_link_libraries(runnel_kit PUBLIC Threads::Threads)

# The words after "kit:" in the file's comment lines, as a list.
function(runnel_kit_words file result)
  file(STRINGS "${file}" lines REGEX "^/\\* kit: .* \\*/$")
  set(words "")
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^/\\* kit: (.*) \\*/$" "\\1" word "${line}")
    if(word MATCHES "^timeout ([0-9]+)$")
      set(word "timeout=${CMAKE_MATCH_1}")
    elseif(NOT word MATCHES
           "^(once|serial|soak|not-under-(sanitizers|tsan|qemu)|not-with-portable)$")
      message(FATAL_ERROR "${file}: no such kit word: ${word}")
    endif()
    list(APPEND words "${word}")
  endforeach()
  set(${result} "${words}" PARENT_SCOPE)
endfunction()

# runnel_kit_test(FILE NAME [LIBRARIES...]): builds FILE and registers it as NAME, NAME@1 ...
# The apps use it for their own *_test.c.
function(runnel_kit_test file name)
  # A changed comment line must be seen by the next `make`.
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  runnel_kit_words("${file}" words)
  if((RUNNEL_SANITIZE AND "not-under-sanitizers" IN_LIST words)
     OR (RUNNEL_SANITIZE STREQUAL "thread" AND "not-under-tsan" IN_LIST words)
     OR (RUNNEL_PORTABLE_SWITCH AND "not-with-portable" IN_LIST words))
    return()
  endif()

  string(REPLACE "/" "_" target "${name}_test")
  add_executable(${target} "${file}")
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src"
                                               "${PROJECT_SOURCE_DIR}/tests")
  # Constructors register the tests, so nothing refers to the kit's objects by force but main.
  target_link_libraries(${target} PRIVATE runnel_kit ${ARGN})
  if(TARGET runnel_static)
    target_link_libraries(${target} PRIVATE runnel_static)
    target_compile_definitions(${target} PRIVATE
      $<TARGET_PROPERTY:runnel_objects,INTERFACE_COMPILE_DEFINITIONS>)
  endif()
  get_filename_component(folder "${name}" DIRECTORY)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${target}"
    RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/tests")
  # Groups, stages and reports are made of what is below them, and the same on every CPU.
  if(NOT "not-under-qemu" IN_LIST words AND NOT "soak" IN_LIST words
     AND NOT name MATCHES "^(pattern|obs|scope)/")
    set_property(GLOBAL APPEND PROPERTY RUNNEL_QEMU_TESTS "${target}")
  endif()

  set(timeout ${RUNNEL_TEST_TIMEOUT})
  set(environment ${RUNNEL_TEST_ENVIRONMENT})
  foreach(word IN LISTS words)
    if(word MATCHES "^timeout=(.*)$")
      set(seconds ${CMAKE_MATCH_1})
      if(RUNNEL_SANITIZE)
        math(EXPR seconds "${seconds} * 5")
      endif()
      list(APPEND environment "KIT_TIMEOUT_SECONDS=${seconds}")
      if(seconds GREATER timeout)
        set(timeout ${seconds})
      endif()
    endif()
  endforeach()
  if(RUNNEL_SANITIZE AND NOT environment MATCHES "KIT_TIMEOUT_SECONDS")
    list(APPEND environment "KIT_TIMEOUT_SECONDS=150")
  endif()
  if(RUNNEL_SANITIZE STREQUAL "thread") # else every exit with a helper thread takes a second
    list(APPEND environment "TSAN_OPTIONS=atexit_sleep_ms=0:$ENV{TSAN_OPTIONS}")
  endif()
  # The kit's own limit names the test that hangs, so it should strike first.
  math(EXPR timeout "${timeout} + 5")

  set(configurations "")
  if("soak" IN_LIST words)
    set(configurations CONFIGURATIONS Soak) # ctest -C Soak
  endif()
  if("once" IN_LIST words)
    set(variants "-")
  else()
    set(variants ${RUNNEL_TEST_WORKERS})
  endif()
  foreach(workers IN LISTS variants)
    set(test "${name}@${workers}")
    set(variables ${environment} "RUNNEL_WORKERS=${workers}")
    if(workers STREQUAL "-")
      set(test "${name}")
      set(variables ${environment})
    endif()
    add_test(NAME ${test} COMMAND ${target} ${configurations})
    set_tests_properties(${test} PROPERTIES TIMEOUT ${timeout} ENVIRONMENT "${variables}"
                                            LABELS kit)
    if("serial" IN_LIST words)
      set_tests_properties(${test} PROPERTIES RUN_SERIAL ON)
    endif()
  endforeach()
endfunction()

file(GLOB room_tests RELATIVE "${PROJECT_SOURCE_DIR}/src" CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/src/*/*_test.c")
foreach(file IN LISTS room_tests)
  string(REGEX REPLACE "_test\\.c$" "" name "${file}")
  runnel_kit_test("${PROJECT_SOURCE_DIR}/src/${file}" "${name}")
endforeach()

file(GLOB_RECURSE other_tests RELATIVE "${PROJECT_SOURCE_DIR}/tests" CONFIGURE_DEPENDS
     "${PROJECT_SOURCE_DIR}/tests/*_test.c")
list(FILTER other_tests EXCLUDE REGEX "^compile-fail/")
foreach(file IN LISTS other_tests)
  string(REGEX REPLACE "_test\\.c$" "" name "${file}")
  runnel_kit_test("${PROJECT_SOURCE_DIR}/tests/${file}" "${name}")
endforeach()

# The names of the executables that the emulator can run, one a line, for tools/cross-test.sh.
get_property(qemu_tests GLOBAL PROPERTY RUNNEL_QEMU_TESTS)
string(REPLACE ";" "\n" qemu_tests "${qemu_tests}")
file(WRITE "${PROJECT_BINARY_DIR}/tests/qemu.list" "${qemu_tests}\n")

# What does not run the library need not be repeated under each sanitizer, nor for another CPU.
if(NOT RUNNEL_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  include("${PROJECT_SOURCE_DIR}/cmake/checks.cmake")
endif()
