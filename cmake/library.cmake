# SPDX-License-Identifier: MIT
# librunnel: every src/<room>/*.c but the tests, compiled once and linked twice. Users say
# runnel::runnel (the static library), runnel::static or runnel::shared, in this build and with
# find_package(runnel) alike.

set(THREADS_PREFER_PTHREAD_FLAG OFF)
find_package(Threads REQUIRED)

file(GLOB RUNNEL_SOURCES CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/*/*.c")
list(FILTER RUNNEL_SOURCES EXCLUDE REGEX "_test\\.c$")

# One context switch per CPU: src/arch/<cpu>.S (and <cpu>.c where it has one), else portable.c.
set(arch "${PROJECT_SOURCE_DIR}/src/arch")
string(TOLOWER "${CMAKE_SYSTEM_PROCESSOR}" cpu)
if(cpu MATCHES "^(x86_64|amd64)$")
  set(cpu x86_64)
elseif(cpu MATCHES "^(aarch64|arm64)$")
  set(cpu aarch64)
endif()
list(FILTER RUNNEL_SOURCES EXCLUDE REGEX "/src/arch/(x86_64|aarch64|riscv64|portable)\\.c$")
if(EXISTS "${arch}/${cpu}.S" AND NOT RUNNEL_PORTABLE_SWITCH)
  list(APPEND RUNNEL_SOURCES "${arch}/${cpu}.S")
  if(EXISTS "${arch}/${cpu}.c")
    list(APPEND RUNNEL_SOURCES "${arch}/${cpu}.c")
  endif()
elseif(EXISTS "${arch}/portable.c")
  list(APPEND RUNNEL_SOURCES "${arch}/portable.c")
  set(portable_switch ON)
endif()

if(NOT RUNNEL_SOURCES)
  message(STATUS "runnel: src/ is empty, no library")
  return()
endif()

if(RUNNEL_COVERAGE)
  list(APPEND RUNNEL_SOURCES "${PROJECT_SOURCE_DIR}/tools/coverage_exit.c")
endif()
add_library(runnel_objects OBJECT ${RUNNEL_SOURCES})
target_include_directories(runnel_objects PUBLIC "${PROJECT_SOURCE_DIR}/include"
                                          PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(runnel_objects PUBLIC Threads::Threads)
set_target_properties(runnel_objects PROPERTIES POSITION_INDEPENDENT_CODE ON
                                                C_VISIBILITY_PRESET hidden)
target_compile_options(
  runnel_objects
  PRIVATE
    # One relocated load instead of a call for each thread-local in the shared library. The block
    # is small, so dlopen still finds room for it; in the static library the linker does better.
    -ftls-model=initial-exec
    # Our own calls of our public functions go straight there, also in the shared library.
    -fno-semantic-interposition)
if(cpu STREQUAL "x86_64")
  # Marks the targets of the jmp-ended switch for indirect branch tracking. Not =return: a shadow
  # stack would have to be switched too.
  target_compile_options(runnel_objects PRIVATE -fcf-protection=branch)
endif()
if(NOT RUNNEL_SANITIZE)
  # A canary would cost each select and spawn some instructions. What it would guard there are
  # addresses of single locals, no arrays.
  set_source_files_properties("${PROJECT_SOURCE_DIR}/src/sync/select.c"
                              "${PROJECT_SOURCE_DIR}/src/sync/select_quick.c"
                              "${PROJECT_SOURCE_DIR}/src/core/spawn.c"
                              PROPERTIES COMPILE_OPTIONS "-fno-stack-protector")
endif()
if(portable_switch)
  # Headers in src/arch inline part of the fast switch and must know that it is not there.
  target_compile_definitions(runnel_objects PUBLIC RUNNEL_PORTABLE_SWITCH=1)
endif()

add_library(runnel_static STATIC $<TARGET_OBJECTS:runnel_objects>)
add_library(runnel_shared SHARED $<TARGET_OBJECTS:runnel_objects>)
set_target_properties(runnel_static runnel_shared PROPERTIES
  OUTPUT_NAME runnel
  LINKER_LANGUAGE C
  ARCHIVE_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib"
  LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set_target_properties(runnel_shared PROPERTIES SOVERSION 0 VERSION ${PROJECT_VERSION})
foreach(library static shared)
  target_include_directories(runnel_${library} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(runnel_${library} PUBLIC Threads::Threads)
  # Users too: a stack guard catches only what cannot step over it (runnel.pc.in says the same).
  target_compile_options(runnel_${library} INTERFACE
    "$<$<COMPILE_LANGUAGE:C,CXX>:-fstack-clash-protection>")
  # And a tiny stack has no room for the dynamic linker.
  target_link_options(runnel_${library} INTERFACE -Wl,-z,now)
  set_target_properties(runnel_${library} PROPERTIES EXPORT_NAME ${library})
  add_library(runnel::${library} ALIAS runnel_${library})
endforeach()
add_library(runnel::runnel ALIAS runnel_static)
if(NOT RUNNEL_SANITIZE)
  # A missing symbol is our mistake, found here and not by the user's loader. (The sanitizers'
  # own symbols are only in the executable.)
  target_link_options(runnel_shared PRIVATE -Wl,-z,defs)
endif()
# The scheduler, of whose locks TSan must not know (src/base/san.h tells why); src/os is called on
# behalf of many tasks.
set(src "${PROJECT_SOURCE_DIR}/src")
file(GLOB scheduler_sources "${src}/core/*.c" "${src}/arch/*.c" "${src}/os/*.c" "${src}/obs/*.c")
list(FILTER scheduler_sources EXCLUDE REGEX "_test\\.c$")
set_property(SOURCE ${scheduler_sources} APPEND PROPERTY COMPILE_OPTIONS "-DRNI_SCHEDULER=1")
if(RUNNEL_SANITIZE STREQUAL "memory")
  # The check for leaks reads stacks and registers as they are, and asks the kernel past libc.
  file(GLOB leak_check "${PROJECT_SOURCE_DIR}/src/obs/*.c" "${PROJECT_SOURCE_DIR}/src/os/*.c")
  list(FILTER leak_check INCLUDE REGEX
       "/(leaks|survey|nodes|reach|suspect|spans|linux_(stop|maps|kept|folder))\\.c$")
  set_property(SOURCE ${leak_check} APPEND PROPERTY COMPILE_OPTIONS "-fno-sanitize=memory")
endif()
if(RUNNEL_SANITIZE STREQUAL "thread")
  # The slow half of a lock whose fast half is inlined everywhere.
  list(FILTER scheduler_sources EXCLUDE REGEX "/core/lock\\.c$")
  set_property(SOURCE ${scheduler_sources} APPEND PROPERTY COMPILE_OPTIONS
               "-fno-sanitize=thread" "-DRUNNEL_SANITIZE_THREAD=1")
endif()
