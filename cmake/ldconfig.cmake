# SPDX-License-Identifier: MIT
# Runs at the end of an install, with RUNNEL_LIBDIR set to where the libraries are. The loader finds
# a new library in one of its folders only after ldconfig has seen it; that is done here if it can
# be, and else said. What is staged with DESTDIR is for another machine.

if(NOT "$ENV{DESTDIR}" STREQUAL "")
  return()
endif()
if(NOT IS_ABSOLUTE "${RUNNEL_LIBDIR}")
  set(RUNNEL_LIBDIR "${CMAKE_INSTALL_PREFIX}/${RUNNEL_LIBDIR}")
endif()
file(REAL_PATH "${RUNNEL_LIBDIR}" libdir)
find_program(RUNNEL_LDCONFIG ldconfig PATHS /sbin /usr/sbin)
if(NOT RUNNEL_LDCONFIG)
  return() # a loader of another kind, such as musl's, which looks into its folders each time
endif()

# Asked for its folders (-N and -X: and to change nothing) it prints "/usr/local/lib: (from ...)".
execute_process(COMMAND "${RUNNEL_LDCONFIG}" -N -X -v OUTPUT_VARIABLE printed ERROR_QUIET)
string(REGEX MATCHALL "(^|\n)/[^:\n]*" folders "${printed}")
foreach(folder IN LISTS folders)
  string(STRIP "${folder}" folder)
  file(REAL_PATH "${folder}" folder)
  if(folder STREQUAL libdir)
    execute_process(COMMAND "${RUNNEL_LDCONFIG}" RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    if(NOT result EQUAL 0)
      message(STATUS "Programs find librunnel.so.0 once root has run ldconfig.")
    endif()
    return()
  endif()
endforeach()
message(STATUS "The loader does not look into ${RUNNEL_LIBDIR}: link with "
               "-Wl,-rpath,${RUNNEL_LIBDIR} or with librunnel.a (README.md, Using it).")
