# SPDX-License-Identifier: MIT
# How everything in this repository is compiled: the library, the tests, apps and examples alike.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON) # __typeof__
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")

if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 11)
  message(FATAL_ERROR "runnel needs gcc 11 or later; this is ${CMAKE_C_COMPILER_VERSION}")
elseif(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND CMAKE_C_COMPILER_VERSION VERSION_LESS 14)
  message(FATAL_ERROR "runnel needs clang 14 or later; this is ${CMAKE_C_COMPILER_VERSION}")
endif()

# "Release with debug info". CMake's own RelWithDebInfo adds -DNDEBUG, which would drop the
# invariants' asserts from the build that the tests run; CMAKE_BUILD_TYPE=Release drops them.
if(RUNNEL_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, RelWithDebInfo or Release" FORCE)
endif()
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")

add_compile_options(
  "$<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wpedantic;-Wcast-align;-Wshadow>"
  "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes>"
  # A frame larger than the guard zone must touch the guard, not jump over it.
  "$<$<COMPILE_LANGUAGE:C>:-fstack-clash-protection>")
option(RUNNEL_WERROR "Take the compiler's warnings for errors" OFF)
if(RUNNEL_WERROR)
  add_compile_options("$<$<COMPILE_LANGUAGE:C>:-Werror>")
endif()

# Against what an attacker makes of a mistake. Where a hot path would pay, library.cmake takes some
# away; tests/hardened.sh looks at what came out. Not taken: -ftrivial-auto-var-init=zero and
# -fzero-call-used-regs, which cost on every call; control flow protection of returns, because the
# switch would have to switch shadow stacks, and there is no CPU here to test that on.
# Sanitizers' own checks are stronger, and fortified calls hide from them.
if(NOT RUNNEL_SANITIZE AND NOT RUNNEL_FUZZ AND NOT CMAKE_C_FLAGS MATCHES "-fsanitize")
  add_compile_options("$<$<COMPILE_LANGUAGE:C>:-fstack-protector-strong>")
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT CMAKE_C_FLAGS MATCHES "_FORTIFY_SOURCE")
    add_compile_options("$<$<COMPILE_LANGUAGE:C>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>")
  endif()
  add_link_options(-Wl,-z,relro,-z,now,-z,noexecstack)
endif()
# Frame pointers stay off: the register is worth more to the switch than to perf, which unwinds
# with --call-graph dwarf. The sanitizer builds below have them.

if(RUNNEL_SANITIZE)
  if(NOT RUNNEL_SANITIZE MATCHES "^(address|thread|undefined|memory)$")
    message(FATAL_ERROR "RUNNEL_SANITIZE is address, thread, undefined or memory")
  endif()
  # Defines nothing: the code asks __has_feature and __SANITIZE_*, so a user's build works too.
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g")
  add_compile_options(-fsanitize=${RUNNEL_SANITIZE} -fno-omit-frame-pointer
                      -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RUNNEL_SANITIZE})
  if(RUNNEL_SANITIZE STREQUAL "memory")
    add_compile_options(-fsanitize-memory-track-origins)
  endif()
endif()

if(RUNNEL_FUZZ)
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g")
  set(fuzz_flags -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_compile_options(${fuzz_flags} -fsanitize=fuzzer-no-link)
  add_link_options(${fuzz_flags})
endif()

option(RUNNEL_COVERAGE "Count what runs, also each condition of a decision (clang 18 or later)" OFF)
if(RUNNEL_COVERAGE)
  set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g")
  add_compile_options("$<$<COMPILE_LANGUAGE:C>:-fprofile-instr-generate;-fcoverage-mapping>"
                      "$<$<COMPILE_LANGUAGE:C>:-fcoverage-mcdc>")
  add_link_options(-fprofile-instr-generate -Wl,--wrap=_exit -Wl,--build-id=sha1)
endif()

if(RUNNEL_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(LANGUAGES C)
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
